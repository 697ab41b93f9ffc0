"""`python -m config.attached PARENT COMMAND…` runs a command that ends when its parent process does.

It ends even if that one is killed. Only Linux can do so; elsewhere the command just runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, signum: signal.Signals) -> None:
    """Ask the kernel to send this process a signal when its parent is gone; send it if that is so already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:
            os.kill(os.getpid(), signum)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]), signal.SIGTERM)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 -- the command is the one we were given
