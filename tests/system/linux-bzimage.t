#!/usr/bin/env python3
"""Debian's bzImage as it is shipped: it unpacks itself, three times the work of its boot."""

import os

import support
from support import images

VMLINUZ = os.path.join(images.BUILD, "guests", "linux", "vmlinuz")

CONF = """\
[machine linux]
kernel = vmlinuz
initrd = initramfs
cmdline = console=ttyS0,115200 quiet
memory = 256M
"""


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x")
        files = {**images.PROGRAMS, "vmlinuz": VMLINUZ, "initramfs": images.LINUX["initramfs"]}
        with support.Image("bzimage", CONF, files=files) as image, support.Board(
            tap, "bochs", image
        ) as board:
            tap.ok(board.expect(support.LINUX_PROMPT), "the shell prompts")
            tap.equal(board.command("uname -s", support.LINUX_PROMPT).strip(), "Linux", "uname -s")
            # The end of input ends nothing, the shell's end does.
            board.send("exit\n")
            tap.equal(board.wait_end(), 0, "exit from the shell ends the run with status 0")


main()
