"""CPU time of the process, by the stack of the main thread.

``ITIMER_PROF`` counts CPU time and sends SIGPROF every 10 ms of it; Python runs the handler in the main
thread, between two bytecodes of whatever was running, greenlets included. This is the only sampler in pure
Python that tells the truth about event loops: a thread gets the GIL when the loop polls, and sees it idle.

A sample counts for the CPU time that has really passed since the one before, not for one period: signals
that arrive during a long call into C are merged into one, and the time is still there. What other threads
used is kept apart, in ``[other threads]``: charging it to the main thread's stack would be a lie.
"""

import signal
import sys
import time
from types import FrameType
from typing import Callable, List, Optional

from . import label_context, originals, wakeup_fd
from .frames import thread_stack
from .stacks import MAX_DEPTH, OTHER_THREADS, Stacks

# The sampler may take this share of the CPU time that it measures; above it, it samples half as often.
MAX_SHARE = 0.01
MIN_RATE = 10.0

# Hz, while an event loop is not reading what signals tell it.
_RATE_WHILE_UNREAD = 1.0
# Nanoseconds: less than this between two clocks is the time between reading them.
_WORTH_CHARGING = 200_000
# Periods after which a sample that no signal has taken is taken by one of the agent's threads.
_OVERDUE = 4
# Frames that the handler may have on top of what it interrupted.
_HANDLER_DEPTH = 4


class CpuSampler:
    def __init__(self, rate: float, main_ident: int, main_clock: Optional[Callable[[], int]]) -> None:
        self.wanted_rate = rate
        self.rate = rate
        self.active = False  # the handler is ours and the timer runs (or is about to)
        self._main_ident = main_ident
        self._main_clock = main_clock
        self._suspended = False
        self._paused = False
        self._begins_anew = False  # after a pause, whose CPU time is nobody's
        self._slowed = False
        self._lost = False  # somebody else took SIGPROF
        self._stacks = Stacks()
        # Guards the fields below and the table. The handler only ever tries it: it cannot wait for a lock
        # that the code it interrupts may hold, and what it leaves out the next sample gets.
        self._lock = originals.allocate_lock()
        self._last_process = time.process_time_ns()
        self._last_main = time.thread_time_ns()
        self._spent = 0
        self._dropped = 0

    def install(self) -> Optional[str]:
        """Takes SIGPROF, without starting the timer; answers why not, if not. Main thread only."""
        refusal = why_not()
        if refusal is not None:
            return refusal
        try:
            signal.signal(signal.SIGPROF, self._on_sigprof)
        except ValueError:
            return "signals can only be taken from the main thread: call everflame.start() there"
        # System calls that can be restarted are: C libraries that treat EINTR as an error stay unharmed.
        signal.siginterrupt(signal.SIGPROF, False)
        wakeup_fd.watch()
        self.active = True
        return None

    def reinstall_after_fork(self) -> None:
        """Takes SIGPROF over from the parent's sampler. The CPU clocks of a new process begin at zero."""
        signal.signal(signal.SIGPROF, self._on_sigprof)
        signal.siginterrupt(signal.SIGPROF, False)
        self._last_process = self._last_main = 0
        self.active = True

    def arm(self) -> None:
        """Starts the timer; any thread may."""
        if self.active and not self._suspended and not self._paused:
            rate = min(self.rate, _RATE_WHILE_UNREAD) if self._slowed else self.rate
            signal.setitimer(signal.ITIMER_PROF, 1 / rate, 1 / rate)

    def suspend(self) -> None:
        """Stops the timer for an exec, which keeps timers and not handlers: the new program would be killed."""
        self._suspended = True
        if self.active:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def resume(self) -> None:
        self._suspended = False
        self.arm()

    def pause(self) -> None:
        """Samples nothing until `go_on`. Any thread may."""
        self._paused = True
        if self.active:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def go_on(self) -> None:
        with self._lock:
            self._begins_anew = True
        self._paused = False
        self.arm()

    def set_rate(self, hz: float) -> None:
        """Samples per second from here on, for as long as the limiter lets it."""
        self.wanted_rate = self.rate = hz
        self.arm()

    def stop(self) -> None:
        """Stops for good. SIGPROF is ignored from here on: a signal that is still under way kills nothing."""
        if not self.active:
            return
        self.active = False
        if signal.getsignal(signal.SIGPROF) != self._on_sigprof:
            return  # somebody else's now, timer included
        signal.setitimer(signal.ITIMER_PROF, 0)
        try:
            signal.signal(signal.SIGPROF, signal.SIG_IGN)
        except ValueError:
            pass  # not the main thread; the handler stays and does nothing

    def _on_sigprof(self, signum: int, frame: Optional[FrameType]) -> None:
        if not self.active or not self._lock.acquire(False):
            return
        try:
            process = time.process_time_ns()
            main = time.thread_time_ns()
            if self._begins_anew:
                self._begin_anew(process, main)
            on_main = main - self._last_main
            self._stacks.of_chain(frame, label_context.here()).value += on_main
            self._last_main = main
            self._last_process += on_main
            self._charge_other_threads(process)
            if wakeup_fd.is_filling() != self._slowed:
                self._slowed = not self._slowed
                self.arm()
            self._spent += time.thread_time_ns() - main
        except Exception:  # RecursionError, MemoryError: of the program that was interrupted, not ours to spread
            self._dropped += 1
        finally:
            self._lock.release()

    def take(self) -> "CpuWindow":
        """What was seen since the last call, which starts a new table. Any thread may."""
        if self._main_clock is not None and self.active:
            self.catch_up(main_stack(self._main_ident), self._main_clock())
        with self._lock:
            if self._main_clock is not None and not self._lost and not self._begins_anew:
                process = time.process_time_ns()
                self._charge_other_threads(process - (self._main_clock() - self._last_main))
            taken = CpuWindow(self._stacks, 0 if self._lost else self.rate, self._dropped)
            self._stacks, self._dropped = Stacks(), 0
        return taken

    def catch_up(self, stack: List[FrameType], main: int) -> None:
        """Charges CPU time of the main thread that no signal has seen to where that thread is now, `stack`.

        A thread that computes in C runs no handler until it is back in Python, be it seconds later; and after
        a fork in another thread than the main one, 3.13.0 runs none at all. `main` is its CPU clock.
        """
        if not self.active or self._paused or main - self._last_main < _OVERDUE * 1e9 / self.rate:
            return
        with self._lock:
            if self._begins_anew:
                self._begin_anew(time.process_time_ns(), main)
            on_main = main - self._last_main
            if on_main > 0 and stack:
                self._stacks.of_frames(stack).value += on_main
                self._last_main = main
                self._last_process += on_main

    def _begin_anew(self, process: int, main: int) -> None:
        """What was used during a pause is left out; the first sample after it is of nothing."""
        self._last_process, self._last_main = process, main
        self._begins_anew = False

    def _charge_other_threads(self, process: int) -> None:
        """`process` is the process' CPU clock; `_last_process` what of it has been charged."""
        elsewhere = process - self._last_process
        if elsewhere > _WORTH_CHARGING:
            self._stacks.of_name(OTHER_THREADS).value += elsewhere
            self._last_process = process

    def tend(self, used: int) -> Optional[str]:
        """Once a window: adapts the rate to its cost, gives way to others; `used` is its CPU time in ns.

        Answers what there is to say, if anything.
        """
        spent, self._spent = self._spent, 0
        if not self.active:
            return None
        if signal.getsignal(signal.SIGPROF) != self._on_sigprof:
            self.active = False
            self._lost = True
            return "SIGPROF was taken over by somebody else: no CPU time from here on, wall time only"
        rate = self.rate
        if used > 100_000_000:
            if spent > used * MAX_SHARE:
                rate = max(min(MIN_RATE, self.rate), self.rate / 2)
            elif spent < used * MAX_SHARE / 4:
                rate = min(self.wanted_rate, self.rate * 2)
        if rate != self.rate or (signal.getitimer(signal.ITIMER_PROF)[1] == 0 and not self._paused):
            self.rate = rate
            self.arm()
        return None


class CpuWindow:
    __slots__ = ("dropped", "rate", "stacks")

    def __init__(self, stacks: Stacks, rate: float, dropped: int) -> None:
        self.stacks = stacks
        self.rate = rate
        self.dropped = dropped


def main_stack(ident: int) -> List[FrameType]:
    """The main thread's frames, leaf first, without the signal handler's, if it is at work right now."""
    stack = thread_stack(ident, MAX_DEPTH + _HANDLER_DEPTH)
    for depth, frame in enumerate(stack[:_HANDLER_DEPTH]):
        if frame.f_code is CpuSampler._on_sigprof.__code__:
            return stack[depth + 1 :]
    return stack


def why_not() -> Optional[str]:
    """Why CPU time cannot be sampled in this process, or None."""
    if not hasattr(signal, "SIGPROF") or not hasattr(signal, "setitimer"):
        return "{} has no profiling timer".format(sys.platform)
    handler = signal.getsignal(signal.SIGPROF)
    if handler not in (signal.SIG_DFL, signal.SIG_IGN):
        return "SIGPROF is taken by {}: only one sampler can have it".format(
            getattr(handler, "__qualname__", None) or "native code"
        )
    if signal.getitimer(signal.ITIMER_PROF) != (0.0, 0.0):
        return "ITIMER_PROF is already running: only one sampler can have it"
    return None
