"""Test Anything Protocol, the producer's side."""

import signal
import sys
import traceback


class Skip(Exception):
    """What follows cannot be tested here; the text says why."""


class Plan:
    """Context manager: numbers the tests, prints the plan at the end, exits with 1 if one
    failed."""

    def __init__(self):
        self.count = self.failed = 0

    def __enter__(self):
        # Ended by the runner of all tests: emulators and images go as well.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        return self

    def __exit__(self, kind, value, trace):
        if kind is Skip:
            self.skip("the rest", str(value))
        elif kind is not None and issubclass(kind, Exception):
            self.ok(False, f"{kind.__name__}: {value}")
            self.diag("".join(traceback.format_tb(trace)))
        elif kind is not None:
            return False
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)

    def _result(self, word, name, comment=""):
        self.count += 1
        print(f"{word} {self.count} - {name.replace('#', '')}{comment}", flush=True)

    def ok(self, condition, name):
        if condition:
            self._result("ok", name)
        else:
            self.failed += 1
            self._result("not ok", name)
        return bool(condition)

    def equal(self, got, wanted, name):
        if not self.ok(got == wanted, name):
            self.diag(f"got:    {got!r}\nwanted: {wanted!r}")
        return got == wanted

    def contains(self, text, part, name):
        if not self.ok(part in text, name):
            self.diag(f"wanted {part!r} in:\n{text}")
        return part in text

    def skip(self, name, reason):
        self._result("ok", name, f" # SKIP {reason}")

    def diag(self, text):
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)
