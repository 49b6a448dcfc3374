#!/usr/bin/env python3
"""Small kernels, entered by multiboot (an ELF, and a flat file with addresses in its header) and by
PVH, find their modules, memory map and command line, use a device with every kind of instruction,
and leave a number through the debug-exit port."""

import os

import support
from support import BULKHEAD_PROMPT, images

GUESTS = os.path.join(images.BUILD, "tests", "guests")
FILES = {
    "multiboot.elf": os.path.join(GUESTS, "multiboot.elf"),
    "flat.bin": os.path.join(GUESTS, "flat.bin"),
    "pvh.elf": os.path.join(GUESTS, "pvh.elf"),
    "first": b"a module\n" * 1000,
    "second": bytes(range(256)) * 16,
}

# Each waits for a key before it reports.
CONF = """\
[machine multiboot]
kernel = multiboot.elf
cmdline = one two=2
modules = first with arguments, second
memory = 32M
debug-exit = on

[machine flat]
kernel = flat.bin
cmdline = one two=2
modules = first with arguments, second
memory = 32M
debug-exit = on

[machine pvh]
kernel = pvh.elf
cmdline = one two=2
modules = second
initrd = first
memory = 32M
debug-exit = on

[machine liar]
kernel = flat.bin
boot = pvh
memory = 32M
"""

MEMORY = ("0 of 9fc00, type 1", "9fc00 of 60400, type 2", "100000 of 1f00000, type 1")

# name, command line as it is found, modules as they are found, exit code
KERNELS = (
    (
        "multiboot",
        "multiboot.elf one two=2",
        (("first with arguments", "first"), ("second", "second")),
        33,
    ),
    ("flat", "flat.bin one two=2", (("first with arguments", "first"), ("second", "second")), 35),
    ("pvh", "one two=2", (("first", "first"), ("second", "second")), 37),
)


def report(board, tap, name, command_line, modules, code):
    """What the kernel in front prints, and its end."""
    start = board.at
    board.send("g")
    board.collect(name)
    left = board.expect(rf"^bulkhead: machine {name}: exit code (\d+)\r*\n").group(1)
    tap.equal(int(left), code, f"{name}: exit code")
    said = board.text[start : board.at]
    tap.contains(said, f"{name}: command line '{command_line}'", f"{name}: command line")
    for text, module in modules:
        content = FILES[module]
        tap.contains(
            said,
            f"{name}: module '{text}' of {len(content)} bytes, sum {sum(content)}",
            f"{name}: module {module}",
        )
    for line in MEMORY:
        tap.contains(said, f"{name}: memory {line}", f"{name}: memory {line}")


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x")
        with support.Image(
            "multiboot", CONF, files={**images.PROGRAMS, **FILES}
        ) as image, support.Board(tap, "bochs", image) as board:
            tap.ok(
                board.expect("liar: flat.bin: not an ELF file, which PVH needs"),
                "a file that cannot be entered as it should: one line says why",
            )
            board.expect("^bulkhead: machine liar: ended with error 1")
            for kernel in KERNELS[:-1]:
                report(board, tap, *kernel)
                board.send("\n")
                board.expect(BULKHEAD_PROMPT)
                following = KERNELS[KERNELS.index(kernel) + 1][0]
                board.send(f"console {following}\n")
                answer = board.expect(rf"console of machine {following}|machine {following} is \w+")
                tap.contains(answer.group(), "console of", f"{following} waits for its key")
            report(board, tap, *KERNELS[-1])
            tap.equal(board.wait_end(), 1, "a machine has failed: status 1")


main()
