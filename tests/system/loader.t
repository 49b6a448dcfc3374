#!/usr/bin/env python3
"""What the loader says when it cannot start the kernel: the file, the reason, the remedy."""

import struct

import support
from support.images import KERNEL

E_MACHINE = 18  # offset in the ELF header
EM_AARCH64 = 183


def read_kernel():
    with open(KERNEL, "rb") as file:
        return file.read()


def other_machine(kernel):
    return kernel[:E_MACHINE] + struct.pack("<H", EM_AARCH64) + kernel[E_MACHINE + 2 :]


# name, arguments of the image, what the message says
CASES = (
    (
        "no kernel",
        lambda _: {"remove": ["bulkhead.elf"]},
        r"\\bulkhead\.elf is not on the boot volume",
    ),
    ("empty kernel", lambda _: {"kernel": b""}, r"\\bulkhead\.elf "),
    ("header cut off", lambda k: {"kernel": k[:40]}, r"\\bulkhead\.elf "),
    ("kernel truncated", lambda k: {"kernel": k[: len(k) // 2]}, r"\\bulkhead\.elf "),
    ("not ELF", lambda k: {"kernel": b"MZ" + k[2:]}, r"\\bulkhead\.elf is not an ELF file"),
    ("another machine", lambda k: {"kernel": other_machine(k)}, r"\\bulkhead\.elf "),
)


def run(tap, emulator, name, arguments, message):
    with support.Image("loader", conf="", **arguments) as image:
        with support.Board(tap, emulator, image) as board:
            tap.ok(
                board.expect(rf"^bulkhead: .*{message}"),
                f"{emulator}: {name}: the message names the file",
            )
            tap.ok(board.expect(r"^bulkhead: remedy: \w+"), f"{emulator}: {name}: and a remedy")
            tap.ok(
                board.expect(r"^bulkhead: not started; back to the firmware"),
                f"{emulator}: {name}: back to the firmware",
            )


def main():
    with support.Plan() as tap:
        kernel = read_kernel()
        for emulator in support.emulators("qemu", "bochs"):
            # The messages are the same; Bochs' firmware takes four times as long.
            for name, arguments, message in CASES if emulator == "qemu" else CASES[:1]:
                run(tap, emulator, name, arguments(kernel), message)


main()
