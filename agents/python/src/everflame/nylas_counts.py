"""CPU time as the counts of nylas-perftools' sampler, since the last reset."""

import re
import time
from typing import Dict, Tuple

from . import originals
from .stacks import MAX_STACKS, TRUNCATED
from .window import CPU, Frame, Stack, Window

# Seconds of CPU time to a count, as that sampler had it: what was collected before stays comparable.
GRANULARITY = 0.005
_NANOS = round(GRANULARITY * 1e9)
# Different stacks between two resets; nobody may ever ask.
MAX_LINES = 4 * MAX_STACKS

# The old collector drops lines with more than one space, and `;` is between frames.
_NOT_IN_FRAME = re.compile(r"[\s;]")


class NylasCounts:
    def __init__(self) -> None:
        self._lock = originals.allocate_lock()
        self._since = time.monotonic()
        self._nanos: Dict[str, int] = {}

    def add(self, window: Window) -> None:
        column = window.types.index(CPU)
        lines: Dict[Frame, str] = {}
        with self._lock:
            for (stack, _), values in window.rows.items():
                if values[column]:
                    line = _line(stack, lines)
                    if line not in self._nanos and len(self._nanos) >= MAX_LINES:
                        line = TRUNCATED
                    self._nanos[line] = self._nanos.get(line, 0) + values[column]

    def text(self) -> Tuple[bytes, Dict[str, int]]:
        """What is to be answered, and what was counted in it."""
        with self._lock:
            counts = {line: nanos // _NANOS for line, nanos in self._nanos.items() if nanos >= _NANOS}
            head = ["elapsed {}".format(time.monotonic() - self._since), "granularity {}".format(GRANULARITY)]
        most_first = sorted(counts, key=lambda line: (-counts[line], line))
        lines = head + ["{} {}".format(line, counts[line]) for line in most_first] + [""]
        return "\n".join(lines).encode("utf-8", "replace"), counts

    def forget(self, counts: Dict[str, int]) -> None:
        """Counts anew from what was answered; what did not make a whole count stays for the next time."""
        with self._lock:
            self._since = time.monotonic()
            for line, count in counts.items():
                rest = self._nanos.pop(line) - count * _NANOS
                if rest > 0:
                    self._nanos[line] = rest


def _line(stack: Stack, known: Dict[Frame, str]) -> str:
    texts = []
    for frame in reversed(stack):
        text = known.get(frame)
        if text is None:
            text = known[frame] = _frame(frame)
        texts.append(text)
    return ";".join(texts)


def _frame(frame: Frame) -> str:
    """`function(module)`, with the function's own name: that sampler knew no qualified ones."""
    name = frame.function.rpartition(".")[2] if frame.module else frame.function
    text = "{}({})".format(name, frame.module) if frame.module else name
    return _NOT_IN_FRAME.sub("_", text)
