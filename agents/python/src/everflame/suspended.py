"""What greenlets and tasks waited, corrected for when they were looked at.

A look needs the GIL, and mostly gets it when the program lets go of it: a greenlet that computes for 10 ms and
sleeps for 30 is nearly always seen asleep, and would seem to wait all the time. How long it is there is seen
rightly, though, waiting or not; so of the time that the greenlets (or tasks) of one function were there, what they
ran, by the CPU sampler, and what they kept their thread waiting, by its clock, is taken off their waiting.
"""

from typing import Any, Dict, Iterable, Sequence

from .stacks import Stacks

# co_flags of what `async def` and `types.coroutine` make.
_COROUTINE = 0x80 | 0x100 | 0x200


def root_of(stack: Sequence[Any]) -> int:
    """Which function the greenlet or the task of a stack began with, as the id of its code: the outermost coroutine, or the
    outermost function. The stack is leaf first, of parts or of raw frames."""
    outermost = 0
    for part in reversed(stack):
        flags = getattr(part[0], "co_flags", None)
        if flags is not None:
            if flags & _COROUTINE:
                return id(part[0])
            outermost = outermost or id(part[0])
    return outermost


def correct(suspended: Stacks, on_threads: Dict[int, int], waiting: Stacks, ran: Iterable[Stacks]) -> None:
    """Takes off the waiting of what was seen suspended what it did while nobody looked.

    `on_threads` is for how long each function, by `root_of`, was seen on a thread, `waiting` what threads waited,
    `ran` their CPU time.
    """
    raw = _by_root([suspended])
    elsewhere = _by_root([waiting, *ran])
    shares: Dict[int, float] = {}
    for root, value in raw.items():
        unseen = elsewhere.get(root, 0) - on_threads.get(root, 0)
        shares[root] = min(1.0, max(0.0, 1 - unseen / value)) if value else 1.0
    for entry in suspended.entries.values():
        entry.value = round(entry.value * shares.get(root_of(entry.frames), 1.0))


def _by_root(tables: Iterable[Stacks]) -> Dict[int, int]:
    sums: Dict[int, int] = {}
    for table in tables:
        for entry in table.entries.values():
            root = root_of(entry.frames)
            sums[root] = sums.get(root, 0) + entry.value
    return sums
