"""The CPU clock of the main thread, readable from any thread, and who that thread is."""

import sys
import threading
import time
from functools import partial
from typing import Callable, Optional

from . import originals
from .frames import thread_idents


def main_thread_ident() -> int:
    """The main thread as the interpreter knows it.

    `threading` may be gevent's, whose idents name greenlets; then the oldest thread state is the main thread's.
    """
    known = threading.main_thread().ident
    own = originals.get_ident()
    if known == own:
        return int(own)
    idents = thread_idents()
    return known if known is not None and known in idents else idents[-1]


def cpu_clock_of(ident: int) -> Optional[Callable[[], int]]:
    """CPU nanoseconds of a living thread; None where threads have no such clock (macOS)."""
    if not sys.platform.startswith("linux"):
        return None
    return partial(time.clock_gettime_ns, time.pthread_getcpuclockid(ident))
