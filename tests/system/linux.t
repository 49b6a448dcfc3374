#!/usr/bin/env python3
"""Debian's kernel reaches a shell in a machine, does what is typed, and sees the machine that it
should. From Bulkhead's prompt it is paused, resumed and measured; it reboots, and it powers off."""

import hashlib
import re

import support
from support import BULKHEAD_PROMPT, LINUX_PROMPT, TO_CONSOLE, TO_PROMPT

# More than any buffer on the way: the terminal's, the UART's, the console's.
PASTE_LINES = 1200

CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource"

# What the guest's log must have, and what it must not have.
PRESENT = (
    ("x2apic.*enabled", "x2APIC is enabled"),
    ("TSC deadline timer", "the TSC-deadline timer is used"),
    ("Run /init", "the log is complete"),
)
ABSENT = (
    ("Firmware Bug", "no 'Firmware Bug'"),
    ("ACPI.*(Error|Warning)", "no ACPI error"),
    ("calibrat.*fail", "no calibration failure"),
    ("unstable", "no unstable clock"),
    ("Oops|BUG:|WARNING: CPU", "no oops"),
)


def linux(board, line):
    return board.command(line, LINUX_PROMPT)


def bulkhead(board, line):
    return board.command(line, BULKHEAD_PROMPT)


def shell(board, tap):
    tap.ok(board.expect("Welcome to Linux in a Bulkhead machine"), "init runs")
    tap.ok(board.expect(LINUX_PROMPT), "the shell prompts")
    tap.equal(linux(board, "uname -s").strip(), "Linux", "uname -s")
    tap.equal(linux(board, "echo $((6 * 7))").strip(), "42", "the shell calculates")
    tap.contains(linux(board, "tty"), "/dev/ttyS0", "the shell's terminal is the serial port")


def paste(board, tap):
    """A long paste arrives complete: the terminal holds the UART back, the UART the console, and
    so on."""
    text = "".join(f"line {number} of a long paste\n" for number in range(PASTE_LINES))
    board.send("stty -echo; cat >/tmp/paste; stty echo\n" + text + "\x04")
    board.expect(LINUX_PROMPT)
    answer = linux(board, "md5sum </tmp/paste")
    tap.contains(answer, hashlib.md5(text.encode()).hexdigest(), "nothing of a long paste is lost")


def facts(board, tap):
    """What Linux says about the machine."""
    for pattern, text in PRESENT:
        tap.ok(int(linux(board, f"dmesg | grep -Eic '{pattern}'")) > 0, f"guest's log: {text}")
    for pattern, text in ABSENT:
        found = linux(board, f"dmesg | grep -Ei '{pattern}'").strip()
        tap.equal(found, "", f"guest's log: {text}")
    tap.equal(linux(board, f"cat {CLOCK}").strip(), "tsc", "the clock source is the TSC")
    tap.contains(
        linux(board, "cat /proc/interrupts"), "ttyS0", "the serial port works by interrupts"
    )


def prompt(board, tap):
    board.send(TO_PROMPT)
    tap.ok(board.expect(BULKHEAD_PROMPT), "Ctrl-A p: Bulkhead's prompt")
    tap.contains(bulkhead(board, "help"), "pause", "help")
    tap.ok(
        re.search(r"^linux +running", bulkhead(board, "list"), re.MULTILINE),
        "list: linux is running",
    )
    tap.contains(bulkhead(board, "info"), "machines   yes", "info: machines are possible")
    tap.contains(bulkhead(board, "info linux"), "vmlinux", "info linux")
    tap.contains(bulkhead(board, "stats linux"), "exits", "stats linux")
    tap.contains(bulkhead(board, "pause linx"), "no machine linx", "a name that does not exist")
    tap.contains(
        bulkhead(board, "puase linux"), "did you mean pause", "a command that does not exist"
    )
    tap.contains(bulkhead(board, "pause linux"), "machine linux is paused", "pause")
    tap.ok(
        re.search(r"^linux +paused", bulkhead(board, "list"), re.MULTILINE), "list: linux is paused"
    )
    first = bulkhead(board, "info linux")
    second = bulkhead(board, "info linux")
    used = [re.search(r"CPU time +([\d.]+)", text).group(1) for text in (first, second)]
    tap.equal(used[0], used[1], "a paused machine uses no CPU time")
    tap.contains(bulkhead(board, "resume linux"), "machine linux is running", "resume")
    board.send(TO_CONSOLE)
    board.send("\n")
    board.expect(LINUX_PROMPT)
    tap.equal(
        linux(board, "echo still $((40 + 2))").strip(), "still 42", "the guest goes on after resume"
    )


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x")
        with support.linux_image("linux") as image, support.Board(tap, "bochs", image) as board:
            shell(board, tap)
            paste(board, tap)
            facts(board, tap)
            prompt(board, tap)
            board.send("reboot\n")
            tap.ok(
                board.expect("Welcome to Linux in a Bulkhead machine"), "reboot: Linux starts again"
            )
            board.expect(LINUX_PROMPT)
            board.send("poweroff\n")
            tap.ok(
                board.expect("^bulkhead: machine linux: powered off"), "poweroff: Bulkhead says so"
            )
            tap.equal(
                board.wait_end(), 0, "poweroff of the last machine ends the run with status 0"
            )


main()
