"""One run of an emulator: its serial line, what is held back, what is logged, how it ended."""

import os
import selectors
import subprocess
import time

from . import bochs, process, qemu, stream

EMULATORS = {
    "bochs": (bochs.NAME, bochs.FIRMWARE_SECONDS, bochs.Emulator),
    "qemu": (qemu.NAME, qemu.FIRMWARE_SECONDS, qemu.Emulator),
    "qemu-kvm": (qemu.NAME, qemu.FIRMWARE_SECONDS, qemu.KvmEmulator),
}

# No more than this is on its way to the guest at any time: what arrives after an XOFF is bounded by
# it.
WINDOW = 64
# There is no notice when the guest takes a byte: look again so soon, and less often when it does
# not.
RETRY_SECONDS = 0.005
RETRY_SECONDS_MAX = 0.05
# A computer that said it is off, or that panicked, and is still there so long after its last
# output.
SILENCE_SECONDS = 30


class Options:
    """What an emulator is started with."""

    def __init__(
        self,
        cpus=2,
        memory=1024,
        sync="none",
        firmware=None,
        extra=(),
        debugger=(),
        foreground=False,
    ):
        self.cpus, self.memory, self.sync, self.firmware = cpus, memory, sync, firmware
        self.extra, self.debugger = tuple(extra), tuple(debugger)
        self.foreground = foreground  # the emulator's own debugger on the terminal (Bochs)


class Session:
    def __init__(self, emulator, directory, held=True, firmware_output=False):
        self.emulator, self.directory = emulator, directory
        self.firmware = stream.FirmwareFilter(not firmware_output)
        self.flow = stream.FlowControl(held)
        self.verdict = stream.Verdict()
        self.raw_log = open(os.path.join(directory, "serial.log"), "wb")
        self.link = None
        self.ended = False
        self.handover = None
        self.selector = selectors.PollSelector()
        self.retry = RETRY_SECONDS
        self.last_output = time.monotonic()

    def start(self):
        self.link = self.emulator.start()
        self.selector.register(self.link, selectors.EVENT_READ)

    def watch(self, file):
        """Make pump() return early when `file` can be read."""
        self.selector.register(file, selectors.EVENT_READ, file)

    def unwatch(self, file):
        self.selector.unregister(file)

    def send(self, data):
        self.flow.input(data)

    def pump(self, timeout):
        """Wait at most `timeout` seconds; return (output, list of watched files that can be
        read)."""
        if self._can_send():
            timeout = min(timeout, self.retry)
        output, ready, heard = b"", [], False
        for key, _ in self.selector.select(max(0, timeout)):
            if key.data is None:
                output, heard = self._receive(), True
            else:
                ready.append(key.data)
        if not (heard or self.ended) and self.emulator.process.poll() is not None:
            # It may have ended before it opened its end of the line.
            output = self._receive()
        if not self.ended:
            self._send()
        return output, ready

    def _can_send(self):
        # Before the loader's first line only the firmware listens, and a key stops its boot.
        return self.flow.queue and not self.flow.held and self.firmware.passed and not self.ended

    def _receive(self):
        try:
            data = self.link.receive()
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        except BlockingIOError:
            return b""
        if not data:
            self.ended = True
            self.selector.unregister(self.link)
            return b""
        self.raw_log.write(data)
        self.raw_log.flush()
        self.last_output = time.monotonic()
        data = self.firmware.feed(data)
        if not self.firmware.passed:
            return b""
        if self.handover is None:
            self.handover = self.emulator.mark()
        data = self.flow.output(data)
        return self.verdict.feed(data)

    def _send(self):
        if not self._can_send():
            return
        room = WINDOW - self.link.unread()
        data = self.flow.take(max(0, room))
        if not data:
            self.retry = min(self.retry * 2, RETRY_SECONDS_MAX)
            return
        self.retry = RETRY_SECONDS
        try:
            sent = self.link.send(data)
        except BlockingIOError:
            sent = 0
        except (ConnectionResetError, BrokenPipeError):
            return
        self.flow.queue[:0] = data[sent:]

    def silent_after_end(self):
        """Did Bulkhead say that it is off (or panicked), and the emulator stays there silently?"""
        return (
            self.verdict.status is not None
            and not self.ended
            and time.monotonic() - self.last_output > SILENCE_SECONDS
        )

    def stop(self):
        """End the emulator if it is there still."""
        if self.emulator.process is not None:
            if self.ended:
                # Its line is closed; give it a moment to write its log.
                try:
                    self.emulator.process.wait(10)
                except subprocess.TimeoutExpired:
                    pass
            process.end(self.emulator.process)
        if self.link is not None:
            self.link.close()
        self.raw_log.close()

    def unknown_msrs(self):
        return [] if self.handover is None else self.emulator.unknown_msrs(self.handover)
