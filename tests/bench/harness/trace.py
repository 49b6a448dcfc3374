"""Every instruction of an operation, as Bochs' debugger executes it, with the names of functions.

The bench guest does each operation once more between two markers (XCHG BX, BX), at which the debugger
stops when magic_break is on. Its command file then switches tracing on, and off again.
"""

import bisect
import os
import re
import subprocess

from . import machine

OPERATION_LIMIT = 16  # tests/bench/guest/main.c
CONFIGURATION = ("magic_break: enabled=1",)
COMMANDS = ("c", "trace on", "c", "trace off") * OPERATION_LIMIT

# (0).[345] [0x000000200da0] 0010:0000000000200da0 (unk. ctxt): push rbx                  ; 53
LINE = re.compile(r"^\(\d+\)\.\[(\d+)\] \[0x[0-9a-f]+\] [0-9a-f]+:([0-9a-f]+) \([^)]*\): (.*?)\s*; [0-9a-f]+$")
ON, OFF = "Tracing enabled", "Tracing disabled"

# Behind it, code is only in each CPU's own block: the first instructions of a system call.
KERNEL_TEXT_END = "kernel_text_end"
KERNEL_BASE = 0xffffffff80000000
PROGRAM_BASE = 0x400000
GUEST_BASE = 0x200000

# What is dear on real processors and one instruction here.
EXPENSIVE = {
    "vmread": re.compile(r"vmread\b"),
    "vmwrite": re.compile(r"vmwrite\b"),
    "wrmsr": re.compile(r"wrmsr\b"),
    "cr3": re.compile(r"mov cr3\b"),
    "invept": re.compile(r"(invept|invvpid|invpcid)\b"),
    "xsave": re.compile(r"(xsave|xrstor)"),
}
SET_ECX = re.compile(r"(?:mov|xor) ecx, (.*)")
ICR = 0x830


class Step:
    def __init__(self, tick, address, text):
        self.tick, self.address, self.text = tick, address, text

    @property
    def is_guest(self):
        return GUEST_BASE <= self.address < PROGRAM_BASE


def read(output, ids):
    """The steps of each operation; `ids` are in the order of the markers."""
    traces, steps, names = {}, None, iter(ids)
    for line in output.splitlines():
        if line.startswith(ON):
            steps = []
        elif line.startswith(OFF) and steps is not None:
            name = next(names, None)
            if name is not None:
                traces[name] = steps
            steps = None
        elif steps is not None:
            match = LINE.match(line)
            if match:
                steps.append(Step(int(match.group(1)), int(match.group(2), 16), match.group(3)))
    return traces


def expensive(steps):
    """How many of each dear instruction the hypervisor executes."""
    counts = dict.fromkeys((*EXPENSIVE, "ipi"), 0)
    ecx = None
    for step in steps:
        if step.is_guest:
            continue
        loaded = SET_ECX.match(step.text)
        if loaded:
            ecx = int(loaded.group(1), 16) if loaded.group(1).startswith("0x") else None
        for kind, pattern in EXPENSIVE.items():
            counts[kind] += bool(pattern.match(step.text))
        counts["ipi"] += step.text.startswith("wrmsr") and ecx == ICR
    return counts


class Symbols:
    """Which function an address lies in."""

    def __init__(self, path):
        text = subprocess.run(["nm", "-n", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        rows = [line.split() for line in text.splitlines()]
        rows = [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tTwW"]
        self.addresses, self.names = [row[0] for row in rows], [row[1] for row in rows]

    def name(self, address):
        if self.names[-1] == KERNEL_TEXT_END and address >= self.addresses[-1]:
            return "(system-call entry of this CPU)"
        at = bisect.bisect_right(self.addresses, address) - 1
        return f"{self.names[at]}+{address - self.addresses[at]:#x}" if at >= 0 else f"{address:#x}"


def describe(steps):
    """The trace as text: place, function, instruction; and how much was spent where.

    All programs are linked at one address: what is called vmm here may be the manager.
    """
    elf = {"kernel": os.path.join(machine.BUILD, "kernel", "bulkhead.elf"),
           "vmm": os.path.join(machine.BUILD, "guests", "vmm.elf"),
           "guest": os.path.join(machine.WORK, "guest.elf")}
    symbols = {place: Symbols(path) for place, path in elf.items()}
    lines, spent = [], {}
    for step in steps:
        place = "kernel" if step.address >= KERNEL_BASE else "guest" if step.is_guest else "vmm"
        name = symbols[place].name(step.address)
        function = f"{place} {name.split('+')[0]}"
        spent[function] = spent.get(function, 0) + 1
        lines.append(f"{step.tick} {place:6} {name:40} {step.text}")
    if steps:
        lines += ["", f"{len(steps)} instructions, {steps[-1].tick - steps[0].tick} ticks"]
    lines += [f"{count:6} {function}" for function, count in sorted(spent.items(), key=lambda row: -row[1])]
    lines += [f"{count:6} {kind}" for kind, count in expensive(steps).items()]
    return "\n".join(lines) + "\n"
