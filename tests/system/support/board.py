"""A computer for a test: an emulator, its serial line, and waiting for what should appear there."""

import codecs
import itertools
import os
import re
import sys
import time

from . import images

sys.path.insert(0, os.path.join(images.ROOT, "tools", "run"))

from runner import session  # noqa: E402
from runner.run_directory import RunDirectory  # noqa: E402

# Deadlines are there to end a hang, not to measure: an emulator on a busy computer is slow.
DEADLINE_SECONDS = 900

# A test program inside a partition or a guest prints lines "tap[NAME]: ok 1 - what it shows"; this
# is what follows "ok".
INNER_RESULT = re.compile(r"(?:\d+\s*)?-?\s*([^#]*)(?:#\s*(?:SKIP|skip)\s*(.*))?")

# The runs of one test program count from 1: each has a directory of its own.
NUMBERS = itertools.count(1)


class Missing(Exception):
    """Something did not appear on the serial line; the text says what did."""


def emulators(*wanted):
    """Those of `wanted` that TEST_EMULATORS (default: bochs,qemu) allows."""
    allowed = os.environ.get("TEST_EMULATORS", "bochs,qemu").split(",")
    return [name for name in wanted or ("bochs", "qemu") if name in allowed]


class Board:
    """Context manager. What Bulkhead printed is `text`; a failure in the body prints its end."""

    def __init__(self, tap, emulator, image, cpus=1, memory=1024, held=True, extra=()):
        self.tap, self.name = tap, emulator
        self.directory = RunDirectory(
            os.path.join(
                images.WORK,
                os.path.basename(sys.argv[0]).removesuffix(".t"),
                f"{next(NUMBERS)}-{emulator}",
            )
        )
        self.image = image.path if isinstance(image, images.Image) else image
        options = session.Options(cpus=cpus, memory=memory, extra=extra)
        self.emulator = session.EMULATORS[emulator][2](
            self.directory.path, self.directory.disk, options
        )
        self.run = session.Session(self.emulator, self.directory.path, held=held)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.text = ""
        self.at = 0  # what comes before has been matched

    def __enter__(self):
        try:
            self.directory.copy_image(self.image)
            self.run.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, _value, _trace):
        unknown = self.run.unknown_msrs() if self.run.link else []
        self.close()
        if kind is not None:
            self.tap.diag(
                "the serial line's last lines:\n" + "\n".join(self.text.splitlines()[-40:])
            )
        elif self.name == "bochs" and not self.run.verdict.refused:
            # Hardware would fault: see the test bed's ignore_bad_msrs.
            self.tap.equal(
                unknown, [], f"{self.name}: no access to an MSR that the CPU does not have"
            )

    def close(self):
        self.run.stop()
        self.directory.close(keep=True)

    def _pump(self):
        output, _ = self.run.pump(0.5)
        self.text += self.decoder.decode(output)

    def send(self, text):
        """Type text (or bytes); it is held until the console reads."""
        self.run.send(text.encode() if isinstance(text, str) else text)

    def expect(self, pattern, seconds=DEADLINE_SECONDS):
        """Wait until `pattern` (a regular expression) matches after the last match; return the
        match."""
        compiled = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + seconds
        while True:
            match = compiled.search(self.text, self.at)
            if match:
                self.at = match.end()
                return match
            if self.run.ended:
                raise Missing(
                    f"the emulator ended before {pattern!r}: {self.emulator.last_words()}"
                )
            if self.run.verdict.refused or self.run.silent_after_end():
                raise Missing(f"Bulkhead stopped before {pattern!r}")
            if time.monotonic() > deadline:
                raise Missing(f"{pattern!r} did not appear")
            self._pump()

    def command(self, line, prompt):
        """Type a line at a shell's prompt; return what it printed before the next prompt."""
        self.send(line + "\n")
        self.expect(re.escape(line) + r"\r*\n")
        start = self.at
        match = self.expect(prompt)
        return self.text[start : match.start()].replace("\r", "")

    def wait_end(self, seconds=DEADLINE_SECONDS):
        """Wait until the emulator ends; return the status that Bulkhead gave, or None."""
        deadline = time.monotonic() + seconds
        while not self.run.ended:
            if (
                time.monotonic() > deadline
                or self.run.verdict.refused
                or self.run.silent_after_end()
            ):
                break
            self._pump()
        return self.run.verdict.status

    def collect(self, name, seconds=DEADLINE_SECONDS):
        """Take over the results of the test program `name` inside, until it has fulfilled its
        plan."""
        planned, seen = None, 0
        while planned is None or seen < planned:
            match = self.expect(
                rf"tap\[{re.escape(name)}\]: (ok|not ok|1\.\.|Bail out!)\s*(.*)\n", seconds
            )
            word, rest = match.group(1), match.group(2).strip()
            if word == "1..":
                planned = int(re.match(r"\d+", rest).group(0))
            elif word == "Bail out!":
                raise Missing(f"{name} gave up: {rest}")
            else:
                seen += 1
                what, skipped = INNER_RESULT.match(rest).groups()
                text = f"{self.name}: {name}: {what.strip()}"
                if skipped is not None:
                    self.tap.skip(text, skipped)
                else:
                    self.tap.ok(word == "ok", text)
