"""QEMU q35: the emulator with VT-d and full ACPI; no VT-x without KVM."""

import fcntl
import os
import shutil
import struct
import termios

from . import process

NAME = "QEMU"
PROGRAM = "qemu-system-x86_64"
FIRMWARE_SECONDS = "about 5 s"

CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd"

PIPE_SIZE = 1 << 20  # the most that Linux allows to all users
F_SETPIPE_SZ = 1031  # from Linux' fcntl.h: older Pythons lack the name


class Link:
    """The serial line: two pipes with names in the run's directory.

    QEMU drops what it cannot write at once. A socket is full after some 300 single bytes, a pipe
    holds as many as it is large.
    """

    def __init__(self, directory):
        paths = [os.path.join(directory, "serial" + end) for end in (".in", ".out")]
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)
            os.mkfifo(path, 0o600)
        # Opened for both directions, as the other end is not open yet.
        self.input = os.open(paths[0], os.O_RDWR | os.O_NONBLOCK)
        self.output = os.open(paths[1], os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self.output, F_SETPIPE_SZ, PIPE_SIZE)

    def fileno(self):
        return self.output

    def receive(self):
        """What has come; b"" at the end."""
        return os.read(self.output, 65536)

    def send(self, data):
        return os.write(self.input, data)

    def unread(self):
        """How many bytes have been sent that the guest's UART has not taken yet."""
        return struct.unpack("i", fcntl.ioctl(self.input, termios.FIONREAD, bytes(4)))[0]

    def close(self):
        os.close(self.input)
        os.close(self.output)


class Emulator:
    kvm = False

    def __init__(self, directory, disk, options):
        self.directory, self.disk, self.options = directory, disk, options
        self.process = None

    def command(self):
        machine = (
            "q35,accel=kvm,kernel-irqchip=split"
            if self.kvm
            else "q35,accel=tcg,kernel-irqchip=split"
        )
        return [
            PROGRAM,
            "-machine",
            machine,
            "-cpu",
            "host,+vmx" if self.kvm else "max",
            "-smp",
            str(self.options.cpus),
            "-m",
            str(self.options.memory),
            "-device",
            "intel-iommu,intremap=on",
            "-drive",
            f"if=pflash,format=raw,readonly=on,file={self.options.firmware or CODE}",
            "-drive",
            "if=pflash,format=raw,file=vars.fd",
            "-drive",
            f"format=raw,file={self.disk},if=none,id=d",
            "-device",
            "ide-hd,drive=d",
            "-chardev",
            "pipe,id=serial,path=serial",
            "-serial",
            "chardev:serial",
            "-display",
            "none",
            "-monitor",
            "none",
            "-nic",
            "none",
            "-no-reboot",
            *self.options.extra,
        ]

    def start(self):
        for needed in (self.options.firmware or CODE, VARIABLES):
            if not os.path.exists(needed):
                raise process.StartError(
                    f"{needed} is missing: install Debian's package ovmf (`make deps`)"
                )
        if self.kvm and not os.access("/dev/kvm", os.R_OK | os.W_OK):
            raise process.StartError("/dev/kvm is missing or not ours to use")
        shutil.copyfile(VARIABLES, os.path.join(self.directory, "vars.fd"))
        link = Link(self.directory)
        self.process = process.start(
            self.command(), self.directory, os.path.join(self.directory, "emulator.out")
        )
        return link

    def last_words(self):
        try:
            with open(
                os.path.join(self.directory, "emulator.out"), errors="replace", encoding="utf-8"
            ) as file:
                lines = file.read().strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it gave no reason"

    def mark(self):
        return 0

    def unknown_msrs(self, _mark):
        return []


class KvmEmulator(Emulator):
    kvm = True
