#!/usr/bin/env python3
"""The kernel tested from the inside, in Bochs, which has VT-x and keeps to the manuals more closely."""

import support
from support import suite


def main():
    with support.Plan() as tap:
        for emulator in support.emulators("bochs"):
            suite.run(tap, emulator, 1, churn=300, fuzz=40000, switches=300)
            suite.run(tap, emulator, 2, churn=100, fuzz=20000, switches=100)


main()
