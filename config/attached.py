"""`python -m config.attached COMMAND…` runs a command that ends when its parent does, even if that is killed.

Only Linux can do so; elsewhere the command just runs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(signum: signal.Signals) -> None:
    """Ask the kernel to send this process a signal when the one that started it is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)


if __name__ == "__main__":
    end_with_parent(signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 -- the command is the one we were given
