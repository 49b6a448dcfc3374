#!/usr/bin/env python3
"""A computer without VT-x, on 1, 2 and 4 CPUs: the reason is said, everything else runs."""

import re

import support
from support import BULKHEAD_PROMPT

CONF = """\
[system]
when-empty = prompt

[machine linux]
kernel = vmlinux
initrd = initramfs
cmdline = console=ttyS0,115200 quiet
memory = 256M
"""


def run(tap, image, cpus):
    with support.Board(tap, "qemu", image, cpus=cpus) as board:
        name = f"{cpus} CPUs"
        tap.ok(board.expect(r"^bulkhead: .*no VT-x"), f"{name}: the reason is on the console")
        tap.ok(
            board.expect(r"^bulkhead: machine linux: \w+"), f"{name}: the machine is not started"
        )
        board.send("\n")
        tap.ok(board.expect(BULKHEAD_PROMPT), f"{name}: the prompt is there")
        info = board.command("info", BULKHEAD_PROMPT)
        tap.ok(re.search(rf"processor .*\b{cpus} CPUs?\b", info), f"{name}: info counts the CPUs")
        tap.contains(info, "machines   no", f"{name}: info says that machines are not possible")
        tap.contains(
            board.command("log", BULKHEAD_PROMPT), "CPU", f"{name}: the kernel's log is shown"
        )
        tap.contains(
            board.command("start linux", BULKHEAD_PROMPT), "linux", f"{name}: start says why not"
        )
        board.send("shutdown\n")
        tap.ok(board.wait_end() in (0, 1), f"{name}: shutdown turns the computer off")


def main():
    with support.Plan() as tap:
        if not support.emulators("qemu"):
            raise support.Skip("QEMU is left out")
        with support.small_image("no-vtx", CONF) as image:
            for cpus in (1, 2, 4):
                run(tap, image, cpus)


main()
