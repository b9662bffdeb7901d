"""When an event loop turns: what is put into a loop so that a turn that takes long is known to the microsecond.

A turn begins when the loop has polled and ends when it polls again. In between it runs callbacks, greenlets and
tasks, and whatever waits for it has to wait. Marks are left by the loop's own thread, at these two points, and read
by the thread that looks (`loop_block`). They are put where the loop offers a place: gevent's prepare and
check watchers, the selector of asyncio's own loops. Other loops (uvloop, gevent on libuv) have no such place, and
get a heartbeat, which knows a turn's beginning to half a beat.
"""

import time
import weakref
from collections import deque
from typing import Any, Callable, Deque, List, Optional, Tuple

from . import originals
from .thread_stacks import Part

# Long turns that nobody has fetched yet. More of them are a second old at least, and the oldest are lost.
_MAX_LONG = 256
# Within how many frames of the leaf the marks are: below `select`, or a mark that is just being made above it.
_MARK_DEPTH = 3
# Where the timers are from that beat in loops without a selector.
_LOOPS = "everflame.loops"


class Turns:
    """The turns of one loop. Its methods run in the loop's thread, and raise nothing."""

    def __init__(self, limit: int, began: int = 0) -> None:
        self.limit = limit  # ns; longer turns block
        self.ident: Optional[int] = None  # of the thread that runs the loop
        self.guess = began  # not marked: when the loop was found
        self.marked = began  # when the present turn began, monotonic ns; 0 while the loop polls
        self.long: Deque[Tuple[int, int]] = deque(maxlen=_MAX_LONG)

    def began(self, now: int) -> int:
        """When the present turn began; 0 if the loop polls."""
        return self.marked

    def forget(self) -> None:
        """The loop does not run now."""
        self.marked = 0

    def begin(self) -> None:
        """In the first turn that may be watched."""
        if not self.marked:
            self.on_turn()

    def on_poll(self) -> None:
        began = self.marked
        if began:
            self.marked = 0
            now = time.monotonic_ns()
            if now - began >= self.limit:
                self.long.append((began, now))

    def on_turn(self) -> None:
        self.marked = time.monotonic_ns()


class Beats(Turns):
    """Turns as a timer of the loop sees them that should go off every `period`."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.period = max(5_000_000, limit // 5)
        self.stopped = False

    def began(self, now: int) -> int:
        # Somewhere between the last beat and the one that is late.
        return self.marked + self.period // 2 if self.marked and now - self.marked > 1.5 * self.period else 0

    def beat(self) -> None:
        last, self.marked = self.marked, time.monotonic_ns()
        began = last + self.period // 2
        if last and self.marked - began >= self.limit:
            self.long.append((began, self.marked))


def watch_selector(selector: Any, turns: Turns) -> bool:
    """Marks the turns of one of asyncio's own loops. Any thread may. False if this selector cannot be watched."""
    inner = getattr(selector, "select", None)
    if inner is None or not hasattr(selector, "__dict__"):
        return False
    function: Any
    target: Callable[[], Any]
    if getattr(inner, "__self__", None) is selector:
        # Not by the method, which would keep the selector alive by itself.
        function, target = inner.__func__, weakref.ref(selector)
    else:
        function, target = (lambda _, timeout: inner(timeout)), (lambda: None)

    def select(timeout: Optional[float] = None) -> Any:
        turns.ident = originals.get_ident()
        turns.on_poll()
        try:
            return function(target(), timeout)
        finally:
            turns.on_turn()

    try:
        selector.select = select
    except AttributeError:
        return False
    return True


def unwatch_selector(selector: Any) -> None:
    select = getattr(selector, "__dict__", {}).get("select")
    if getattr(select, "__module__", None) == __name__:
        del selector.select


class HubWatch:
    """Puts marks into a hub of gevent, as soon as its loop turns."""

    def __init__(self, hub: Any, turns: Turns, beats: Beats) -> None:
        self._loop = hub.loop
        self._turns = turns
        self._beats = beats
        self._watchers: Any = ()
        self.turns: Turns = turns
        self._loop.run_callback_threadsafe(self._begin)

    def stop(self) -> None:
        self._loop.run_callback_threadsafe(self._end)

    def _begin(self) -> None:
        self._turns.begin()
        try:
            # After gevent's own, which runs greenlets; and before everything else.
            prepare = self._loop.prepare(ref=False, priority=self._loop.MINPRI)
            check = self._loop.check(ref=False, priority=self._loop.MAXPRI)
            prepare.start(self._turns.on_poll)
            check.start(self._turns.on_turn)
            self._watchers = (prepare, check)
        except TypeError:  # libuv
            timer = self._loop.timer(self._beats.period / 1e9, self._beats.period / 1e9, ref=False)
            timer.start(self._beats.beat)
            self._watchers = (timer,)
            self.turns = self._beats

    def _end(self) -> None:
        for watcher in self._watchers:
            watcher.stop()
            watcher.close()
        self._watchers = ()


def without_marks(stack: List[Part]) -> List[Part]:
    """A stack, leaf first, as it would be without what is put into selectors and loops."""
    top = stack[:_MARK_DEPTH]
    if any(_is_mark(part) for part in top):
        return [part for part in top if not _is_mark(part)] + stack[_MARK_DEPTH:]
    return stack


def _is_mark(part: Part) -> bool:
    return part[1].get("__name__") in (__name__, _LOOPS)
