"""A window: what one process showed between two moments, in names instead of objects."""

from typing import Any, Dict, List, NamedTuple, Tuple

from .lines import LineFinder
from .originals import let_others_run
from .stacks import OTHER_THREADS, RawFrame, Stacks


class Frame(NamedTuple):
    function: str
    file: str
    first_line: int
    module: str
    line: int


Stack = Tuple[Frame, ...]  # leaf first, as pprof has it


class Window:
    def __init__(self, start_ns: int, end_ns: int, rate: float) -> None:
        self.start_ns = start_ns  # unix time
        self.end_ns = end_ns
        self.rate = rate  # Hz at which CPU time was sampled, 0 if it was not
        self.samples = 0
        self.dropped = 0  # samples that were lost before they got here
        self.values: Dict[Stack, List[int]] = {}  # CPU and wall time, ns

    def add(self, stack: Stack, cpu: int, wall: int) -> None:
        values = self.values.setdefault(stack, [0, 0])
        values[0] += cpu
        values[1] += wall

    def merge(self, later: "Window") -> None:
        """Makes one window of two, as an outage does: times add up, the resolution in time is what is lost."""
        self.end_ns = max(self.end_ns, later.end_ns)
        self.rate = min(self.rate, later.rate)
        self.samples += later.samples
        self.dropped += later.dropped
        for stack, (cpu, wall) in later.values.items():
            self.add(stack, cpu, wall)


class FrameNamer:
    """Frames as names. Frames that are the same come out as the same object; meant to live for one window."""

    def __init__(self) -> None:
        self._lines = LineFinder()
        self._frames: Dict[Any, Frame] = {}

    def stack(self, raw: Tuple[RawFrame, ...]) -> Stack:
        return tuple([self._frame(frame) for frame in raw])

    def _frame(self, raw: RawFrame) -> Frame:
        source, module, instruction = raw
        # By identity: hashing a code object is slow, and code that is equal may still be from another file.
        key = (id(source), module if isinstance(module, str) else "", instruction)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._name(source, key[1], instruction)
        return frame

    def _name(self, source: Any, module: str, instruction: int) -> Frame:
        if isinstance(source, str):
            return Frame(source, "", 0, "", 0)
        return Frame(
            getattr(source, "co_qualname", source.co_name),  # qualified from 3.11 on
            source.co_filename,
            source.co_firstlineno,
            module,
            self._lines.line(source, instruction),
        )


def add_stacks(window: Window, stacks: Stacks, namer: FrameNamer, cpu: bool, wall: bool) -> None:
    """Adds what a sampler saw, as CPU time, as wall time or as both."""
    window.samples += stacks.samples
    for count, entry in enumerate(stacks.entries.values(), 1):
        if count % 50 == 0:
            let_others_run()
        if entry.value > 0 and entry.frames:
            on_main = entry.frames[0][0] is not OTHER_THREADS  # wall time is the main thread's
            window.add(namer.stack(entry.frames), entry.value if cpu else 0, entry.value if wall and on_main else 0)
