#!/usr/bin/env python3
"""The tools that make the Linux guest's files: bzImages of every compression and of every damage,
an ELF file that loads as before when flattened, an initramfs that is the same each time."""

import gzip
import hashlib
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile

import support
from support import images

TOOLS = os.path.join(images.ROOT, "guests", "linux")

# A kernel in miniature: one segment of code with zeros at its end, a note inside, a section that is
# not loaded.
ELF_SOURCE = """
.globl _start
.text
_start: nop
.section .note.test, "a", @note
.long 4, 4, 0x12
.asciz "Xen"
.long 0x1000
.data
.quad 1
.zero 100000
.bss
.zero 5000
.section .comment2
.zero 200000
"""


def tool(name, *arguments):
    done = subprocess.run(
        [os.path.join(TOOLS, name), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def make_elf(directory):
    source, elf = os.path.join(directory, "k.s"), os.path.join(directory, "k.elf")
    with open(source, "w", encoding="ascii") as file:
        file.write(ELF_SOURCE)
    subprocess.run(
        ["gcc", "-nostdlib", "-static", "-no-pie", "-Wl,-z,noexecstack", "-o", elf, source],
        check=True,
    )
    with open(elf, "rb") as file:
        return elf, file.read()


def bzimage(payload, version=0x20F, length=None):
    """A set-up header (Documentation/arch/x86/boot.rst) of two sectors, then the payload at
    offset 64."""
    header = bytearray(3 * 512)
    header[0x1F1] = 2
    struct.pack_into("<H", header, 0x1FE, 0xAA55)
    header[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", header, 0x206, version)
    struct.pack_into("<II", header, 0x248, 64, len(payload) if length is None else length)
    return bytes(header) + bytes(64) + payload


def packed(name, data):
    """As Linux' build does it: the size is appended, except that gzip ends with it anyway."""
    size = struct.pack("<I", len(data))
    if name == "gzip":
        return gzip.compress(data)
    if name == "xz":
        return lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32) + size
    if name == "lzma":
        return lzma.compress(data, format=lzma.FORMAT_ALONE) + size
    command = {"lz4": ["lz4", "-l", "-c"], "zstd": ["zstd", "-c"], "bzip2": ["bzip2", "-c"]}[name]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout + size


def extract_tests(tap, directory, kernel):
    source, target = os.path.join(directory, "bzImage"), os.path.join(directory, "vmlinux")

    def extract(image):
        if os.path.exists(target):
            os.unlink(target)
        with open(source, "wb") as file:
            file.write(image)
        return tool("extract-vmlinux", source, target)

    for name in ("xz", "gzip", "lzma", "lz4", "zstd", "bzip2"):
        if name in ("lz4", "zstd", "bzip2") and shutil.which(name) is None:
            tap.skip(f"extract: {name}", f"{name} is not installed")
            continue
        status, text = extract(bzimage(packed(name, kernel)))
        if tap.equal(status, 0, f"extract: {name}"):
            with open(target, "rb") as file:
                tap.ok(file.read() == kernel, f"extract: {name}: the same bytes")
        else:
            tap.diag(text)

    whole = bzimage(packed("xz", kernel))
    damaged = bytearray(whole)
    damaged[(1600 + len(damaged)) // 2] ^= 0xFF  # in the middle of the payload
    for name, image, reason in (
        ("an empty file", b"", "too short"),
        ("another file", bytes(4096), "not a bzImage"),
        ("an old protocol", bzimage(b"x" * 100, version=0x207), "2.07"),
        ("a truncated file", whole[:-100], "truncated"),
        ("a length that lies", bzimage(packed("xz", kernel), length=0xFFFFFFFF), "truncated"),
        ("damaged data", bytes(damaged), "xz"),
        ("an unknown compression", bzimage(b"?" * 100), "unknown compression"),
        ("something else inside", bzimage(packed("xz", b"#!/bin/sh" * 10)), "not an ELF"),
        (
            "a kernel for another machine",
            bzimage(packed("xz", kernel[:18] + b"\x03\0" + kernel[20:])),
            "x86-64",
        ),
    ):
        status, text = extract(image)
        tap.ok(
            status != 0 and reason in text and text.count("\n") == 1 and not os.path.exists(target),
            f"extract: {name} is refused in one line",
        )


def program_headers(path):
    """(type, address, size in memory, SHA-256 of the memory) of each segment, by readelf's
    account."""
    text = subprocess.run(
        ["readelf", "-lW", path], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    with open(path, "rb") as file:
        data = file.read()
    rows = []
    for kind, offset, vaddr, paddr, filesz, memsz in re.findall(
        r"^ +(LOAD|NOTE) +0x(\w+) 0x(\w+) 0x(\w+) 0x(\w+) 0x(\w+)", text, re.MULTILINE
    ):
        start, size = int(offset, 16), int(filesz, 16)
        memory = data[start : start + size].ljust(int(memsz, 16), b"\0")
        rows.append((kind, vaddr, paddr, memsz, hashlib.sha256(memory).hexdigest()))
    return rows


def flatten_tests(tap, directory, elf):
    flat = os.path.join(directory, "flat")
    pairs = [("a small kernel", elf, flat)]
    debian = images.LINUX["vmlinux"]
    if os.path.exists(debian + ".elf"):
        pairs.append(("Debian's kernel", debian + ".elf", debian))
    else:
        tap.skip("flatten: Debian's kernel", "it is not built")
    status, text = tool("flatten-elf", elf, flat)
    tap.equal((status, text), (0, ""), "flatten: works")
    for name, before, after in pairs:
        rows = program_headers(before)
        tap.ok(any(row[0] == "NOTE" for row in rows), f"flatten: {name} has a note")
        tap.equal(
            program_headers(after), rows, f"flatten: {name}: every segment and note as before"
        )
        tap.ok(
            os.path.getsize(after) < 0.6 * os.path.getsize(before),
            f"flatten: {name}: is much smaller",
        )
    for name, data in (
        ("nothing", b""),
        ("text", b"x" * 1000),
        ("half a kernel", open(elf, "rb").read()[:4100]),
    ):
        bad = os.path.join(directory, "bad")
        with open(bad, "wb") as file:
            file.write(data)
        status, text = tool("flatten-elf", bad, flat)
        tap.ok(status != 0 and text.count("\n") == 1, f"flatten: {name} is refused in one line")


def initramfs_tests(tap, directory):
    results = []
    for _ in range(2):
        output = os.path.join(directory, "initramfs")
        status, text = tool(
            "make-initramfs",
            "--busybox",
            "/bin/busybox",
            "--root",
            os.path.join(TOOLS, "root"),
            output,
        )
        tap.equal((status, text), (0, ""), "initramfs: works")
        with open(output, "rb") as file:
            results.append(file.read())
    tap.ok(results[0] == results[1], "initramfs: the same bytes each time")
    listing = subprocess.run(
        ["cpio", "-tv", "--quiet"], input=results[0], stdout=subprocess.PIPE, check=True
    ).stdout.decode()
    for wanted in (
        r"^crw-------.* 5, +1 .*dev/console$",
        r"^-rwxr-xr-x .*bin/busybox$",
        r"^l.* init -> bin/busybox$",
        r"^-rwxr-xr-x .*etc/session$",
    ):
        tap.ok(
            re.search(wanted, listing, re.MULTILINE), f"initramfs: cpio lists {wanted.split()[-1]}"
        )


def main():
    with support.Plan() as tap:
        directory = tempfile.mkdtemp(prefix="linux-files-", dir=images.BUILD)
        try:
            elf, kernel = make_elf(directory)
            extract_tests(tap, directory, kernel)
            flatten_tests(tap, directory, elf)
            initramfs_tests(tap, directory)
        finally:
            shutil.rmtree(directory)


main()
