#!/usr/bin/env python3
"""The kernel tested from the inside, in QEMU with 1, 2 and 4 CPUs."""

import support
from support import suite


def main():
    with support.Plan() as tap:
        for emulator in support.emulators("qemu"):
            suite.run(tap, emulator, 1, churn=1200, fuzz=200000)
            # What a CPU asks of another waits for the host's scheduler here: fewer rounds.
            suite.run(tap, emulator, 2, churn=300, fuzz=100000)
            suite.run(tap, emulator, 4, churn=100, fuzz=60000, switches=300)


main()
