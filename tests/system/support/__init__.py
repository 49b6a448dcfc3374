"""What the system tests share. A test is a program tests/system/NAME.t that prints TAP:

    import support
    with support.Plan() as tap:
        with support.linux_image("shell") as image, support.Board(tap, "bochs", image) as board:
            tap.ok(board.expect(support.LINUX_PROMPT), "Linux reaches a shell")

Files of a test's runs are below build/test/. TEST_EMULATORS=qemu leaves Bochs out, or the reverse.
plan.py has the TAP, board.py a computer with its serial line, images.py disk images of all kinds.
"""

from .board import Board, emulators
from .images import Image, linux_image, small_image
from .plan import Plan, Skip
from .words import BULKHEAD_PROMPT, HELP, LINUX_PROMPT, TO_CONSOLE, TO_PROMPT

__all__ = [
    "BULKHEAD_PROMPT",
    "Board",
    "HELP",
    "Image",
    "LINUX_PROMPT",
    "Plan",
    "Skip",
    "TO_CONSOLE",
    "TO_PROMPT",
    "emulators",
    "linux_image",
    "small_image",
]
