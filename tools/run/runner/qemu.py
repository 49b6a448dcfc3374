"""QEMU q35: the emulator with VT-d and full ACPI; no VT-x without KVM."""

import fcntl
import os
import shutil
import socket
import struct
import termios

from . import process

NAME = "QEMU"
PROGRAM = "qemu-system-x86_64"
FIRMWARE_SECONDS = "about 5 s"

CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd"


class Link:
    """The serial line: one end of a socket pair, whose other end QEMU inherited."""

    def __init__(self, end):
        self.socket = end
        self.socket.setblocking(False)

    def receive(self):
        """What has come; b"" at the end."""
        return self.socket.recv(65536)

    def send(self, data):
        return self.socket.send(data)

    def unread(self):
        """How much has been sent that the guest's UART has not taken yet (in the kernel's own
        measure)."""
        answer = fcntl.ioctl(self.socket, termios.TIOCOUTQ, struct.pack("i", 0))
        return struct.unpack("i", answer)[0]


class Emulator:
    kvm = False

    def __init__(self, directory, disk, options):
        self.directory, self.disk, self.options = directory, disk, options
        self.process = None

    def command(self, serial):
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
            f"socket,id=serial,fd={serial}",
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
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = process.start(
                self.command(theirs.fileno()),
                self.directory,
                os.path.join(self.directory, "emulator.out"),
                pass_fds=(theirs.fileno(),),
            )
        return Link(ours)

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
