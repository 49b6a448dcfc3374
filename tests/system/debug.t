#!/usr/bin/env python3
"""What `make debug` starts stops where the kernel enters a function, with the kernel's symbols."""

import os
import subprocess

import support
from support import images

DEBUG = os.path.join(images.ROOT, "tools", "run", "debug")
KERNEL = os.path.join(images.BUILD, "kernel", "bulkhead.elf")
FUNCTION = "kernel_main"

# emulator -> what is typed at the debugger, what it answers
DEBUGGERS = {
    "qemu": ("info symbol $rip\nbacktrace\nkill\nquit\n", f"{FUNCTION} in section .text"),
    "bochs": ("u /1\nquit\n", f"({FUNCTION}+0)"),
}


def debug(image, emulator, function, typed):
    command = [DEBUG, "--emulator", emulator, "--cpus", "1", "--image", image.path]
    command += ["--kernel", KERNEL, "--function", function]
    done = subprocess.run(
        command,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    return done.returncode, done.stdout


def main():
    with support.Plan() as tap:
        with support.small_image("debug", "") as image:
            for emulator in support.emulators("qemu", "bochs"):
                typed, answer = DEBUGGERS[emulator]
                status, text = debug(image, emulator, FUNCTION, typed)
                tap.contains(text, answer, f"{emulator}: stopped in {FUNCTION}")
                tap.equal(status, 0, f"{emulator}: ends with the debugger")
            status, text = debug(image, "qemu", "no_such_function", "")
            tap.ok(status != 0 and "no function no_such_function" in text, "a name that is wrong")


main()
