"""Where a run keeps its files: a directory of its own, with a private copy of the disk image."""

import fcntl
import os
import shutil
import subprocess
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
RUNS = os.path.join(ROOT, "build", "run")
PREFIX = "run-"
# Logs of so many runs that did not end well are kept.
KEPT = 8
USED_FILES = ("disk.img", "disk.img.lock", "vars.fd", "serial.in", "serial.out")


def remove_used_files(path):
    for name in USED_FILES:
        try:
            os.unlink(os.path.join(path, name))
        except FileNotFoundError:
            pass


def lock(path):
    """A descriptor that holds the directory's lock, or None if a run holds it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except BlockingIOError:
        os.close(descriptor)
        return None


def prune():
    """Tidy up after runs that were killed, and forget old ones."""
    paths = [entry.path for entry in os.scandir(RUNS) if entry.name.startswith(PREFIX)]
    paths.sort(key=os.path.getmtime, reverse=True)
    for index, path in enumerate(paths):
        try:
            descriptor = lock(path)
            if descriptor is not None:
                remove_used_files(path)
                if index >= KEPT:
                    shutil.rmtree(path, ignore_errors=True)
                os.close(descriptor)
        except FileNotFoundError:
            pass  # another run tidies up as well


class RunDirectory:
    def __init__(self, path=None):
        self.temporary = path is None
        if path is None:
            os.makedirs(RUNS, exist_ok=True)
            prune()
            path = tempfile.mkdtemp(prefix=PREFIX, dir=RUNS)
        else:
            os.makedirs(path, exist_ok=True)
        self.path = os.path.realpath(path)
        self.lock = lock(self.path)
        if self.lock is None:
            raise OSError(f"another run uses {self.path}")
        self.disk = os.path.join(self.path, "disk.img")

    def copy_image(self, image):
        """Emulators write to their disk; two runs at once must not share it."""
        with open(image, "rb"):
            pass
        subprocess.run(["cp", "--sparse=auto", "--reflink=auto", image, self.disk], check=True)

    def close(self, keep):
        """Delete what only the emulator needed, and all of it unless it is to be kept."""
        remove_used_files(self.path)
        if self.temporary and not keep:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)
