"""Bochs 2.7: the emulator with Intel VT-x.

Bochs' serial socket loses nothing (20,000 random bytes, guests that poll slowly, FIFO on and off):
it reads a byte only when the UART has room, and a write blocks until we read. Bochs connects to us,
so that no port has to be guessed.
"""

import os
import re
import select
import socket

from . import process

NAME = "Bochs"
PROGRAM = "bochs-bin"
FIRMWARE_SECONDS = "about 20 s"

# Debian's package has no display library without a display; rfb (VNC) needs no screen. A sound card
# that is not there crashes Bochs' mixer thread, so there is no speaker.
CONFIG = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
megs: {memory}
romimage: file={firmware}
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_skylake_x, count={cpus}, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
pci: enabled=1, chipset=i440fx
ata0-master: type=disk, path={disk}, mode=flat, cylinders=0, heads=16, spt=63, model="BHDISK", biosdetect=none
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
port_e9_hack: enabled=1
speaker: enabled=0
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
clock: sync={sync}
log: bochs.log
panic: action=fatal
"""

FIRMWARE = ("/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF.fd")
# IA32_MCG_CAP (179h) is left out: Bochs 2.7 announces MCA in CPUID but has no such register.
UNKNOWN_MSR = re.compile(rb"(RDMSR|WRMSR).*Unknown register (?!0x179\b)[^\n]*")


class Link:
    """The serial line: a TCP connection on the loopback interface."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._acknowledge_at_once()
        ours, theirs = connection.getsockname()[1], connection.getpeername()[1]
        self.row = re.compile(
            rf"^ *\d+: [0-9A-F]+:{theirs:04X} [0-9A-F]+:{ours:04X} .. [0-9A-F]+:([0-9A-F]+)",
            re.MULTILINE,
        )

    def _acknowledge_at_once(self):
        """Bochs' bytes are small segments: unacknowledged, the last ones would wait in its socket,
        and be lost if it ends with input unread. The option wears off and has to be set again and
        again."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def receive(self):
        """What has come; b"" at the end."""
        data = self.socket.recv(65536)
        self._acknowledge_at_once()
        return data

    def send(self, data):
        sent = self.socket.send(data)
        self._acknowledge_at_once()
        return sent

    def unread(self):
        """How many bytes have been sent that the guest's UART has not taken yet."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            match = self.row.search(table.read())
        return int(match.group(1), 16) if match else 0


class Emulator:
    def __init__(self, directory, disk, options):
        self.directory, self.disk, self.options = directory, disk, options
        self.process = None
        self.log = os.path.join(directory, "bochs.log")

    def start(self):
        firmware = self.options.firmware or next((f for f in FIRMWARE if os.path.exists(f)), None)
        if firmware is None:
            raise process.StartError("no firmware: install Debian's package ovmf (`make deps`)")
        with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
            config = CONFIG.format(
                memory=self.options.memory,
                firmware=firmware,
                cpus=self.options.cpus,
                disk=self.disk,
                port=server.getsockname()[1],
                sync=self.options.sync,
            )
            config += "".join(line + "\n" for line in self.options.extra)
            with open(os.path.join(self.directory, "bochsrc"), "w", encoding="utf-8") as file:
                file.write(config)
            # The package is built with the debugger, which waits for this.
            with open(os.path.join(self.directory, "debugger.rc"), "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in (*self.options.debugger, "c")))
            self.process = process.start(
                [PROGRAM, "-q", "-f", "bochsrc", "-rc", "debugger.rc"],
                self.directory,
                os.path.join(self.directory, "emulator.out"),
                foreground=self.options.foreground,
            )
            return Link(self._accept(server))

    def _accept(self, server):
        while self.process.poll() is None:
            if select.select([server], [], [], 0.1)[0]:
                return server.accept()[0]
        raise process.StartError(f"Bochs ended at once: {self.last_words()}")

    def last_words(self):
        """The panic that ended Bochs, for a message."""
        words = ""
        for name in ("emulator.out", "bochs.log"):
            try:
                with open(
                    os.path.join(self.directory, name), errors="replace", encoding="utf-8"
                ) as file:
                    for line in file:
                        if re.match(
                            r"\d+p\[|\[[A-Z0-9 ]+\] .*panic|>>PANIC<<|\*\*\* .* detected", line
                        ):
                            words = line.strip()
            except OSError:
                pass
        return words or "it gave no reason"

    def mark(self):
        """A place in Bochs' log, for unknown_msrs()."""
        try:
            return os.path.getsize(self.log)
        except OSError:
            return 0

    def unknown_msrs(self, mark):
        """Accesses to MSRs that this CPU does not have, after the mark. They would fault on
        hardware."""
        try:
            with open(self.log, "rb") as file:
                file.seek(mark)
                return [
                    match.group(0).decode(errors="replace")
                    for match in UNKNOWN_MSR.finditer(file.read())
                ]
        except OSError:
            return []
