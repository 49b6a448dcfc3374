#!/usr/bin/env python3
"""Debian's kernel reaches a shell in a machine, does what is typed, and powers off."""

import hashlib

import support

PROMPT = r"linux:[^\n]*# "
# More than any buffer on the way: the terminal's, the UART's, the console's.
PASTE_LINES = 1200


def paste(board, tap):
    """A long paste arrives complete: the terminal holds the UART back, the UART the console, and so on."""
    lines = [f"line {number} of a long paste" for number in range(PASTE_LINES)]
    text = "".join(line + "\n" for line in lines)
    board.send("stty -echo; cat >/tmp/paste; stty echo\n" + text + "\x04")
    board.expect(PROMPT)
    answer = board.command("md5sum </tmp/paste", PROMPT)
    tap.contains(answer, hashlib.md5(text.encode()).hexdigest(), "nothing of a long paste is lost")


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            tap.skip("Linux in a machine", "only Bochs has VT-x")
            return
        with support.linux_image("linux") as image, support.Board(tap, "bochs", image) as board:
            tap.ok(board.expect("Welcome to Linux in a Bulkhead machine"), "init runs")
            tap.ok(board.expect(PROMPT), "the shell prompts")
            tap.equal(board.command("uname -s", PROMPT).strip(), "Linux", "uname -s")
            tap.equal(board.command("echo $((6 * 7))", PROMPT).strip(), "42", "the shell calculates")
            tap.contains(board.command("tty", PROMPT), "/dev/ttyS0", "the shell's terminal is the serial port")
            paste(board, tap)
            board.send("poweroff\n")
            tap.equal(board.wait_end(), 0, "poweroff ends the run with status 0")


main()
