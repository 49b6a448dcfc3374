#!/usr/bin/env python3
"""mitigations=: what the kernel says of the processor's weaknesses, and that everything still runs with
all actions on, on both ways into the kernel."""

import re

import support
from support import BULKHEAD_PROMPT, LINUX_PROMPT

PROMPT = """\
[system]
when-empty = prompt
"""

LINUX = """\
[system]
when-empty = shutdown

[machine linux]
kernel = vmlinux
initrd = initramfs
cmdline = console=ttyS0,115200 quiet mitigations=off
memory = 128M
"""

ROW = re.compile(
    r"^leaks +(\S.{23})  (not affected|mitigated by \S.*|open because \S.*)$", re.MULTILINE
)


def rows(text):
    return {name.strip(): verdict for name, verdict in ROW.findall(text.replace("\r", ""))}


def ask(tap, option, word):
    """Boot to the prompt; what `info` says, and the kernel's own line."""
    cmdline = f"mitigations={option}" if option else None
    option = option or "default"
    with support.small_image(f"speculation-{option}", PROMPT, cmdline=cmdline) as image:
        with support.Board(tap, "qemu", image, cpus=2) as board:
            line = board.expect(r"speculation: mitigations (\w+) \((\w+)\)")
            board.expect("^bulkhead: Ctrl-A h")
            board.send("\n")
            board.expect(BULKHEAD_PROMPT)
            verdicts = rows(board.command("info", BULKHEAD_PROMPT))
            tap.equal(line.group(1), word, f"{option}: the kernel takes it for {word}")
            tap.equal(len(verdicts), 21, f"{option}: info has a line for each weakness")
            text = board.text
            board.send("shutdown\n")
            tap.ok(board.wait_end() in (0, 1), f"{option}: shutdown turns the computer off")
    return verdicts, int(line.group(2), 16), text


def main():
    with support.Plan() as tap:
        if support.emulators("qemu"):
            verdicts, actions, text = ask(tap, None, "auto")
            said = set(re.search(r"speculation: open: (.*?); ", text).group(1).split(", "))
            is_open = {name for name, verdict in verdicts.items() if verdict.startswith("open")}
            tap.equal(said, is_open, "auto: the kernel's log names what is open")
            tap.ok("SWAPGS" not in is_open, "auto: SWAPGS is no weakness here")

            verdicts, actions, _ = ask(tap, "off", "off")
            tap.equal(actions, 0, "off: nothing is done")
            done = {name for name, verdict in verdicts.items() if verdict.startswith("mitigated")}
            tap.ok(
                done <= {"SWAPGS", "Lazy FP", "Inception (SRSO)"},
                "off: only what needs no action is mitigated",
            )

            _, actions, _ = ask(tap, "all", "all")
            tap.ok(actions != 0, "all: something is done")

            _, _, text = ask(tap, "perhaps", "auto")
            tap.contains(text, "knows auto, off and all", "a word that is wrong is said to be")

        if support.emulators("bochs"):
            with support.linux_image("speculation-linux", LINUX, cmdline="mitigations=all") as image:
                with support.Board(tap, "bochs", image) as board:
                    tap.ok(board.expect(r"speculation: mitigations all"), "all: the kernel says so")
                    tap.ok(board.expect(LINUX_PROMPT), "all: Linux runs through guarded exits")
                    board.send("poweroff\n")
                    tap.equal(board.wait_end(), 0, "all: and ends well")


main()
