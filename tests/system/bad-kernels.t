#!/usr/bin/env python3
"""Kernel images that are damaged or lie: each machine says what is wrong, the good one among
them runs."""

import os
import struct

import support
from support import images

GOOD = """\
[machine good]
kernel = vmlinux
initrd = initramfs
cmdline = console=ttyS0,115200 quiet
memory = 128M
"""
VMLINUZ = os.path.join(images.BUILD, "guests", "linux", "vmlinuz")


def read(path, size=-1):
    with open(path, "rb") as file:
        return file.read(size)


def patched(data, offset, fmt, value):
    result = bytearray(data)
    struct.pack_into(fmt, result, offset, value)
    return bytes(result)


def small_elf():
    """An ELF kernel of one page that loads at 1 MiB and halts."""
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01", 2, 62, 1, 0x100000, 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    segment = struct.pack("<IIQQQQQQ", 1, 5, 4096, 0x100000, 0x100000, 4096, 4096, 4096)
    return (header + segment).ljust(4096, b"\0") + b"\xf4\xeb\xfd".ljust(4096, b"\0")


def bad_kernels():
    """name -> (file, what the message has)"""
    elf = small_elf()
    bzimage = read(VMLINUZ, 65536)
    entry, phoff, phnum = 24, 32, 56  # offsets in the ELF header
    filesz, memsz, paddr = 64 + 32, 64 + 40, 64 + 24  # of the program header
    return {
        "text": (b"#!/bin/sh\n" * 100, "not a kernel"),
        "elf-cut": (elf[:6000], "truncated"),
        "elf-header-cut": (elf[:40], "truncated"),
        "elf-machine": (patched(elf, 18, "<H", 183), "another processor"),
        "elf-phoff": (patched(elf, phoff, "<Q", 1 << 60), "truncated"),
        "elf-phnum": (patched(elf, phnum, "<H", 0xFFFF), "program headers"),
        "elf-filesz": (patched(elf, filesz, "<Q", (1 << 64) - 4096), "segment"),
        "elf-memsz": (patched(elf, memsz, "<Q", 1 << 40), "larger than memory"),
        "elf-paddr": (patched(elf, paddr, "<Q", 0), "1 MiB or above"),
        "elf-entry": (patched(elf, entry, "<Q", 0x500), "in no segment"),
        "bz-cut": (bzimage[:32768], "truncated"),
        "bz-header-cut": (bzimage[:0x210], "truncated"),
        "bz-32": (patched(bzimage, 0x236, "<H", 0), "32-bit"),
        "bz-old": (patched(bzimage, 0x206, "<H", 0x0204), "boot protocol"),
        "bz-low": (patched(bzimage, 0x211, "<B", 0), "zImage"),
    }


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x")
        bad = bad_kernels()
        conf = "".join(
            f"[machine {name}]\nkernel = {name}\nmemory = 64M\nconsole = none\n" for name in bad
        )
        conf += GOOD
        files = {name: content for name, (content, _) in bad.items()}
        with support.linux_image("bad-kernels", conf, files=files) as image:
            with support.Board(tap, "bochs", image, memory=2048) as board:
                tap.ok(board.expect(support.LINUX_PROMPT), "the good machine runs")
                for name, (_, reason) in bad.items():
                    said = [
                        line
                        for line in board.text.splitlines()
                        if line.startswith("bulkhead: ") and name in line
                    ]
                    tap.contains("\n".join(said), reason, f"{name}: says why not")
                    tap.ok(
                        any(
                            "ended" in line or "not started" in line or "fault" in line
                            for line in said
                        ),
                        f"{name}: has ended",
                    )
                board.send("poweroff\n")
                tap.equal(board.wait_end(), 1, "the run ends with status 1: machines have failed")


main()
