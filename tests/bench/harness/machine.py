"""One boot in Bochs with one CPU, whose time follows instructions."""

import os
import subprocess
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests", "system"), os.path.join(ROOT, "tools", "run")]

from runner import bochs, process, session  # noqa: E402
from runner.run_directory import RunDirectory  # noqa: E402
from support.images import PROGRAMS, Image  # noqa: E402

BUILD = os.path.join(ROOT, "build")
WORK = os.path.join(BUILD, "bench")
MEMORY_MIB = 1024
SHOW_SECONDS = 5


class Failed(Exception):
    """A run gave no figures; the text says why."""


class Progress:
    """One line that shows a run's time on a terminal, and its beginning and end elsewhere."""

    def __init__(self, text):
        self.text, self.start, self.shown = text, time.monotonic(), 0
        self.live = sys.stderr.isatty()
        self._write("..." if not self.live else "")

    def _write(self, suffix):
        sys.stderr.write((f"\r{self.text}{suffix}\033[K" if self.live else f"{self.text}{suffix}\n"))
        sys.stderr.flush()

    def seconds(self):
        return time.monotonic() - self.start

    def tick(self):
        if self.live and self.seconds() - self.shown > SHOW_SECONDS:
            self.shown = self.seconds()
            self._write(f": {self.shown:.0f} s")

    def end(self, word):
        self._write(f": {word} after {self.seconds():.0f} s")
        if self.live:
            sys.stderr.write("\n")


class Outcome:
    def __init__(self, text, directory, status):
        self.text, self.directory, self.status = text, directory, status

    def debugger_output(self):
        path = os.path.join(self.directory, "emulator.out")
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()


def boot(name, title, conf, files, seconds, debugger=(), extra=()):
    """Boot the programs of the build with this configuration and these modules, until Bulkhead turns the
    computer off. Raises Failed if it does not within `seconds`."""
    progress = Progress(f"bench: {title}")
    directory = RunDirectory(os.path.join(WORK, name))
    run = None
    try:
        with Image(f"bench-{name}", conf, cmdline="mitigations=off", files=files) as image:
            directory.copy_image(image.path)
        options = session.Options(cpus=1, memory=MEMORY_MIB, sync="none", extra=extra, debugger=debugger)
        emulator = bochs.Emulator(directory.path, directory.disk, options)
        run = session.Session(emulator, directory.path)
        run.start()
        output = bytearray()
        while not run.ended and run.verdict.status is None:
            output += run.pump(0.5)[0]
            progress.tick()
            if run.verdict.refused or progress.seconds() > seconds:
                break
        while not run.ended and progress.seconds() < seconds and not run.silent_after_end():
            output += run.pump(0.5)[0]
        text = output.decode("utf-8", "replace").replace("\r", "")
        status = run.verdict.status
        progress.end("ended" if status == 0 else "FAILED")
        if status is None:
            last = text.strip().splitlines()[-1:] or ["(nothing)"]
            why = f"no end within {seconds} s" if not run.ended else f"Bochs ended: {emulator.last_words()}"
            raise Failed(f"{title}: {why}; the serial line's last line: {last[0]}; "
                         f"logs in {os.path.relpath(directory.path)}")
        return Outcome(text, directory.path, status)
    except (OSError, process.StartError, subprocess.CalledProcessError) as error:
        raise Failed(f"{title}: {error}") from None
    finally:
        if run is not None:
            run.stop()
        directory.close(keep=True)
