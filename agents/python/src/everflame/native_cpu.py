"""CPU time of all threads, by the native part: timers on the CPU clock of each, stacks read by a handler in C.

What `cpu_sampler` cannot see this one does: threads other than the main one, short and long-lived, stacks in the middle
of a call into C, and threads that know no Python. It interrupts the thread that used the time, so
event loops hear of no signal, and it needs no GIL to look. A thread of the agent fetches, about once a second,
what the handlers left.
"""

import platform
import re
from typing import Any, List, Optional, Tuple

from . import native, originals
from .cpu_sampler import MAX_SHARE, MIN_RATE, CpuWindow, why_not
from .module_names import ModuleNames
from .stacks import OTHER_THREADS, TRUNCATED, Entry, RawFrame, Stacks

NATIVE_THREAD = "[native thread]"
SUBINTERPRETER = "[subinterpreter]"
# What the agent itself uses: one box, not the stacks of its threads.
AGENT = "[everflame]"

_KINDS = {1: NATIVE_THREAD, 2: SUBINTERPRETER}
_MAIN_THREAD = 16
# What the modules of the agent begin with.
_OURS = "everflame."
# Seconds between two looks at what the handlers left, unless much comes in.
_PAUSE = 1.0
# Stacks that are made into Python objects at a time, with the GIL held: less than a millisecond.
_AT_ONCE = 20
# The kernel that first sends the signal of a process' POSIX timer to the thread that runs.
_POSIX_TIMER_KERNEL = (6, 4)


class NativeCpuSampler:
    """As `CpuSampler` to those who use it."""

    def __init__(self, rate: float, labels: Any = None) -> None:
        self.wanted_rate = rate
        self.rate = rate
        self.active = False
        self._labels = labels
        self._suspended = False
        self._armed = False
        self._arm_at_resume = False
        self._lost = False
        self._finished = False
        self._spent = 0

    def install(self) -> Optional[str]:
        """Takes SIGPROF, without starting timers; answers why not, if not. Main thread only."""
        if native.module is None:
            return native.missing
        refusal = why_not()
        if refusal is not None:
            return refusal
        try:
            native.module.cpu_install(self.rate, self._labels, _kernel() < _POSIX_TIMER_KERNEL, native.EVENTS)
            native.module.cpu_register(False)
        except (OSError, RuntimeError) as error:
            return str(error)
        native.use()
        self.active = True
        return None

    def reinstall_after_fork(self) -> None:
        """Goes on in a forked child, which has the handler and no timers."""
        native.module.cpu_reset_after_fork()
        native.module.cpu_set_rate(self.rate)
        native.module.cpu_register(True)
        self.active = True

    def arm(self) -> None:
        """Starts the timers; any thread may."""
        self._arm_at_resume = self._suspended
        if self.active and not self._suspended and not self._armed:
            self._armed = True
            native.module.cpu_arm()
            originals.start_new_thread(self._run, ())

    def suspend(self) -> None:
        """Before an exec. POSIX timers end with the program that made them; ITIMER_PROF does not."""
        self._suspended = True
        if self.active:
            native.module.cpu_suspend()

    def resume(self) -> None:
        self._suspended = False
        if self._armed and self.active:
            native.module.cpu_resume()
        elif self._arm_at_resume:
            self.arm()

    def pause(self) -> None:
        """Samples nothing until `go_on`."""
        if self.active:
            native.module.cpu_pause()

    def go_on(self) -> None:
        if self.active:
            native.module.cpu_go_on()

    def set_rate(self, hz: float) -> None:
        """Samples per second from here on, for as long as the limiter lets it."""
        self.wanted_rate = self.rate = hz
        if self.active:
            native.module.cpu_set_rate(hz)

    def stop(self) -> None:
        """Stops for good; the last `take` gets the rest. The handler stays, and does nothing."""
        if self.active:
            self.active = False
            native.module.cpu_stop()

    def catch_up(self, stack: List[Any], main: int) -> None:
        """Nothing to catch up with: the handler interrupts calls into C too."""

    def take(self) -> CpuWindow:
        """What was seen since the last call. Any thread may."""
        stacks = Stacks()
        final = not self.active and not self._finished
        self._finished = not self.active
        batch, rest, samples, dropped, self._spent = native.module.cpu_take(final)
        names = ModuleNames()
        while True:
            found = batch.next(_AT_ONCE)
            if not found:
                break
            for frames, values, kind, truncated, payload in found:
                _add(stacks, _raw(frames, kind, truncated, names), round(values[0]), payload, bool(kind & _MAIN_THREAD))
            originals.let_others_run()
        stacks.samples += round(samples)
        if not self._lost:
            stacks.of_name(OTHER_THREADS).value += round(rest)
        return CpuWindow(stacks, 0 if self._lost else self.rate, dropped)

    def tend(self, used: int) -> Optional[str]:
        """Once a window: adapts the rate to its cost, gives way to others; `used` is its CPU time in ns."""
        if not self.active:
            return None
        if not native.module.cpu_owns_signal():
            self.stop()
            self._lost = True
            return "SIGPROF was taken over by somebody else: no CPU time from here on, wall time only"
        rate = self.rate
        if used > 100_000_000:
            if self._spent > used * MAX_SHARE:
                rate = max(min(MIN_RATE, self.rate), self.rate / 2)
            elif self._spent < used * MAX_SHARE / 4:
                rate = min(self.wanted_rate, self.rate * 2)
        if rate != self.rate:
            self.rate = rate
            native.module.cpu_set_rate(rate)
        return None

    def _run(self) -> None:
        try:
            while native.module.cpu_wait(_PAUSE):
                native.module.cpu_drain()
        except Exception:  # MemoryError: the window's end drains too
            pass


def _raw(frames: Tuple[Any, ...], kind: int, truncated: int, names: ModuleNames) -> Tuple[RawFrame, ...]:
    raw: List[RawFrame] = [(code, names.name(scope, code), offset) for code, scope, offset in frames]
    if raw and str(raw[-1][1]).startswith(_OURS):
        return ((AGENT, None, 0),)
    if truncated:
        raw.append((TRUNCATED, None, 0))
    if not raw:
        raw.append((_KINDS.get(kind & ~_MAIN_THREAD, "[no Python frame]"), None, 0))
    return tuple(raw)


def _add(stacks: Stacks, frames: Tuple[RawFrame, ...], value: int, payload: Any, on_main: bool) -> None:
    key = (len(stacks.entries),)  # they are distinct, and nothing is looked up
    entry = stacks.entries[key] = Entry(frames, on_main, payload)
    entry.value = value


def _kernel() -> Tuple[int, int]:
    numbers = re.match(r"(\d+)\.(\d+)", platform.release())
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
