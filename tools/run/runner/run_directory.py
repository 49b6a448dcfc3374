"""Where a run keeps its files: a directory of its own, with a private copy of the disk image."""

import os
import shutil
import subprocess
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
RUNS = os.path.join(ROOT, "build", "run")


class RunDirectory:
    def __init__(self, path=None):
        self.temporary = path is None
        if path is None:
            os.makedirs(RUNS, exist_ok=True)
            path = tempfile.mkdtemp(prefix="run-", dir=RUNS)
        else:
            os.makedirs(path, exist_ok=True)
        self.path = os.path.realpath(path)
        self.disk = os.path.join(self.path, "disk.img")

    def copy_image(self, image):
        """Emulators write to their disk; two runs at once must not share it."""
        with open(image, "rb"):
            pass
        subprocess.run(["cp", "--sparse=auto", "--reflink=auto", image, self.disk], check=True)

    def close(self, keep):
        """Delete what only the emulator needed, and all of it unless it is to be kept."""
        for name in ("disk.img", "disk.img.lock", "vars.fd"):
            try:
                os.unlink(os.path.join(self.path, name))
            except FileNotFoundError:
                pass
        if self.temporary and not keep:
            shutil.rmtree(self.path, ignore_errors=True)
