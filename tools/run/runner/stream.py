"""What is done to the bytes of the serial line: pure functions of what was fed, no files, no
clock."""

import re

XON = 0x11
XOFF = 0x13
MARKER = b"bulkhead: "
POWER_OFF = re.compile(rb"bulkhead: power off, status (\d+)$")
PANIC = b"bulkhead: panic:"
REFUSED = b"bulkhead: not started; back to the firmware"

# A shell asks the terminal where the cursor is. Without a terminal there is nobody to ask.
CURSOR_QUERY = b"\x1b[6n"


class FirmwareFilter:
    """Holds back everything before the loader's first line: firmware clears the screen and
    draws."""

    def __init__(self, enabled=True):
        self.passed = not enabled
        self.tail = b""

    def feed(self, data):
        if self.passed:
            return data
        data = self.tail + data
        at = data.find(MARKER)
        if at < 0:
            self.tail = data[-len(MARKER) :]
            return b""
        self.passed = True
        self.tail = b""
        return data[at:]


class FlowControl:
    """Takes XON and XOFF out of the output and holds the input back accordingly.

    With `held` nothing is sent until the first XON: nobody reads the line before that.
    """

    def __init__(self, held):
        self.held = held
        self.queue = bytearray()

    def output(self, data):
        for byte in data:
            if byte == XON:
                self.held = False
            elif byte == XOFF:
                self.held = True
        return data.translate(None, bytes((XON, XOFF)))

    def input(self, data):
        self.queue.extend(data)

    def take(self, limit):
        """The next bytes that may be sent, at most `limit`."""
        if self.held:
            return b""
        data = bytes(self.queue[:limit])
        del self.queue[:limit]
        return data


class TextFilter:
    """For output that no terminal reads: lines end in \\n, and the cursor query is left out."""

    def __init__(self):
        self.tail = b""

    def feed(self, data, last=False):
        data = (self.tail + data).replace(CURSOR_QUERY, b"").replace(b"\r\n", b"\n")
        self.tail = b""
        if not last:
            # Keep what may be the beginning of something that ends in the next piece.
            for size in range(len(CURSOR_QUERY) - 1, 0, -1):
                if data.endswith((CURSOR_QUERY[:size], b"\r"[:size])):
                    keep = size if data.endswith(CURSOR_QUERY[:size]) else 1
                    data, self.tail = data[:-keep], data[-keep:]
                    break
        return data


class Verdict:
    """Reads how a run ended from what Bulkhead said last; output of anyone else after it voids
    it."""

    def __init__(self):
        self.line = bytearray()
        self.said = None  # what the power-off line said
        self.panicked = False
        self.refused = False  # the loader gave up; what follows is the firmware's

    def feed(self, data):
        """Returns the data without what the firmware prints after the loader gave up."""
        if self.refused:
            return b""
        pieces = data.replace(b"\r", b"\n").split(b"\n")
        for index, piece in enumerate(pieces):
            self.line.extend(piece)
            if index + 1 < len(pieces):
                self._end_line()
            if self.refused:
                return data[: sum(len(piece) + 1 for piece in pieces[: index + 1]) - 1] + b"\r\n"
        del self.line[:-4096]
        return data

    def _end_line(self):
        line = bytes(self.line).rstrip()
        self.line.clear()
        self.said = self._said(line)
        self.panicked = self.panicked or PANIC in line
        self.refused = line == REFUSED

    def _said(self, line):
        """The verdict when `line` is the last one."""
        match = POWER_OFF.search(line)
        if match:
            return 0 if match.group(1) == b"0" else 1
        return self.said if not line or line.startswith(MARKER) else None

    @property
    def status(self):
        """0 or 1 as Bulkhead said, 1 after a panic, None if it has said nothing (yet)."""
        line = bytes(self.line).rstrip()
        return 1 if self.panicked or PANIC in line else self._said(line)
