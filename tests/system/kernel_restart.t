#!/usr/bin/env python3
"""A manager that faults is started anew by the kernel, and finds the partitions that ran on."""

import support
from support import suite


def main():
    with support.Plan() as tap:
        for emulator in support.emulators("qemu"):
            for cpus in (1, 2):
                suite.run(tap, emulator, cpus, restart=1)


main()
