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
cmdline = console=ttyS0,115200 quiet mitigations=off nokaslr acpi=off pci=off
memory = 256M
cpus = 1
"""
TITLE = "Linux to its init (about 90 s)"
SECONDS = 900
FILES = {
    "vmlinux": os.path.join(machine.BUILD, "guests", "linux", "vmlinux"),
    "bench-init": os.path.join(machine.WORK, "initramfs.cpio"),
}
INIT = re.compile(r"bench: init (\d+)")


def measure():
    """(results by id, lines that say what failed)."""
    outcome = machine.boot("linux", TITLE, CONF, {**machine.PROGRAMS, **FILES}, SECONDS)
    init, entry = INIT.search(outcome.text), guest.milestones(outcome.text, "linux")
    if not init or not entry:
        return {}, [f"boot.linux: no line of {'init' if not init else 'the VMM about its entry'}; "
                    f"logs in {os.path.relpath(outcome.directory)}"]
    ticks = int(init.group(1)) - entry[1]
    ratio = round(ticks / figures.LINUX_NATIVE, 4)
    note = f"{ticks:,} instructions, natively {figures.LINUX_NATIVE:,}"
    return {"boot.linux": figures.Result(ratio, ratio, {}, (note,))}, []
