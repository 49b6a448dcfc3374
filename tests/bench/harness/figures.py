"""The figures: one row each. Peers were measured in the same emulator, with mitigations off."""

from typing import NamedTuple

# Bochs' time-stamp counter advances one per instruction. Natively, what can exit costs 1, and the three interrupts
# cost 10, 13 and 5.
TICKS = "instructions"


class Figure(NamedTuple):
    id: str
    what: str
    target: float | None = None
    peers: dict = {}
    unit: str = TICKS
    better: str = "less"


FIGURES = (
    Figure("exit.cpuid", "CPUID (leaf 0), exit and back", 150,
           {"BitVisor": 430, "NOVA": 572, "Xen": 816, "KVM": 980, "Hedron": 1159}),
    Figure("exit.rdmsr", "RDMSR (IA32_MISC_ENABLE) handled in the kernel", 160,
           {"BitVisor": 388, "Xen": 708, "KVM": 1084}),
    Figure("exit.vmcall", "VMCALL that does nothing", 130, {"BitVisor": 331, "Xen": 774, "KVM": 1015}),
    Figure("exit.eoi", "x2APIC EOI, nothing in service: no exit", 1, {"Xen": 0, "KVM": 1173}),
    Figure("exit.deadline", "write of the TSC-deadline MSR", 200, {"KVM": 799, "Xen": 884}),
    Figure("exit.out.vmm", "OUT to the UART's scratch register in the VMM", 450,
           {"NOVA": 568, "Hedron": 1153, "KVM": 3114, "Xen": 30550}),
    Figure("exit.mmio.vmm", "MMIO write to the I/O APIC in the VMM, decoded there", 1000,
           {"NOVA": 542, "KVM": 5375, "Xen": 46060}),
    Figure("mem.first_touch", "first touch of a page of guest memory: no exit", 1, {"BitVisor": 937, "KVM": 5255}),
    Figure("irq.self_ipi", "self-IPI, taken, end of interrupt", 17, {"Xen": 17, "KVM": 4096}),
    Figure("irq.hlt_pending", "self-IPI with interrupts off, STI, HLT, taken", 700, {"Xen": 1414, "KVM": 6735}),
    Figure("irq.deadline", "lateness of a deadline in a halted vCPU", 1500, {"Xen": 5982, "KVM": 6700}),
    Figure("boot.linux", "Debian's kernel, its entry to init's first instruction", 1.05, {"KVM": 1.115},
           "x native"),
    Figure("boot.linux.acpi", "the same with ACPI and PCI", 1.05, {}, "x native"),
    Figure("boot.handover", "UEFI's hand-over to the guest's first instruction"),
    Figure("size.kernel", "the kernel's text and data", 262144, {}, "bytes"),
)

# What is finished: one of these that is missing, or worse than the baseline, fails the bench. The others are
# shown as far as they work.
PROMISED = ("exit.cpuid", "exit.out.vmm", "boot.linux", "boot.handover", "size.kernel")

# From the ELF's entry to init natively in Bochs: 1 CPU, 256 MiB, the same command line.
LINUX_NATIVE = {"boot.linux": 1_435_000_000, "boot.linux.acpi": 1_479_000_000}

# How much worse than the baseline a figure may be: runs differ a little where time is involved.
TOLERANCE = 0.02


class Result(NamedTuple):
    value: float
    max: float
    expensive: dict = {}
    notes: tuple = ()  # lines for people


def passes(figure, value):
    if figure.target is None:
        return None
    return value <= figure.target if figure.better == "less" else value >= figure.target


def is_worse(figure, value, baseline):
    """Is `value` worse than the baseline by more than the tolerance?"""
    if figure.better == "less":
        return value > baseline * (1 + TOLERANCE)
    return value < baseline * (1 - TOLERANCE)
