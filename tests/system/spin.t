#!/usr/bin/env python3
"""A guest that spins with interrupts off, on the one CPU that everything shares: Bulkhead's prompt
answers all the same, the guest can be paused, and it can be stopped."""

import struct

import support
from support import BULKHEAD_PROMPT, TO_PROMPT, images

CONF = """\
[machine spin]
kernel = spin
memory = 32M
"""

ENTRY = 0x200000
CODE = b"\xfa\xeb\xfe"  # CLI; JMP to itself


def spin_elf():
    """An ELF file of one segment, entered as Linux' ELF is: in 64-bit mode."""
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        2,  # executable
        62,  # x86-64
        1,
        ENTRY,
        64,
        0,
        0,
        64,
        56,
        1,
        0,
        0,
        0,
    )
    segment = struct.pack(
        "<IIQQQQQQ", 1, 5, 0x1000, ENTRY, ENTRY, len(CODE), len(CODE), 0x1000
    )
    return (header + segment).ljust(0x1000, b"\0") + CODE


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x")
        files = {**images.PROGRAMS, "spin": spin_elf()}
        with support.Image("spin", CONF, files=files) as image, support.Board(
            tap, "bochs", image
        ) as board:
            tap.ok(board.expect("guest entered"), "the guest runs")
            board.send(TO_PROMPT)
            tap.ok(board.expect(BULKHEAD_PROMPT), "the prompt answers beside it")
            tap.contains(board.command("list", BULKHEAD_PROMPT), "running", "list: it spins")
            stats = board.command("stats spin", BULKHEAD_PROMPT)
            tap.contains(stats, "preemption timer expired", "stats: only time ends its stays")
            tap.contains(
                board.command("pause spin", BULKHEAD_PROMPT), "is paused", "it can be paused"
            )
            board.send("stop spin now\n")
            tap.equal(board.wait_end(), 0, "it can be stopped, and the run ends with status 0")


main()
