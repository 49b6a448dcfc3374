"""An emulator as a child process: it never outlives us, and its end can be waited for."""

import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class StartError(Exception):
    """The emulator could not be started; the text says why and what to do."""


def start(command, directory, log, pass_fds=(), stdin=subprocess.DEVNULL):
    """Start `command` in `directory` and in a session of its own, its messages going to the file `log`."""
    parent = os.getpid()

    def in_child():
        # Killed with us, however we end; the check is for a parent that is gone already.
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    try:
        with open(log, "wb") as output:
            return subprocess.Popen(command, cwd=directory, stdin=stdin, stdout=output,
                                    stderr=subprocess.STDOUT, pass_fds=pass_fds,
                                    start_new_session=True, preexec_fn=in_child)
    except FileNotFoundError:
        raise StartError(f"{command[0]} is not installed: `make deps` installs it") from None
    except OSError as error:
        raise StartError(f"{command[0]}: {error}") from None


def end(process):
    """End the process and everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
