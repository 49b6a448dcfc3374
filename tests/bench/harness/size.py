"""What the kernel weighs: text and data of its ELF."""

import os
import struct

from . import machine
from .figures import Result

KERNEL = os.path.join(machine.BUILD, "kernel", "bulkhead.elf")
SECTION_NOBITS = 8
FLAG_WRITE, FLAG_ALLOCATED = 1, 2


def sections(path):
    """(type, flags, size) of each section (System V ABI, "Sections")."""
    with open(path, "rb") as file:
        data = file.read()
    (offset,) = struct.unpack_from("<Q", data, 40)
    entry, count = struct.unpack_from("<HH", data, 58)
    for index in range(count):
        _, kind, flags, _, _, size = struct.unpack_from("<IIQQQQ", data, offset + index * entry)
        yield kind, flags, size


def measure():
    loaded = [row for row in sections(KERNEL) if row[1] & FLAG_ALLOCATED]
    constant = sum(size for kind, flags, size in loaded if kind != SECTION_NOBITS and not flags & FLAG_WRITE)
    data = sum(size for kind, flags, size in loaded if kind != SECTION_NOBITS and flags & FLAG_WRITE)
    zeroed = sum(size for kind, _, size in loaded if kind == SECTION_NOBITS)
    notes = (f"text and constants: {constant:,}", f"data: {data:,}", f"zeroed, not counted: {zeroed:,}")
    return {"size.kernel": Result(constant + data, constant + data, {}, notes)}
