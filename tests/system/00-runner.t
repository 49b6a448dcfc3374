#!/usr/bin/env python3
"""The runner itself: what it does to the bytes of the line, and how it judges the end of a run.

A small program stands in for Bochs: it takes the place of bochs-bin on PATH, reads the address of
the serial line from its configuration, and follows a script of things to say and to read.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import support
from support import images  # also makes `runner` importable

from runner import stream

RUN = os.path.join(images.ROOT, "tools", "run", "run")

FAKE = textwrap.dedent(
    """\
    #!/usr/bin/env python3
    import json, os, re, socket, sys, time
    config = open("bochsrc").read()
    script = json.load(open(os.environ["FAKE_SCRIPT"]))
    log = open("bochs.log", "w")
    line = None
    for verb, value in script:
        if verb == "connect":
            line = socket.create_connection(re.search(r"dev=([\\d.]+):(\\d+)", config).groups())
        elif verb == "say":
            line.sendall(value.encode("latin-1"))
        elif verb == "read":      # read so many bytes, then say them again
            got = b""
            while len(got) < value:
                got += line.recv(value - len(got))
            line.sendall(got)
        elif verb == "quiet":     # nothing may arrive for a while
            line.settimeout(value)
            try:
                line.sendall(b"ARRIVED " + line.recv(1))
            except socket.timeout:
                line.settimeout(None)
        elif verb == "drain":     # take what had been sent by now
            time.sleep(0.5)
            line.settimeout(0.2)
            total = 0
            try:
                while True:
                    total += len(line.recv(4096))
            except socket.timeout:
                line.settimeout(None)
            line.sendall(b"drained %d\\r\\n" % total)
        elif verb == "log":
            log.write(value)
            log.flush()
        elif verb == "pid":
            open(value, "w").write(str(os.getpid()))
        elif verb == "hang":
            time.sleep(1000)
        elif verb == "exit":
            sys.exit(value)
    time.sleep(0.5)  # Bochs does not end at once either
    """
)

FIRMWARE = "\x1b[2J\x1b[01;01HBdsDxe: starting Boot0001\r\n"
HELLO = "bulkhead: loading\r\n"
XON, XOFF = "\x11", "\x13"


def off(status):
    return f"bulkhead: power off, status {status}\r\n"


def unit_tests(tap):
    firmware = stream.FirmwareFilter()
    got = b"".join(firmware.feed(bytes([byte])) for byte in (FIRMWARE + HELLO).encode())
    tap.equal(
        got, HELLO.encode(), "firmware filter: everything before the first line goes, byte by byte"
    )
    tap.equal(stream.FirmwareFilter(False).feed(b"x"), b"x", "firmware filter: or nothing")

    flow = stream.FlowControl(held=True)
    flow.input(b"abcdef")
    tap.equal(flow.take(10), b"", "flow control: held before the first XON")
    tap.equal(flow.output(b"1\x112"), b"12", "flow control: XON is not shown")
    tap.equal(flow.take(4), b"abcd", "flow control: and lets the input go, as much as is wanted")
    tap.equal(flow.output(b"\x13"), b"", "flow control: XOFF is not shown")
    tap.equal(flow.take(4), b"", "flow control: and holds the input")
    flow.output(b"\x11\x13")
    tap.equal(flow.take(4), b"", "flow control: the last of several counts")
    flow.output(b"\x11")
    tap.equal(flow.take(4), b"ef", "flow control: what was held comes in order")
    tap.equal(stream.FlowControl(held=False).held, False, "flow control: a terminal is not held")

    text = stream.TextFilter()
    line = b"# \x1b[6nls\r\na\rb\r\r\n\x1b[1mbold\x1b[0m\r"
    got = b"".join(text.feed(bytes([byte])) for byte in line) + text.feed(b"", last=True)
    tap.equal(
        got,
        b"# ls\na\rb\r\n\x1b[1mbold\x1b[0m\r",
        "text filter: line ends and cursor query, no more",
    )

    def status(data):
        verdict = stream.Verdict()
        for byte in data.encode():
            verdict.feed(bytes([byte]))
        return verdict.status

    tap.equal(status(HELLO), None, "verdict: none yet")
    tap.equal(status(HELLO + off(0)), 0, "verdict: status 0")
    tap.equal(status(HELLO + off(1)), 1, "verdict: status 1")
    tap.equal(status(HELLO + off(7)), 1, "verdict: any other status is 1")
    tap.equal(
        status("linux:~# " + off(0).strip()), 0, "verdict: after a prompt, without a line end"
    )
    tap.equal(status(off(0) + "more\r\n"), None, "verdict: not the last line")
    tap.equal(
        status(off(1) + "bulkhead: the computer cannot be turned off\r\n"),
        1,
        "verdict: Bulkhead may say more",
    )
    tap.equal(status("bulkhead: panic: x\r\n" + off(0)), 1, "verdict: a panic is 1")
    tap.equal(
        status("bulkhead: panic: x\r\nregisters\r\n"),
        1,
        "verdict: a panic without power off as well",
    )
    tap.equal(status("bulkhead: power off, status 0 of 3\r\n"), None, "verdict: another line")

    verdict = stream.Verdict()
    got = verdict.feed(b"a\r\nbulkhead: not started; back to the firmware\r\nBdsDxe: shell\r\n")
    tap.equal(
        got,
        b"a\r\nbulkhead: not started; back to the firmware\r\n",
        "verdict: firmware after a refusal is not shown",
    )
    tap.equal(verdict.feed(b"more"), b"", "verdict: nor later")


class Runs:
    def __init__(self, directory):
        self.directory = directory
        self.image = os.path.join(directory, "disk")
        self.script = os.path.join(directory, "script")
        fake = os.path.join(directory, "bin", "bochs-bin")
        os.makedirs(os.path.dirname(fake))
        with open(fake, "w", encoding="utf-8") as file:
            file.write(FAKE.replace("#!/usr/bin/env python3", f"#!{sys.executable}"))
        os.chmod(fake, 0o755)
        with open(self.image, "wb") as file:
            file.write(bytes(4096))
        self.environment = {
            **os.environ,
            "FAKE_SCRIPT": self.script,
            "PATH": os.path.dirname(fake) + ":" + os.environ["PATH"],
        }

    def start(self, steps, *arguments, image=None):
        with open(self.script, "w", encoding="utf-8") as file:
            json.dump(steps, file)
        return subprocess.Popen(
            [
                RUN,
                "--image",
                image or self.image,
                "--firmware",
                "/dev/null",
                "--log",
                os.path.join(self.directory, "log"),
                *arguments,
            ],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, steps, *arguments, typed=b"", image=None):
        process = self.start([["connect", 0], *steps], *arguments, image=image)
        output, errors = process.communicate(typed, timeout=120)
        return process.returncode, output.decode(), errors.decode()


def end_tests(tap, runs):
    status, output, errors = runs.run([["say", FIRMWARE + HELLO + "text\r\n" + off(0)]])
    tap.equal(
        (status, output),
        (0, "bulkhead: loading\ntext\nbulkhead: power off, status 0\n"),
        "status 0, plain text",
    )
    tap.contains(errors, "starting Bochs", "a line says what takes so long")
    status, output, _ = runs.run([["say", FIRMWARE + HELLO + off(0)]], "--firmware-output")
    tap.contains(output, "BdsDxe", "--firmware-output shows the firmware's")
    status, _, errors = runs.run([["say", HELLO + off(1)]])
    tap.ok(status == 1 and "partition faulted" in errors, "status 1 with a line that says so")
    status, _, errors = runs.run([["say", HELLO + "bulkhead: panic: x\r\n"]])
    tap.equal(status, 1, "status 1 after a panic")
    status, _, errors = runs.run([["say", HELLO]])
    tap.ok(
        status == 2 and "without Bulkhead's last line" in errors, "status 2 if the emulator dies"
    )
    status, _, errors = runs.run(
        [["say", HELLO + "bulkhead: not started; back to the firmware\r\nShell>"], ["hang", 0]]
    )
    tap.ok(status == 2 and "did not start" in errors, "status 2 if the loader gives up")
    status, _, errors = runs.run([["say", HELLO], ["hang", 0]], "--timeout", "1")
    tap.ok(status == 2 and "time limit" in errors, "status 2 at the time limit")
    status, _, errors = runs.run([], image="/nonexistent")
    tap.ok(status == 2 and "/nonexistent" in errors, "status 2 without an image")
    status, _, errors = runs.run(
        [["log", "RDMSR: Unknown register 0x17\n"], ["say", HELLO + off(0)]], "--strict-msr"
    )
    tap.equal(status, 0, "--strict-msr: what the firmware does is its own business")
    steps = [
        ["say", HELLO],
        ["say", XON],
        ["read", 1],
        ["log", "1e[CPU0] RDMSR: Unknown register 0x17\n"],
        ["say", off(0)],
    ]
    status, _, errors = runs.run(steps, "--strict-msr", typed=b"x")
    tap.ok(status == 2 and "Unknown register 0x17" in errors, "--strict-msr: status 2 afterwards")
    status, _, errors = runs.run(steps, typed=b"x")
    tap.equal(status, 0, "and 0 without --strict-msr")
    process = runs.start([["exit", 3]])
    _, errors = process.communicate(timeout=60)
    tap.ok(
        process.returncode == 2 and b"ended at once" in errors,
        "status 2 if the emulator does not start",
    )


def input_tests(tap, runs):
    typed = bytes(range(32, 127)) * 3
    status, output, _ = runs.run(
        [
            ["say", HELLO],
            ["quiet", 1],
            ["say", XON],
            ["read", len(typed)],
            ["say", "\r\n" + off(0)],
        ],
        typed=typed,
    )
    tap.equal(status, 0, "piped input: the run ends well")
    tap.equal(
        output,
        f"bulkhead: loading\n{typed.decode()}\nbulkhead: power off, status 0\n",
        "piped input: held until XON, all of it arrives, its end ends nothing",
    )
    steps = [
        ["say", HELLO + XON],
        ["read", 100],
        ["say", XOFF],
        ["drain", 0],
        ["quiet", 1],
        ["say", XON],
        ["read", 20],
        ["say", "\r\n" + off(0)],
    ]
    status, output, _ = runs.run(steps, typed=b"y" * 10000)
    tap.ok("ARRIVED" not in output, "piped input: XOFF stops it")
    drained = int(output.split("drained ")[1].split()[0])
    tap.ok(drained <= 64, "piped input: at most 64 bytes were still on their way")
    tap.diag(f"{drained} bytes")
    tap.contains(output, "y" * 20 + "\nbulkhead: power off", "piped input: XON lets it go on")


def alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def signal_tests(tap, runs):
    pid_file = os.path.join(runs.directory, "pid")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        process = runs.start([["pid", pid_file], ["connect", 0], ["say", HELLO], ["hang", 0]])
        process.stdout.readline()
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        process.send_signal(number)
        process.communicate(timeout=60)
        for _ in range(100):
            if not alive(pid):
                break
            time.sleep(0.1)
        tap.ok(not alive(pid), f"{number.name} leaves no emulator behind")
        if number != signal.SIGKILL:
            tap.equal(process.returncode, 2, f"{number.name} is status 2")


def main():
    with support.Plan() as tap:
        unit_tests(tap)
        directory = tempfile.mkdtemp(prefix="runner-", dir=images.BUILD)
        try:
            runs = Runs(directory)
            end_tests(tap, runs)
            input_tests(tap, runs)
            signal_tests(tap, runs)
        finally:
            shutil.rmtree(directory)


main()
