#!/usr/bin/env python3
"""VT-x switched off by the firmware: the test loader locks IA32_FEATURE_CONTROL before the
kernel starts."""

import support
from support import BULKHEAD_PROMPT

CONF = """\
[system]
when-empty = prompt

[machine linux]
kernel = vmlinux
"""


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x to lock")
        with support.small_image("vtx-locked", CONF, cmdline="lock-vmx-off") as image:
            with support.Board(tap, "bochs", image, cpus=2) as board:
                tap.ok(
                    board.expect(r"^bulkhead: .*enable VT-x in the firmware set-up"),
                    "the remedy is on the console",
                )
                board.send("\n")
                tap.ok(board.expect(BULKHEAD_PROMPT), "the prompt is there all the same")
                tap.contains(
                    board.command("info", BULKHEAD_PROMPT), "enable VT-x", "info says it as well"
                )
                board.send("shutdown\n")
                tap.ok(board.wait_end() in (0, 1), "shutdown turns the computer off")


main()
