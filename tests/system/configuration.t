#!/usr/bin/env python3
"""Mistakes in bulkhead.conf: each is reported with its line, and Bulkhead starts all the same."""

import support
from support import BULKHEAD_PROMPT

# line, pattern of the message (None: this line is right)
LINES = (
    ("[system]", None),
    ("when-empty = prompt", None),
    ("", None),
    ("[machine a]", None),
    ("kernel = vmlinx", "no such file"),
    ("memmory = 64M", "did you mean memory"),
    ("memory = 99999999999999999999M", "allowed"),
    ("[machine b]", None),
    ("kernel = vmlinux", None),
    ("memory = 900G", "free"),
    ("[machine b]", "already"),
    ("[machine c]", None),
    ("kernel = vmlinux", None),
    ("cpus = 0", "allowed"),
    ("memory = 0", "allowed"),
    ("restart = sometimes", "allowed are"),
    ("nonsense", "neither"),
    ("[orchestra x]", "no section"),
)


def main():
    with support.Plan() as tap:
        conf = "".join(line + "\n" for line, _ in LINES)
        for emulator in support.emulators("qemu"):
            with support.small_image("configuration", conf) as image, support.Board(
                tap, emulator, image
            ) as board:
                board.expect("^bulkhead: Ctrl-A h")
                board.send("\n")
                tap.ok(board.expect(BULKHEAD_PROMPT), "Bulkhead starts")
                for number, (line, pattern) in enumerate(LINES, 1):
                    said = [
                        text
                        for text in board.text.splitlines()
                        if f"bulkhead.conf:{number}: " in text
                    ]
                    if pattern is None:
                        tap.equal(said, [], f"line {number} is right: {line}")
                    else:
                        tap.contains("\n".join(said), pattern, f"line {number}: {line}")
                board.send("shutdown\n")
                tap.ok(board.wait_end() in (0, 1), "shutdown turns the computer off")


main()
