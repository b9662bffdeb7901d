"""Wall time of the main thread, by its stack: what the program waits for.

A real thread looks at the main thread some 20 times a second. It needs the GIL to look, and gets it when
the main thread waits; of a program that works in short bursts it would see the waiting only (measured: 0–1 %
of 3 ms bursts). So the CPU time that the main thread used since the last look is left to the CPU sampler,
whose stacks carry it, and what is charged here is the waiting alone: elapsed time less CPU time. The two add
up to the real time. Where there is no CPU sampler, the stack that is seen gets all of it.
"""

import signal
import time
from typing import Callable, Optional

from . import originals
from .cpu_sampler import CpuSampler, main_stack
from .gevent_hub import with_waiting_greenlet
from .jitter import spread
from .stacks import MAX_DEPTH, Entry, Stacks

# How long the thread lets go of the GIL to see whether the main thread's CPU clock goes on.
_GLANCE = 0.0002


class WallSampler:
    def __init__(
        self, rate: float, main_ident: int, main_clock: Optional[Callable[[], int]], cpu: Optional[CpuSampler]
    ) -> None:
        self._interval = 1 / rate
        self._main_ident = main_ident
        self._main_clock = main_clock
        self._cpu = cpu
        self._stopped = False
        self._lock = originals.allocate_lock()
        self._stacks = Stacks()
        self._last_time = time.monotonic_ns()
        self._last_cpu = main_clock() if main_clock is not None else 0
        self._held_back = 0  # waiting that belongs to none of the stacks seen so far, ns
        self._last: Optional[Entry] = None

    def start(self) -> None:
        originals.start_new_thread(self._run, ())

    def stop(self) -> None:
        self._stopped = True

    def take(self) -> Stacks:
        """What was seen since the last call."""
        with self._lock:
            if self._last is not None:
                # The main thread was at work at every look: it waited for a core or for the GIL, where it was.
                self._last.value += self._held_back
                self._held_back = 0
                self._last = None
            taken, self._stacks = self._stacks, Stacks()
        return taken

    def _run(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF})
        while not self._stopped:
            originals.sleep(spread(self._interval))
            if self._stopped:
                return
            try:
                self._look()
            except Exception:  # MemoryError, or a frame in a state nobody has met: the next look may do better
                pass

    def _look(self) -> None:
        with self._lock:
            # Made an entry at once: a frame that is held while the program runs keeps its objects alive, and
            # would have them finalized in this thread.
            stack = main_stack(self._main_ident)
            entry = self._stacks.of_frames(with_waiting_greenlet(stack, MAX_DEPTH))
            now = time.monotonic_ns()
            waited = now - self._last_time
            self._last_time = now
            working = False
            if self._main_clock is not None and self._cpu is not None and self._cpu.active:
                cpu = self._main_clock()
                self._cpu.catch_up(stack, cpu)
                del stack
                worked = min(waited, cpu - self._last_cpu)
                self._last_cpu = cpu
                waited -= worked
                # A thread that used next to no CPU time is not asked whether it is using some now.
                working = worked * 50 > waited and self._is_working(cpu)
            self._held_back += waited
            self._last = entry
            if not working:
                # If it works, what it waited for it waited for elsewhere: the next stack that waits gets it.
                entry.value += self._held_back
                self._held_back = 0
                self._last = None

    def _is_working(self, cpu: int) -> bool:
        assert self._main_clock is not None
        began = time.monotonic_ns()
        originals.sleep(_GLANCE)
        used = self._main_clock() - cpu
        return used * 2 > time.monotonic_ns() - began
