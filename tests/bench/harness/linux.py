"""How long Debian's kernel takes from its entry to the first instruction of its init."""

import os
import re

from . import figures, guest, machine

CONF = """\
[system]
when-empty = shutdown

[machine linux]
kernel = vmlinux
initrd = bench-init
cmdline = {}
memory = 256M
cpus = 1
"""
COMMAND_LINE = "console=ttyS0,115200 quiet mitigations=off nokaslr"
VARIANTS = {
    "boot.linux": COMMAND_LINE + " acpi=off pci=off",
    "boot.linux.acpi": COMMAND_LINE,
}
SECONDS = 900
FILES = {
    "vmlinux": os.path.join(machine.BUILD, "guests", "linux", "vmlinux"),
    "bench-init": os.path.join(machine.WORK, "initramfs.cpio"),
}
INIT = re.compile(r"bench: init (\d+)")


def measure(name):
    """(results by id, lines that say what failed)."""
    outcome = machine.boot(name, f"{name}: Debian's kernel to its init (about 60 s)",
                           CONF.format(VARIANTS[name]), {**machine.PROGRAMS, **FILES}, SECONDS)
    init, entry = INIT.search(outcome.text), guest.milestones(outcome.text, "linux")
    if not init or not entry:
        return {}, [f"{name}: no line of {'init' if not init else 'the VMM about its entry'}; "
                    f"logs in {os.path.relpath(outcome.directory)}"]
    ticks, native = int(init.group(1)) - entry[1], figures.LINUX_NATIVE[name]
    ratio = round(ticks / native, 4)
    return {name: figures.Result(ratio, ratio, {}, (f"{ticks:,} instructions, natively {native:,}",))}, []
