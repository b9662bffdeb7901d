"""One agent: the samplers of one process and what brings their windows to the server."""

import logging
import time
from typing import Callable, List, Optional, Union

from . import label_context, spans
from .clocks import cpu_clock_of, main_thread_ident
from .control import Capture, Steering
from .cpu_sampler import CpuSampler
from .frames import can_read_other_threads
from .label_bounds import MAX_LABEL_SETS
from .log import from_own_thread, logger
from .memory import NativeMemorySampler, TracemallocSampler, start_memory_sampler
from .native_cpu import NativeCpuSampler
from .nylas_port import NylasPort
from .outside import Outside
from .pusher import Pusher
from .settings import Settings
from .stream import prepare
from .wall_sampler import WallSampler, runs_in_wall_time
from .window import CPU, WALL, FrameNamer, Window, add_stacks

# A child that is forked to run another program does so within milliseconds. One that has not by then is here
# to stay, and only then gets a timer; what CPU time it used until then its first sample counts.
ARM_DELAY_AFTER_FORK = 0.1


class Agent:
    def __init__(self, settings: Settings, steering: Optional[Steering] = None) -> None:
        self.settings = settings
        self._cpu: Union[NativeCpuSampler, CpuSampler, None] = None
        self._outside: Optional[Outside] = None
        self._memory: Union[NativeMemorySampler, TracemallocSampler, None] = None
        self.steering = steering or Steering(settings.window)
        self._pusher = Pusher(settings, self, self.steering)
        self._nylas: Optional[NylasPort] = None
        self._capturing: Optional[str] = None
        self._said_labels = False
        self._began = time.monotonic_ns()
        self._splits = False  # wall time is CPU time, from the one sampler, and waiting, from the other

    def start(self) -> None:
        prepare(self.settings.server)
        ident = main_thread_ident()
        clock = cpu_clock_of(ident)
        if self.settings.rate:
            self._cpu = _cpu_sampler(self.settings.rate, ident, clock)
        if self.settings.wall_rate or self.settings.loop_block:
            if can_read_other_threads():
                self._outside = Outside(self.settings, ident, self._cpu)
            else:
                logger.warning(
                    "wall time and blocked loops are not sampled: this Python has no GIL, and reading a running stack crashes it"
                )
        if self.settings.memory:
            self._memory, without_native = start_memory_sampler(self.settings.memory_interval)
            if without_native is not None:
                logger.warning("the heap is read by tracemalloc, which is slow: the native part is not used: %s", without_native)
        if self._is_idle():
            logger.warning("nothing is sampled in this process")
            return
        if self.settings.spans:
            spans.follow()
        logger.info("profiling %s, sending to %s", self.settings.service_name, self.settings.server)
        self._start_threads(0, clock)

    def start_after_fork(self, parent: "Agent") -> None:
        """Goes on in a forked child with what the parent was sampling."""
        parent._pusher.close_inherited()
        if parent._nylas is not None:
            parent._nylas.close_inherited()
        label_context.forget_threads_of_parent()
        if parent._is_idle():
            return
        ident = main_thread_ident()
        clock = cpu_clock_of(ident)
        if parent._cpu is not None and parent._cpu.active:
            if isinstance(parent._cpu, NativeCpuSampler):
                self._cpu = NativeCpuSampler(self.settings.rate, label_context.current)
            else:
                self._cpu = CpuSampler(self.settings.rate, ident, clock)
            self._cpu.reinstall_after_fork()
        if parent._memory is not None:
            self._memory = parent._memory
            self._memory.start_after_fork()
        if parent._outside is not None:
            self._outside = Outside(self.settings, ident, self._cpu, parent._outside)
        self._start_threads(ARM_DELAY_AFTER_FORK, clock)

    def stop(self, within: float) -> None:
        """Stops sampling, and sends what there is within so many seconds."""
        if self._is_idle():
            return
        if self._cpu is not None:
            self._cpu.stop()
        if self._outside is not None:
            self._outside.stop()
        if self.settings.spans:
            spans.follow_no_more()
        if self._nylas is not None:
            self._nylas.stop()
        self._pusher.stop(within)
        if self._memory is not None:
            self._memory.stop()  # after its last window

    @property
    def _wall(self) -> Optional[WallSampler]:
        return self._outside.wall if self._outside is not None else None

    def _is_idle(self) -> bool:
        return self._cpu is None and self._outside is None and self._memory is None

    def suspend(self) -> None:
        if self._cpu is not None:
            self._cpu.suspend()

    def resume(self) -> None:
        if self._cpu is not None:
            self._cpu.resume()

    def _start_threads(self, arm_after: float, clock: Optional[Callable[[], int]]) -> None:
        self._splits = self._wall is not None and clock is not None
        if self._outside is not None:
            self._outside.start()
        if self.settings.nylas_port is not None:
            self._nylas = NylasPort(self.settings.nylas_port, self._pusher.close_window)
            self._nylas.start(arm_after)
        self._pusher.start(arm_after, self._cpu.arm if self._cpu is not None else lambda: None)

    # What follows runs in the pusher's thread (`Sampling`).

    def pause(self) -> None:
        for sampler in (self._cpu, self._outside):
            if sampler is not None:
                sampler.pause()
        if self._memory is not None:
            self._memory.stop()

    def go_on(self) -> None:
        self._began = time.monotonic_ns()
        for sampler in (self._cpu, self._outside):
            if sampler is not None:
                sampler.go_on()
        if self._memory is not None:
            self._memory.start()

    def set_rate(self, hz: Optional[float]) -> None:
        wanted = self.settings.rate if hz is None else hz
        if self._cpu is not None and self._cpu.wanted_rate != wanted:
            self._cpu.set_rate(wanted)

    def captures(self) -> List[str]:
        has = {
            "cpu": self._cpu is not None and self._cpu.active,
            "wall": self._wall is not None,
            # Only where the program chose it: the server alone does not put hooks under a program's allocator.
            "heap": self._memory is not None,
        }
        return [type for type in has if has[type]]

    def why_no_capture(self, capture: Capture) -> Optional[str]:
        if capture.type in self.captures():
            return None
        if capture.type == "heap":
            return "the heap is not sampled in this process: set EVERFLAME_MEMORY=1"
        return "{} is not sampled in this process".format(capture.type)

    def begin_capture(self, capture: Capture) -> None:
        self._capturing = capture.type
        if capture.type == "cpu" and self._cpu is not None and capture.hz is not None:
            self._cpu.set_rate(capture.hz)
        elif capture.type == "wall" and self._wall is not None and capture.hz is not None:
            self._wall.set_rate(capture.hz)

    def end_capture(self, capture: Capture) -> None:
        """What `set_rate` sets is set by it, with the next window."""
        if self._capturing == "wall" and self._wall is not None:
            self._wall.set_rate(self.settings.wall_rate)
        self._capturing = None

    def collect(self) -> Window:
        """Closes the current window."""
        now, end_ns = time.monotonic_ns(), time.time_ns()
        cpu = self._cpu.take() if self._cpu is not None else None
        seen = self._outside.take() if self._outside is not None else None
        # The end by the wall clock and the length by the monotonic one: a clock that is set makes no gap.
        window = Window(end_ns - (now - self._began), end_ns, cpu.rate if cpu is not None else 0)
        self._began = now
        namer = FrameNamer()
        if cpu is not None:
            used = sum(entry.value for entry in cpu.stacks.entries.values())
            for entry in cpu.stacks.entries.values():
                entry.on_main = runs_in_wall_time(entry, isinstance(self._cpu, NativeCpuSampler))
            add_stacks(window, cpu.stacks, namer, CPU, main_only=(WALL,) if self._splits else ())
            window.dropped = cpu.dropped
            assert self._cpu is not None
            message = self._cpu.tend(used)
            if message is not None:
                from_own_thread(logging.WARNING, "%s", message)
        if seen is not None:
            seen.add_to(window, namer, cpu.stacks if cpu is not None else None)
        if self._memory is not None:
            self._memory.add_to(window, namer)
        if self._capturing == "wall" and self._wall is not None:
            window.capture_rate = self._wall.rate
        if self._nylas is not None:
            self._nylas.add(window)
        if window.labels.merged and not self._said_labels:
            self._said_labels = True
            from_own_thread(
                logging.WARNING,
                "more than %d different sets of labels in one window: the others count without labels; "
                "label by route or kind, not by id",
                MAX_LABEL_SETS,
            )
        return window


def _cpu_sampler(
    rate: float, ident: int, clock: Optional[Callable[[], int]]
) -> Union[NativeCpuSampler, CpuSampler, None]:
    """The native sampler, or the one of pure Python; None, and why, if neither can have SIGPROF."""
    native = NativeCpuSampler(rate, label_context.current)
    without_native = native.install()
    if without_native is None:
        return native
    cpu = CpuSampler(rate, ident, clock)
    refusal = cpu.install()
    if refusal is not None:
        logger.warning("CPU time is not sampled: %s", refusal)
        return None
    logger.info(
        "only the main thread's functions are sampled, other threads' CPU time is one box: "
        "the native part is not used: %s",
        without_native,
    )
    return cpu
