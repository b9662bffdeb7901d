"""A window: what one process showed between two moments, in names instead of objects.

It has a column for each type that was measured: CPU and wall time always, others where a sampler declares them.
A row is a stack with one set of labels; a sampler adds to the columns that it measures.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .label_bounds import LabelBounds
from .lines import LineFinder
from .originals import let_others_run
from .stacks import LabelSet, RawFrame, Stacks


class Frame(NamedTuple):
    function: str
    file: str
    first_line: int
    module: str
    line: int


Stack = Tuple[Frame, ...]  # leaf first, as pprof has it
Row = Tuple[Stack, LabelSet]


class ValueType(NamedTuple):
    """What is measured, by the names that pprof and the server have for it."""

    name: str
    unit: str
    level: bool = False  # how much there is, not how much there was: two windows of it do not add up


CPU = ValueType("cpu", "nanoseconds")
WALL = ValueType("wall", "nanoseconds")
OFF_CPU = ValueType("off_cpu", "nanoseconds")  # the part of wall time in which it did not run
LOOP_BLOCK = ValueType("loop_block", "nanoseconds")
ALLOC_OBJECTS = ValueType("alloc_objects", "count")
ALLOC_SPACE = ValueType("alloc_space", "bytes")
INUSE_OBJECTS = ValueType("inuse_objects", "count", level=True)
INUSE_SPACE = ValueType("inuse_space", "bytes", level=True)


class Window:
    def __init__(self, start_ns: int, end_ns: int, rate: float) -> None:
        self.start_ns = start_ns  # unix time
        self.end_ns = end_ns
        self.rate = rate  # Hz at which CPU time was sampled, 0 if it was not
        self.samples = 0
        self.dropped = 0  # samples that were lost before they got here
        self.types: List[ValueType] = [CPU, WALL]
        self.rows: Dict[Row, List[int]] = {}  # values in the order of `types`; what is missing at the end is 0
        self.labels = LabelBounds()
        # The capture that this window is, and the rate of its sampler; such a window is merged with no other.
        self.capture: Optional[str] = None
        self.capture_rate: Optional[float] = None

    def declare(self, *types: ValueType) -> None:
        """Says that something is measured: a window in which nothing of it was seen then says that, too."""
        for type in types:
            if type not in self.types:
                self.types.append(type)

    def add(self, stack: Stack, values: Mapping[ValueType, int], labels: Optional[LabelSet] = None) -> None:
        """Adds values, none of them negative, to a stack, leaf first."""
        row = (stack, self.labels.within(labels) if labels else ())
        found = self.rows.get(row)
        if found is None:
            found = self.rows[row] = [0] * len(self.types)
        for type, value in values.items():
            if type not in self.types:
                self.types.append(type)
            column = self.types.index(type)
            if column >= len(found):
                found += [0] * (column + 1 - len(found))
            found[column] += value

    def merge(self, later: "Window") -> None:
        """Makes one window of two, as an outage does: times add up, the resolution in time is what is lost."""
        self.end_ns = max(self.end_ns, later.end_ns)
        self.rate = min(self.rate, later.rate)
        self.samples += later.samples
        self.dropped += later.dropped
        if self.capture_rate is not None and later.capture_rate is not None:
            self.capture_rate = min(self.capture_rate, later.capture_rate)
        self.labels.merged += later.labels.merged
        self.declare(*later.types)
        for type in later.types:
            if type.level:  # the later one says how it is now
                self._clear(self.types.index(type))
        for (stack, labels), values in later.rows.items():
            self.add(stack, dict(zip(later.types, values)), labels)

    def total(self, type: ValueType) -> int:
        if type not in self.types:
            return 0
        column = self.types.index(type)
        return sum(values[column] for values in self.rows.values() if column < len(values))

    def _clear(self, column: int) -> None:
        for values in self.rows.values():
            if column < len(values):
                values[column] = 0


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


def add_stacks(window: Window, stacks: Stacks, namer: FrameNamer, *types: ValueType, main_only: Tuple[ValueType, ...] = ()) -> None:
    """Adds what a sampler saw to these types; and to `main_only` what of it was in the main thread."""
    window.samples += stacks.samples
    window.declare(*types, *main_only)
    for count, entry in enumerate(stacks.entries.values(), 1):
        if count % 50 == 0:
            let_others_run()
        if entry.value > 0 and entry.frames:
            values = dict.fromkeys(types + main_only if entry.on_main else types, entry.value)
            window.add(namer.stack(entry.frames), values, entry.labels)
