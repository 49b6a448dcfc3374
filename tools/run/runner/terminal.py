"""The user's terminal in raw mode, and given back on every way out."""

import os
import signal
import sys
import termios
import tty

END_KEY = 0x1D  # Ctrl-]; Ctrl-A belongs to the hypervisor


class Ended(Exception):
    """A signal asks us to end."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


def raise_on_signals():
    """Turn the signals that end a program into an exception, so that everything is cleaned up."""

    def handler(number, _frame):
        raise Ended(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, handler)


class RawTerminal:
    """Context manager: standard input in raw mode, if it is a terminal."""

    def __init__(self):
        self.fd = sys.stdin.fileno() if sys.stdin and not sys.stdin.closed else -1
        self.active = self.fd >= 0 and os.isatty(self.fd)
        self.saved = None

    def __enter__(self):
        if self.active:
            self.saved = termios.tcgetattr(self.fd)
            tty.setraw(self.fd, termios.TCSANOW)
            signal.signal(signal.SIGTSTP, self._stop)
        return self

    def __exit__(self, *_):
        if self.active:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    def _stop(self, _number, _frame):
        termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)
        os.kill(os.getpid(), signal.SIGSTOP)
        tty.setraw(self.fd, termios.TCSANOW)
