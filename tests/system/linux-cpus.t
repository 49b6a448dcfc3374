#!/usr/bin/env python3
"""Linux in a machine on a computer with 2 and with 4 CPUs."""

import support


def main():
    with support.Plan() as tap:
        if not support.emulators("bochs"):
            raise support.Skip("only Bochs has VT-x")
        with support.linux_image("linux-cpus") as image:
            for cpus in (2, 4):
                with support.Board(tap, "bochs", image, cpus=cpus) as board:
                    tap.ok(board.expect(support.LINUX_PROMPT), f"{cpus} CPUs: the shell prompts")
                    tap.equal(
                        board.command("uname -s", support.LINUX_PROMPT).strip(),
                        "Linux",
                        f"{cpus} CPUs: uname",
                    )
                    board.send("poweroff\n")
                    tap.equal(
                        board.wait_end(), 0, f"{cpus} CPUs: poweroff ends the run with status 0"
                    )


main()
