"""Reading the stack of a thread that goes on running.

Holding the GIL is what makes it safe to follow ``f_back`` in another thread, and Python may hand the GIL
over between any two bytecodes. With greenlets on 3.12 and later that can crash the interpreter: once the one
that was being read is switched out, some of its links point into a C stack that is overwritten (CPython
#113037). So a chain is read by one call into C (``list.extend`` over itertools), inside of which nothing is
handed over.
"""

import gc
import sys
from itertools import accumulate, chain, repeat, starmap
from operator import itemgetter
from types import FrameType
from typing import Any, Iterable, List, TypeVar

T = TypeVar("T")

# 3.11 can start a garbage collection while sys._current_frames holds the interpreter's lock of threads, and a
# finalizer that then starts or ends a thread hangs the process (CPython #106883, not fixed in any 3.11).
# Later versions collect at safe points only, earlier ones create no frame objects there.
_GC_HAZARD = sys.version_info[:2] == (3, 11)


def can_read_other_threads() -> bool:
    """False on free-threaded builds: no GIL, and reading a running frame is a use after free (CPython #152355)."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def thread_stack(ident: int, limit: int) -> List[FrameType]:
    """The frames of a thread, leaf first, at most `limit`; none if there is no such thread."""
    frame = map(itemgetter(ident), starmap(sys._current_frames, ((),)))
    collecting = _GC_HAZARD and gc.isenabled()
    if collecting:
        gc.disable()
    try:
        return _follow(chain(frame, repeat("f_back", limit)))
    finally:
        if collecting:
            gc.enable()


def greenlet_stack(greenlet: Any, limit: int) -> List[FrameType]:
    """The frames of a greenlet that is switched out, leaf first; none if it runs, is dead, or has not begun."""
    return _follow(chain((greenlet, "gr_frame"), repeat("f_back", limit)))[1:]


def _follow(start_and_names: Iterable[Any]) -> List[Any]:
    """The start, its first attribute, that one's second attribute… up to the first None."""
    found: List[Any] = []
    try:
        found.extend(accumulate(start_and_names, getattr))
    except (AttributeError, KeyError):  # None has no f_back: past the root. Or no such thread.
        pass
    while found and found[-1] is None:
        found.pop()
    return found


def thread_idents() -> List[int]:
    """Idents of all threads of this interpreter, the oldest last."""
    return all_of(chain.from_iterable(starmap(sys._current_frames, ((),))))


def all_of(items: Iterable[T]) -> List[T]:
    """A list of what C functions yield that read the interpreter's threads: nothing else runs until it is done."""
    collecting = _GC_HAZARD and gc.isenabled()
    if collecting:
        gc.disable()
    try:
        return list(items)
    finally:
        if collecting:
            gc.enable()
