"""Wall time: where threads, greenlets and asyncio tasks are, and so what they wait for.

A look reads their stacks, some 20 times a second. Each thread counts for the time that passed; so does each greenlet
that is switched out and each task that awaits, for these wait just as a thread would, each at a line of its own. Ten
seconds of a program with 3 threads and 200 waiting greenlets are 2,030 seconds of wall time. Of many, a look
takes some at random, and each counts for those that it stands for (`sampled`).

Of a thread's time the part that it ran is known by its CPU clock. A look needs the GIL, and gets it when the program
waits; of short bursts it would see the waiting only (measured: 0–1 % of 3 ms bursts). So the time that a thread
ran is left to the CPU sampler, whose stacks carry it, and what is charged here is the rest, to where the
thread was seen not running. The two add up to the real time. Where the CPU sampler does not see a thread, the
stack that is seen gets both.
"""

import time
from typing import Dict, List, NamedTuple, Optional, Set, Tuple, Union

from . import label_context, originals, thread_labels
from .asyncio_tasks import await_chain, context_of, count_of_tasks, some_tasks
from .cpu_sampler import CpuSampler, main_stack
from .frames import thread_idents
from .gevent_hub import MainGreenlets
from .greenlets import Greenlets
from .lookout import Lookout
from .loop_turns import without_marks
from .native_cpu import NativeCpuSampler
from .sampled import some_of
from .stacks import Entry, LabelSet, Stacks
from .suspended import correct, root_of
from .thread_stacks import Part, stacks_of_greenlets, stacks_of_threads
from .thread_times import ThreadTime

# What is looked at in one look, of each kind: less than a millisecond of the GIL.
MOST_THREADS = 48
MOST_GREENLETS = 32
MOST_TASKS = 32
# Of a core, that looks may use.
_SHARE = 0.0065
# How long the thread lets go of the GIL to see whether the threads' CPU clocks go on.
_GLANCE = 0.0002
# What the modules of the agent begin with: its own threads are not looked at.
_OURS = "everflame."
# Frames that the signal handler may have on top of what it interrupted.
_HANDLER_DEPTH = 4


class WallSampler:
    def __init__(
        self,
        rate: float,
        main_ident: int,
        cpu: Union[NativeCpuSampler, CpuSampler, None],
        greenlets: Greenlets,
        lookout: Lookout,
    ) -> None:
        self._look = lookout.add(self._look_around, rate, _SHARE)
        self._main_ident = main_ident
        self._cpu = cpu
        self._greenlets = greenlets
        self._main_greenlets = MainGreenlets()
        self._lock = originals.allocate_lock()
        self._times: Dict[int, ThreadTime] = {}
        self._window = WallWindow()
        # Greenlets and tasks that the last look found waiting, and how many there were of each.
        self._suspended: List[Entry] = []
        self._counts = (0, 0)
        self._last_look = time.monotonic_ns()
        self._begin()

    @property
    def rate(self) -> float:
        """Looks per second."""
        return self._look.rate

    def set_rate(self, hz: float) -> None:
        """Looks per second from here on, or as many of them as the limiter allows."""
        self._look.set_rate(hz)

    def pause(self) -> None:
        """Looks at nothing until `go_on`."""
        self._look.pause()

    def go_on(self) -> None:
        self._begin()
        self._look.go_on()

    def _begin(self) -> None:
        """What happened before is nobody's."""
        with self._lock:
            now = self._last_look = time.monotonic_ns()
            self._times = {}
            for ident in thread_idents():
                times = ThreadTime(ident, now, ident == self._main_ident)
                try:
                    times.begin(now)
                except OSError:  # it has just ended
                    continue
                self._times[ident] = times

    def take(self) -> "WallWindow":
        """What was seen since the last call."""
        with self._lock:
            for times in self._times.values():
                if times.last is not None:
                    # It was running at every look: it waited for a core or for the GIL, where it was.
                    times.last.value += times.held_back
                    times.held_back = 0
                    times.last = None
            taken, self._window = self._window, WallWindow()
        return taken

    def _look_around(self) -> None:
        with self._lock:
            now = time.monotonic_ns()
            passed, since, self._last_look = now - self._last_look, self._last_look, now
            running: List[Tuple[ThreadTime, Entry, int]] = []
            all_slept = self._look_at_threads(since, now, running)
            if all_slept and self._is_as_before():
                for entry in self._suspended:
                    self._window.suspended.again(entry).value += passed
            else:
                self._suspended = []
                self._look_at_greenlets(passed)
                self._look_at_tasks(passed)
            # Only now: it lets go of the GIL, and what was on a thread may be suspended afterwards, and count twice.
            if running:
                self._see_who_runs(running)

    def _look_at_threads(self, since: int, now: int, running: List[Tuple[ThreadTime, Entry, int]]) -> bool:
        """Answers whether all threads slept since the last look, which was at `since`: then nothing has changed."""
        idents = thread_idents()
        count = len(idents)
        for ident in idents:
            if ident not in self._times:
                self._times[ident] = ThreadTime(ident, since, ident == self._main_ident)
        if len(self._times) > count:
            self._forget_ended(set(idents), since)
        # Those that are not looked at now are charged for the time until they are.
        awake: Dict[int, _Awake] = {}
        for ident in some_of(idents, MOST_THREADS):
            times = self._times[ident]
            if times.ours:
                continue
            try:
                waited, ran, cpu = times.advance(now)
            except OSError:  # it has ended, and another one has its ident
                times = self._times[ident] = ThreadTime(ident, since, ident == self._main_ident)
                waited, ran, cpu = times.advance(now)
            if ran == 0 and cpu is not None and times.seen is not None:
                # It was not even woken up: it is where it was. Frames, which are slow to get at, are left alone.
                times.held_back += waited
                self._window.on_thread(times.root, waited)
                _settle(times, self._window.waiting.again(times.seen))
            else:
                awake[ident] = _Awake(times, waited, ran, cpu)
        if awake:
            self._look_at_stacks(awake, running)
        return not awake and count <= MOST_THREADS

    def _forget_ended(self, alive: Set[int], since: int) -> None:
        for ident in [ident for ident in self._times if ident not in alive]:
            times = self._times.pop(ident)
            # They were there at the last look, if only as threads that were not looked at.
            if times.seen is not None and since > times.last_time:
                times.held_back += since - times.last_time
                _settle(times, self._window.waiting.again(times.seen))

    def _look_at_stacks(self, awake: "Dict[int, _Awake]", running: List[Tuple[ThreadTime, Entry, int]]) -> None:
        for ident, stack in stacks_of_threads(awake).items():
            times, waited, ran, cpu = awake[ident]
            if not stack:
                continue
            if _is_ours(stack):
                times.ours = True
                continue
            is_main = ident == self._main_ident
            if is_main and isinstance(self._cpu, CpuSampler):
                stack = _without_handler(stack)
                if cpu is not None:
                    self._cpu.catch_up(main_stack(ident), cpu)
            stack = without_marks(stack) + self._main_greenlets.below(ident, stack)
            labels = thread_labels.of(ident, stack, self._main_greenlets.has_hub(ident))
            entry = times.seen = self._window.waiting.of_parts(stack, times.name, labels)
            if ran and not self._cpu_is_seen(is_main):
                self._window.running.of_parts(stack, times.name, labels).value += ran
            times.root = root_of(stack)
            self._window.on_thread(times.root, waited + ran)
            times.held_back += waited
            # A thread that used next to no CPU time is not asked whether it is using some now.
            if cpu is not None and ran * 50 > waited:
                running.append((times, entry, cpu))
            else:
                _settle(times, entry)

    def _see_who_runs(self, candidates: List[Tuple[ThreadTime, Entry, int]]) -> None:
        originals.sleep(_GLANCE)
        for times, entry, before in candidates:
            if times.goes_on(before):
                # What it waited for it waited for elsewhere: the next stack that waits gets it.
                times.last = entry
            else:
                _settle(times, entry)

    def _is_as_before(self) -> bool:
        """Whether the last look at greenlets and tasks was at all that there are."""
        counts = (self._greenlets.count(), count_of_tasks())
        before, self._counts = self._counts, counts
        return counts == before and counts[0] <= MOST_GREENLETS and counts[1] <= MOST_TASKS

    def _look_at_greenlets(self, passed: int) -> None:
        self._greenlets.find()
        some, each = self._greenlets.some(MOST_GREENLETS)
        for greenlet, stack in zip(some, stacks_of_greenlets(some)):
            if stack:
                self._suspend(stack, _labels_of_greenlet(greenlet), passed * each)

    def _look_at_tasks(self, passed: int) -> None:
        some, each = some_tasks(MOST_TASKS)
        for task in some:
            stack = await_chain(task)
            if stack:
                self._suspend(stack, label_context.of_context(context_of(task)), passed * each)

    def _suspend(self, stack: List[Part], labels: Optional[LabelSet], value: float) -> None:
        entry = self._window.suspended.of_parts(stack, None, labels)
        entry.value += round(value)
        self._suspended.append(entry)

    def _cpu_is_seen(self, is_main: bool) -> bool:
        """Whether the CPU sampler has the stacks of what this thread runs."""
        return self._cpu is not None and self._cpu.active and (is_main or isinstance(self._cpu, NativeCpuSampler))


class WallWindow:
    """Wall time between two calls of `take`."""

    __slots__ = ("_on_threads", "running", "suspended", "waiting")

    def __init__(self) -> None:
        self.waiting = Stacks()  # of threads that did not run
        self.running = Stacks()  # of threads that ran and no CPU sampler saw
        self.suspended = Stacks()  # of greenlets and tasks
        self._on_threads: Dict[int, int] = {}

    def on_thread(self, root: int, value: int) -> None:
        """That a thread was seen in a function, or in what it called, for so long."""
        self._on_threads[root] = self._on_threads.get(root, 0) + value

    def finish(self, cpu: Optional[Stacks]) -> None:
        """With what the CPU sampler saw meanwhile."""
        if self.suspended.entries:
            correct(self.suspended, self._on_threads, self.waiting, [self.running] if cpu is None else [self.running, cpu])


class _Awake(NamedTuple):
    """A thread that ran since the last look, or was not looked at before: ns that it waited and ran, its CPU clock."""

    times: ThreadTime
    waited: int
    ran: int
    cpu: Optional[int]


def _settle(times: ThreadTime, entry: Entry) -> None:
    entry.value += times.held_back
    times.held_back = 0
    times.last = None


def runs_in_wall_time(entry: Entry, all_threads: bool) -> bool:
    """Whether CPU time that was sampled there is part of the wall time of a thread that is looked at here."""
    _, module, _ = entry.frames[-1]
    if isinstance(entry.frames[0][0], str) and len(entry.frames) == 1:
        return False  # [other threads], [native thread]…: without Python there is nothing to look at
    return (entry.on_main or all_threads) and not str(module).startswith(_OURS)


def _is_ours(stack: List[Part]) -> bool:
    return str(stack[-1][1].get("__name__")).startswith(_OURS)


def _without_handler(stack: List[Part]) -> List[Part]:
    for depth, (code, _, _) in enumerate(stack[:_HANDLER_DEPTH]):
        if code is CpuSampler._on_sigprof.__code__:
            return stack[depth + 1 :]
    return stack


def _labels_of_greenlet(greenlet: object) -> Optional[LabelSet]:
    try:
        return label_context.of_greenlet(greenlet)
    except ValueError:  # it runs by now, in a thread of its own
        return None
