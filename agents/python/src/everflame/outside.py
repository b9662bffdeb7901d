"""What is seen by looking at the program from a thread of the agent's: wall time, and blocked loops."""

from typing import Optional, Union

from .cpu_sampler import CpuSampler
from .greenlets import Greenlets
from .lookout import Lookout
from .loop_block import LoopBlockSampler
from .native_cpu import NativeCpuSampler
from .settings import Settings
from .stacks import Stacks
from .thread_times import HAS_CLOCKS
from .wall_sampler import WallSampler, WallWindow
from .window import LOOP_BLOCK, OFF_CPU, WALL, FrameNamer, Window, add_stacks


class Outside:
    def __init__(
        self,
        settings: Settings,
        main_ident: int,
        cpu: Union[NativeCpuSampler, CpuSampler, None],
        parent: Optional["Outside"] = None,
    ) -> None:
        """`parent` is that of the process that this one was forked from."""
        self._lookout = Lookout()
        self._greenlets: Greenlets = Greenlets() if parent is None else parent._greenlets
        self.wall: Optional[WallSampler] = None
        self._loops: Optional[LoopBlockSampler] = None
        if settings.wall_rate:
            self.wall = WallSampler(settings.wall_rate, main_ident, cpu, self._greenlets, self._lookout)
        if parent is not None and parent._loops is not None:
            self._loops = parent._loops.in_child(self._lookout)
        elif settings.loop_block:
            self._loops = LoopBlockSampler(settings.loop_block, self._greenlets, self._lookout)

    def start(self) -> None:
        self._greenlets.find()
        self._lookout.start()

    def stop(self) -> None:
        """Looks no more; the last `take` gets the rest."""
        self._lookout.stop()
        self._greenlets.stop()
        if self._loops is not None:
            self._loops.stop()

    def pause(self) -> None:
        for sampler in (self.wall, self._loops):
            if sampler is not None:
                sampler.pause()

    def go_on(self) -> None:
        for sampler in (self.wall, self._loops):
            if sampler is not None:
                sampler.go_on()

    def take(self) -> "Seen":
        """What was seen since the last call."""
        return Seen(
            self.wall.take() if self.wall is not None else None,
            self._loops.take() if self._loops is not None else None,
        )


class Seen:
    def __init__(self, wall: Optional[WallWindow], blocked: Optional[Stacks]) -> None:
        self._wall = wall
        self._blocked = blocked

    def add_to(self, window: Window, namer: FrameNamer, cpu: Optional[Stacks]) -> None:
        """`cpu` is what the CPU sampler saw meanwhile."""
        if self._wall is not None:
            self._wall.finish(cpu)
            off = (OFF_CPU,) if HAS_CLOCKS else ()
            add_stacks(window, self._wall.waiting, namer, WALL, *off)
            add_stacks(window, self._wall.suspended, namer, WALL, *off)
            add_stacks(window, self._wall.running, namer, WALL)
        if self._blocked is not None:
            add_stacks(window, self._blocked, namer, LOOP_BLOCK)
