"""Disk images for tests, made by tools/image/make-image below build/test/."""

import os
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.join(ROOT, "build")
WORK = os.path.join(BUILD, "test")

LOADER = os.path.join(BUILD, "boot", "BOOTX64.EFI")
KERNEL = os.path.join(BUILD, "image", "stage", "bulkhead.elf")
PROGRAMS = {name: os.path.join(BUILD, "image", "stage", name) for name in ("manager", "vmm")}
LINUX = {
    "vmlinux": os.path.join(BUILD, "guests", "linux", "vmlinux"),
    "initramfs": os.path.join(BUILD, "guests", "linux", "initramfs.cpio"),
}
DEFAULT_CONF = os.path.join(ROOT, "configs", "default.conf")


class Image:
    """A disk image of its own; `with` deletes it at the end.

    conf     text of bulkhead.conf, or None for the default configuration's file
    cmdline  the kernel's command line
    files    module name -> path on the host, or bytes: modules beside the configuration
    remove   paths on the image to delete after it is made ("bulkhead.elf")
    """

    def __init__(
        self, name, conf=None, cmdline=None, files=None, kernel=KERNEL, loader=LOADER, remove=()
    ):
        self.path = os.path.join(WORK, f"{name}-{os.getpid()}.img")
        self.scraps = []
        os.makedirs(WORK, exist_ok=True)
        command = [
            os.path.join(ROOT, "tools", "image", "make-image"),
            "--loader",
            loader,
            "--kernel",
            self._on_host("kernel", kernel),
        ]
        modules = {
            "bulkhead.conf": DEFAULT_CONF if conf is None else conf.encode(),
            **(files or {}),
        }
        for module, content in modules.items():
            command += ["--file", f"{module}={self._on_host(module, content)}"]
        if cmdline is not None:
            command += ["--cmdline", cmdline]
        try:
            subprocess.run([*command, self.path], check=True)
            for path in remove:
                subprocess.run(
                    ["mdel", "-i", self.path, f"::{path}"],
                    check=True,
                    env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
                )
        finally:
            for scrap in self.scraps:
                os.unlink(scrap)

    def _on_host(self, name, content):
        if isinstance(content, str):
            return content
        path = f"{self.path}.{name}"
        with open(path, "wb") as file:
            file.write(content)
        self.scraps.append(path)
        return path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass


def linux_image(name, conf=None, cmdline=None, files=None):
    """The image of `make image`: manager, VMM, Linux; with another configuration, command line
    or more files."""
    return Image(name, conf, cmdline, {**PROGRAMS, **LINUX, **(files or {})})


def small_image(name, conf, cmdline=None, files=None):
    """Manager and VMM, but no Linux: boots fast. Files of its name are there, with nothing of
    use in them."""
    stand_ins = {module: b"stand-in for " + module.encode() for module in LINUX}
    return Image(name, conf, cmdline, {**PROGRAMS, **stand_ins, **(files or {})})
