"""What each thread did since it was looked at last: how long it ran, and how long it did not.

A thread's CPU clock says how long it ran, whoever held the GIL at the looks. The clock belongs to one thread, its
ident does not: a thread that begins may get the ident of one that has ended.
"""

import os
import re
import sys
import time
from typing import Any, Dict, Optional, Tuple

from .stacks import Entry
from .thread_stacks import cpu_clock_id

HAS_CLOCKS = sys.platform.startswith("linux")
_NUMBERS = re.compile(r"\d+")
_MAX_NAME = 80


class ThreadTime:
    __slots__ = ("_clock", "held_back", "last", "last_cpu", "last_time", "name", "ours", "root", "seen")

    def __init__(self, ident: int, since: int, is_main: bool) -> None:
        self.last_time = since  # monotonic, ns
        self._clock = cpu_clock_id(ident) if HAS_CLOCKS else None
        self.last_cpu = 0
        self.held_back = 0  # waiting that belongs to none of the stacks that were seen so far, ns
        self.last: Optional[Entry] = None  # where it was seen running last, since it waited
        self.seen: Optional[Entry] = None  # where it was at the last look
        self.root = 0  # of that stack (`suspended.root_of`)
        self.ours = False  # a thread of the agent
        self.name = None if is_main else "[thread {}]".format(name_of(ident))

    def begin(self, now: int) -> None:
        """What it did before is nobody's."""
        self.last_time = now
        self.last_cpu = self.cpu() or 0
        self.held_back = 0
        self.last = self.seen = None

    def cpu(self) -> Optional[int]:
        """Its CPU time in ns; None if there is no such clock. Raises OSError if it has ended."""
        return None if self._clock is None else time.clock_gettime_ns(self._clock)

    def goes_on(self, before: int) -> bool:
        """Whether it runs, or would if it got a core, a moment after its CPU clock was at `before`."""
        try:
            if self._clock is None or time.clock_gettime_ns(self._clock) > before:
                return self._clock is not None
            return _is_runnable(~(self._clock >> 3))  # a clock's id is made of the thread's (Linux, posix-timers.h)
        except OSError:  # it has ended
            return False

    def advance(self, now: int) -> Tuple[int, int, Optional[int]]:
        """Nanoseconds that it did not run, and that it ran, since the last call; and its CPU clock."""
        passed, self.last_time = now - self.last_time, now
        cpu = self.cpu()
        if cpu is None:
            return passed, 0, None
        ran = min(passed, cpu - self.last_cpu)
        self.last_cpu = cpu
        return passed - ran, ran, cpu


def _is_runnable(tid: int) -> bool:
    file = os.open("/proc/self/task/{}/stat".format(tid), os.O_RDONLY)
    try:
        text = os.read(file, 512)
    finally:
        os.close(file)
    return text[text.rfind(b")") + 2 :][:1] == b"R"  # a name may hold anything


def name_of(ident: int) -> str:
    """A thread's name without its numbers, so that the workers of a pool are one: ``ThreadPoolExecutor-*_*``."""
    threading: Any = sys.modules.get("threading")
    threads: Dict[int, Any] = getattr(threading, "_active", {})
    # Not by its property `name`, which a subclass may have made its own.
    name = getattr(threads.get(ident), "_name", None)
    if not isinstance(name, str) or not name:
        return "without name"
    return _NUMBERS.sub("*", name)[:_MAX_NAME]
