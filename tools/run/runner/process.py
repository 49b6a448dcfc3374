"""An emulator as a child process: it never outlives us, and its end can be waited for."""

import ctypes
import os
import signal
import subprocess

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class StartError(Exception):
    """The emulator could not be started; the text says why and what to do."""


def start(command, directory, log, foreground=False):
    """Start `command` in `directory` and in a session of its own, its messages going to the file
    `log`; or in the foreground, on our terminal and in our process group."""
    parent = os.getpid()

    def in_child():
        # A debugger in the foreground gets Ctrl-C, which its parent ignores.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # Killed with us, however we end; the check is for a parent that is gone already.
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    try:
        with open(log, "wb") as output:
            return subprocess.Popen(
                command,
                cwd=directory,
                preexec_fn=in_child,
                stdin=None if foreground else subprocess.DEVNULL,
                stdout=None if foreground else output,
                stderr=None if foreground else subprocess.STDOUT,
                start_new_session=not foreground,
            )
    except FileNotFoundError:
        raise StartError(f"{command[0]} is not installed: `make deps` installs it") from None
    except OSError as error:
        raise StartError(f"{command[0]}: {error}") from None


def end(process):
    """End the process and everything that it started."""
    try:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass
    process.wait()
