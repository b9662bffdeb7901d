"""Stacks and what was measured in them, kept so that adding one is cheap.

A stack is known by ``id(code), f_lasti`` of each frame, leaf first. Hashing code objects costs as much as
formatting names, and asking a frame for its line walks a table; instructions become lines at the end of a
window (`lines`), names likewise. Measured at depth 40, µs a sample on 3.8 / 3.11 / 3.13: ids alone 4.8 / 4.0 /
5.5, with f_lasti 5.6 / 5.1 / 7.0, with f_lineno 5.9 / 6.7 / 8.1 (more in long functions), formatted strings
12.3 / 10.7 / 11.5. An id stays valid because the code object is held for as long as the table lives.
"""

from types import CodeType, FrameType
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

MAX_DEPTH = 192
MAX_STACKS = 4096

TRUNCATED = "[truncated]"
OTHER_THREADS = "[other threads]"

# Code (or a name, for a frame that no code stands for), its globals' __name__, and the instruction.
RawFrame = Tuple[Union[CodeType, str], Any, int]
Key = Tuple[object, ...]
# Labels of samples: pairs of name and value in name order, or None (`labels` makes them).
LabelSet = Tuple[Tuple[str, str], ...]


class Entry:
    """One stack, leaf first, with one set of labels, and its value in nanoseconds."""

    __slots__ = ("frames", "key", "labels", "on_main", "value")

    def __init__(self, frames: Tuple[RawFrame, ...], on_main: bool = True, labels: Optional[LabelSet] = None) -> None:
        self.frames = frames
        self.labels = labels
        self.value = 0
        self.key: Optional[Key] = None  # for `again`
        self.on_main = on_main  # the main thread's, whose wall time is its CPU time and its waiting


class Stacks:
    """Not thread-safe: the owner locks. Holds code, but never a frame: frames hold the program's objects."""

    __slots__ = ("entries", "samples")

    def __init__(self) -> None:
        self.entries: Dict[Key, Entry] = {}
        self.samples = 0

    def of_chain(self, leaf: Optional[FrameType], labels: Optional[LabelSet] = None) -> Entry:
        """The entry of the stack that ends in `leaf`. Runs in a signal handler: a plain loop, no calls."""
        self.samples += 1
        key: List[object] = [] if labels is None else [labels]
        push = key.append
        frame = leaf
        depth = MAX_DEPTH
        while frame is not None and depth:
            push(id(frame.f_code))
            push(frame.f_lasti)
            frame = frame.f_back
            depth -= 1
        if frame is not None:
            push(TRUNCATED)
        known = self.entries.get(tuple(key))
        if known is not None:
            return known
        frames: List[FrameType] = []
        frame = leaf
        while frame is not None and len(frames) < MAX_DEPTH:
            frames.append(frame)
            frame = frame.f_back
        return self._insert(tuple(key), frames, frame is not None, labels)

    def of_frames(self, stack: List[FrameType], labels: Optional[LabelSet] = None) -> Entry:
        """The entry of a stack given frame by frame, leaf first."""
        self.samples += 1
        frames = stack[:MAX_DEPTH]
        key: List[object] = [] if labels is None else [labels]
        for frame in frames:
            key += (id(frame.f_code), frame.f_lasti)
        cut = len(stack) > MAX_DEPTH
        if cut:
            key.append(TRUNCATED)
        return self.entries.get(tuple(key)) or self._insert(tuple(key), frames, cut, labels)

    def of_parts(self, parts: Sequence[Any], root: Optional[str] = None, labels: Optional[LabelSet] = None) -> Entry:
        """The entry of a stack that was read as (code, globals, instruction), leaf first, below a box of its own."""
        self.samples += 1
        shown = parts[:MAX_DEPTH]
        key: List[object] = [root, labels]
        for code, _, instruction in shown:
            key += (id(code), instruction)
        if len(parts) > MAX_DEPTH:
            key.append(TRUNCATED)
        entry = self.entries.get(tuple(key))
        if entry is None:
            if len(self.entries) >= MAX_STACKS:
                return self.of_name(TRUNCATED)
            raw: Tuple[RawFrame, ...] = tuple([(code, scope.get("__name__"), at) for code, scope, at in shown])
            if len(parts) > MAX_DEPTH:
                raw += ((TRUNCATED, None, 0),)
            if root is not None:
                raw += ((root, None, 0),)
            entry = self.entries[tuple(key)] = Entry(raw, labels=labels)
            entry.key = tuple(key)
        return entry

    def again(self, known: Entry) -> Entry:
        """The entry here of a stack that `of_parts` gave an entry for in another table."""
        self.samples += 1
        if known.key is None:
            return self.of_name(TRUNCATED)
        entry = self.entries.get(known.key)
        if entry is None:
            if len(self.entries) >= MAX_STACKS:
                return self.of_name(TRUNCATED)
            entry = self.entries[known.key] = Entry(known.frames, labels=known.labels)
            entry.key = known.key
        return entry

    def of_raw(self, raw: Tuple[RawFrame, ...], labels: Optional[LabelSet] = None, on_main: bool = True) -> Entry:
        """The entry of a stack that was read already, leaf first. Hashes code objects: not for a signal handler."""
        key: Key = (raw, labels, on_main)
        entry = self.entries.get(key)
        if entry is None:
            if len(self.entries) >= MAX_STACKS:
                return self.of_name(TRUNCATED)
            entry = self.entries[key] = Entry(raw, on_main, labels)
        return entry

    def of_name(self, name: str) -> Entry:
        """The entry of a stack of a single frame that no code stands for."""
        key = (name,)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = Entry(((name, None, 0),), on_main=name is not OTHER_THREADS)
        return entry

    def _insert(self, key: Key, frames: Iterable[FrameType], cut: bool, labels: Optional[LabelSet]) -> Entry:
        if len(self.entries) >= MAX_STACKS:
            return self.of_name(TRUNCATED)
        raw: Tuple[RawFrame, ...] = tuple(
            [(frame.f_code, frame.f_globals.get("__name__"), frame.f_lasti) for frame in frames]
        )
        # What is cut off is the root's side: the leaf's says what the time goes to, and finding the root of
        # an endless recursion would cost the program a walk over all of it, a hundred times a second.
        entry = self.entries[key] = Entry(raw + ((TRUNCATED, None, 0),) if cut else raw, labels=labels)
        return entry
