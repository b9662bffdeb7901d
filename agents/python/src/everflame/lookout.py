"""The thread that looks at the program from outside, for wall time and for blocked loops, and what that may cost.

A look may use a share of one core, by the thread's own CPU clock: where it takes long (many threads, deep stacks)
there are fewer. What a look sees counts for the time since the one before, so fewer looks say the same, less exactly.
"""

import math
import time
from typing import Callable, List

from . import native, originals
from .jitter import spread

# Of a core; of all looks together.
MAX_SHARE = 0.01
# How much earlier than due a look is done if there is one to be done anyway, of its period.
_TOGETHER = 0.3
# Seconds; a longer rest ends when a rate is changed.
_SHORT = 0.2
_LONGEST_SLEEP = 3600.0
# Of the cost of the newest look in the smoothed one, which it counts for no more than so many times.
_NEWEST = 0.2
_MOST_TIMES = 3
_USUAL = 0.0001  # seconds: a look at an idle program


class Look:
    def __init__(self, do: Callable[[], None], rate: float, share: float, changed: Callable[[], None]) -> None:
        self.wanted_rate = rate
        self._changed = changed
        self._paused = False
        self._do = do
        self._share = share
        self._cost = 0.0  # seconds of CPU time, smoothed
        self._due = 0.0  # monotonic

    @property
    def rate(self) -> float:
        """Looks per second, as many as their cost allows."""
        return min(self.wanted_rate, self._share / self._cost) if self._cost else self.wanted_rate

    def set_rate(self, rate: float) -> None:
        self.wanted_rate = rate
        self.plan(time.monotonic())
        self._changed()

    def pause(self) -> None:
        self._paused = True

    def go_on(self) -> None:
        self._paused = False
        self.plan(time.monotonic())
        self._changed()

    def due(self) -> float:
        return self._due if not self._paused else math.inf

    def is_due(self, now: float) -> bool:
        return now >= self.due() - _TOGETHER / self.rate

    def do(self) -> None:
        try:
            self._do()
        except Exception:  # MemoryError, or an object in a state nobody has met: the next look may do better
            pass

    def charge(self, seconds: float) -> None:
        # What is done once (`greenlets`) or was a cold start is not what looks cost; what goes on is, a few looks later.
        usual = max(self._cost, _USUAL)
        self._cost += (min(seconds, _MOST_TIMES * usual) - self._cost) * _NEWEST

    def plan(self, now: float) -> None:
        self._due = now + spread(1 / self.rate)


class Lookout:
    def __init__(self) -> None:
        self._looks: List[Look] = []
        self._stopped = False
        self._wake = originals.allocate_lock()
        self._wake.acquire()

    def add(self, do: Callable[[], None], rate: float, share: float) -> Look:
        """Before `start`. `share` is how much of a core it may use."""
        look = Look(do, rate, share, self._hurry)
        self._looks.append(look)
        return look

    def start(self) -> None:
        originals.start_new_thread(self._run, ())

    def stop(self) -> None:
        self._stopped = True
        self._hurry()

    def _rest(self, seconds: float) -> None:
        if seconds < _SHORT:
            originals.sleep(seconds)  # cheaper by a third than a lock with a time limit
        else:
            self._wake.acquire(True, min(seconds, _LONGEST_SLEEP))

    def _hurry(self) -> None:
        if self._wake.locked():
            try:
                self._wake.release()
            except RuntimeError:  # somebody else has just done it
                pass

    def _run(self) -> None:
        native.keep_signals_away()
        used = time.thread_time()
        while not self._stopped:
            now = time.monotonic()
            first = min(look.due() for look in self._looks)
            if first > now:
                self._rest(first - now)
                continue
            done = [look for look in self._looks if look.is_due(now)]
            costs = []
            for look in done:
                before = time.thread_time()
                look.do()
                costs.append(time.thread_time() - before)
            # Waking up costs, too.
            before, used = used, time.thread_time()
            rest = max(0.0, used - before - sum(costs)) / len(done)
            now = time.monotonic()
            for look, cost in zip(done, costs):
                look.charge(cost + rest)
                look.plan(now)
