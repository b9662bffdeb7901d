"""One agent: the samplers of one process and what brings their windows to the server."""

import logging
import time
from typing import Callable, Optional

from .clocks import cpu_clock_of, main_thread_ident
from .cpu_sampler import CpuSampler
from .frames import can_read_other_threads
from .log import from_own_thread, logger
from .outbox import Outbox
from .push import Identity
from .pusher import Pusher
from .settings import Settings
from .stream import prepare
from .wall_sampler import WallSampler
from .window import FrameNamer, Window, add_stacks

# A child that is forked to run another program does so within milliseconds. One that has not by then is here
# to stay, and only then gets a timer; what CPU time it used until then its first sample counts.
ARM_DELAY_AFTER_FORK = 0.1


class Agent:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._cpu: Optional[CpuSampler] = None
        self._wall: Optional[WallSampler] = None
        self._pusher = Pusher(
            settings, Outbox(Identity.of_this_process(settings), settings.server.path), self._collect
        )
        self._began = time.monotonic_ns()
        self._splits = False  # wall time is CPU time, from the one sampler, and waiting, from the other

    def start(self) -> None:
        prepare(self.settings.server)
        ident = main_thread_ident()
        clock = cpu_clock_of(ident)
        if self.settings.rate:
            cpu = CpuSampler(self.settings.rate, ident, clock)
            refusal = cpu.install()
            if refusal is None:
                self._cpu = cpu
            else:
                logger.warning("CPU time is not sampled: %s", refusal)
        if self.settings.wall_rate:
            if can_read_other_threads():
                self._wall = WallSampler(self.settings.wall_rate, ident, clock, self._cpu)
            else:
                logger.warning("wall time is not sampled: this Python has no GIL, and reading a running stack crashes it")
        if self._cpu is None and self._wall is None:
            logger.warning("nothing is sampled in this process")
            return
        logger.info("profiling %s, sending to %s", self.settings.service_name, self.settings.server)
        self._start_threads(0, clock)

    def start_after_fork(self, parent: "Agent") -> None:
        """Goes on in a forked child with what the parent was sampling."""
        parent._pusher.close_inherited()
        if parent._cpu is None and parent._wall is None:
            return
        ident = main_thread_ident()
        clock = cpu_clock_of(ident)
        if parent._cpu is not None and parent._cpu.active:
            self._cpu = CpuSampler(self.settings.rate, ident, clock)
            self._cpu.reinstall_after_fork()
        if parent._wall is not None:
            self._wall = WallSampler(self.settings.wall_rate, ident, clock, self._cpu)
        self._start_threads(ARM_DELAY_AFTER_FORK, clock)

    def stop(self, within: float) -> None:
        """Stops sampling, and sends what there is within so many seconds."""
        if self._cpu is None and self._wall is None:
            return
        if self._cpu is not None:
            self._cpu.stop()
        if self._wall is not None:
            self._wall.stop()
        self._pusher.stop(within)

    def suspend(self) -> None:
        if self._cpu is not None:
            self._cpu.suspend()

    def resume(self) -> None:
        if self._cpu is not None:
            self._cpu.resume()

    def _start_threads(self, arm_after: float, clock: Optional[Callable[[], int]]) -> None:
        self._splits = self._wall is not None and clock is not None
        if self._wall is not None:
            self._wall.start()
        self._pusher.start(arm_after, self._cpu.arm if self._cpu is not None else lambda: None)

    def _collect(self) -> Window:
        """Closes the current window; runs in the pusher's thread."""
        now, end_ns = time.monotonic_ns(), time.time_ns()
        cpu = self._cpu.take() if self._cpu is not None else None
        wall = self._wall.take() if self._wall is not None else None
        # The end by the wall clock and the length by the monotonic one: a clock that is set makes no gap.
        window = Window(end_ns - (now - self._began), end_ns, cpu.rate if cpu is not None else 0)
        self._began = now
        namer = FrameNamer()
        if cpu is not None:
            used = sum(entry.value for entry in cpu.stacks.entries.values())
            add_stacks(window, cpu.stacks, namer, cpu=True, wall=self._splits)
            window.dropped = cpu.dropped
            assert self._cpu is not None
            message = self._cpu.tend(used)
            if message is not None:
                from_own_thread(logging.WARNING, "%s", message)
        if wall is not None:
            add_stacks(window, wall, namer, cpu=False, wall=True)
        return window
