#!/usr/bin/env python3
"""Every rule of VM entries broken in a real VMCS: entry check and processor agree."""

import os
import re

import support
from support import images

KERNEL = os.path.join(images.BUILD, "tests", "entry_selftest.elf")


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x")
        with support.Image("vmx-entry", conf="", kernel=KERNEL) as image:
            with support.Board(tap, "bochs", image, memory=256) as board:
                board.collect("entry")
                said = re.search(
                    r"^bulkhead: partition .*: vCPU 0 is not entered, by rule 3230 of 27\.3\.1\.2 "
                    r'"Checks on Guest Segment Registers": GUEST_CS_RIGHTS \(4816h\) = a09ah: type',
                    board.text,
                    re.MULTILINE,
                )
                tap.ok(said, "the log has the field, its value and the rule")
                tap.equal(board.wait_end(), 0, "it ends well")


main()
