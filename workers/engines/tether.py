"""Ends a process together with its parent, however that ended (Linux; elsewhere the supervisor's stop does it)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tether(sig: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Asks the kernel to send `sig` to this process when its parent's spawning thread ends (prctl(2)).

    `parent` is who it should be: a parent that died before the request would go unnoticed, so then the process ends.
    The request survives exec, but not fork.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(sig), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), sig)
