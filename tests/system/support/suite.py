"""The kernel's in-system tests: the program build/tests/kernel_suite.elf is booted in the manager's place."""

import os

from . import board, images

PROGRAM = os.path.join(images.BUILD, "tests", "kernel_suite.elf")
NAME = "kernel"


def run(tap, emulator, cpus, **options):
    """Boot it and take over its results; options: see tests/kernel/options.h."""
    text = " ".join(f"{name}={value}" for name, value in options.items())
    files = {"manager": PROGRAM, "suite.options": (text + "\n").encode()}
    with images.Image(f"kernel-{emulator}-{cpus}", conf="", files=files) as image:
        with board.Board(tap, emulator, image, cpus=cpus, memory=512) as machine:
            failed = tap.failed
            machine.collect(NAME)
            if tap.failed > failed:
                tap.diag("\n".join(line for line in machine.text.splitlines() if line.startswith("tap[")))
            wanted = 0 if tap.failed == failed else 1
            tap.equal(machine.wait_end(), wanted, f"{emulator}, {cpus} CPUs: it ends with its own status")
