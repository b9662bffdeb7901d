"""The file descriptor by which event loops hear of signals (`signal.set_wakeup_fd`), kept from running full.

Python writes a byte to it for every signal, SIGPROF too. asyncio reads and ignores those; but while one of
its callbacks computes, nobody reads, its socket holds some 280 of them, and after that Python prints a
traceback for every sample, and the byte that would have told the loop of a SIGTERM is lost. So the warning
is switched off, and while bytes pile up the sampler slows down a hundredfold (`is_filling`).
"""

import signal
import struct
import sys
from typing import Any

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

# Linux' SIOCOUTQ, alias TIOCOUTQ: bytes that wait in a socket, as the kernel counts them: 768 for each of these.
_SIOCOUTQ = 0x5411
# Some 85 signals, of the 277 that a socket of the default size (net.core.wmem_default) holds.
_MANY = 64 * 1024

_fd = -1
_watching = False


def watch() -> None:
    """Learns of the descriptor that is set, and of those that will be. Main thread only."""
    global _fd, _watching
    if _watching or not hasattr(signal, "pthread_sigmask"):
        return
    _watching = True
    set_wakeup_fd = signal.set_wakeup_fd

    def set_wakeup_fd_silently(fd: int, *, warn_on_full_buffer: bool = False) -> int:
        global _fd
        before = set_wakeup_fd(fd, warn_on_full_buffer=warn_on_full_buffer)
        _fd = fd
        return before

    # There is no way to ask for it but to set it; no signal may come in between.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        fd = set_wakeup_fd(-1)
        if fd != -1:
            set_wakeup_fd_silently(fd)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    replacement: Any = set_wakeup_fd_silently
    replacement.__name__ = replacement.__qualname__ = "set_wakeup_fd"
    replacement.__doc__ = set_wakeup_fd.__doc__
    signal.set_wakeup_fd = replacement


def is_filling() -> bool:
    """Whether signals have been piling up unread. Called from the signal handler."""
    if _fd == -1 or fcntl is None or not sys.platform.startswith("linux"):
        return False
    try:
        (waiting,) = struct.unpack("i", fcntl.ioctl(_fd, _SIOCOUTQ, b"\0\0\0\0"))
    except OSError:  # a pipe, which holds 65,536; or closed
        return False
    return bool(waiting > _MANY)
