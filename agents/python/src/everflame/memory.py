"""The heap, where it is asked for: what is alive and what was allocated, by the stack that allocated it.

The native part samples allocations, one in `interval` bytes on average, and follows those until they are freed.
Without it there is tracemalloc, which follows every allocation: it says what is alive, not what was allocated,
knows lines and no functions, and makes programs that allocate much several times slower (README).
"""

import os
from typing import Any, Dict, List, Optional, Tuple

from . import native, originals
from .module_names import ModuleNames
from .stacks import MAX_STACKS, TRUNCATED, RawFrame
from .window import ALLOC_OBJECTS, ALLOC_SPACE, INUSE_OBJECTS, INUSE_SPACE, Frame, FrameNamer, Stack, Window

# Stacks that are made into Python objects at a time, with the GIL held.
_AT_ONCE = 20
# Frames that tracemalloc keeps of each allocation: each costs it time and memory.
_TRACEMALLOC_DEPTH = 16


class NativeMemorySampler:
    def __init__(self, interval: float) -> None:
        self._interval = interval

    def start(self) -> Optional[str]:
        """Answers why not, if not."""
        if native.module is None:
            return native.missing
        try:
            native.module.memory_start(self._interval)
        except RuntimeError as error:
            return str(error)
        return None

    def start_after_fork(self) -> None:
        """What is alive is alive in the child too; what the parent allocated, the parent says."""
        native.module.memory_take()

    def stop(self) -> None:
        """Takes no further samples, and forgets those that were taken as they are freed."""
        native.module.memory_stop()

    def add_to(self, window: Window, namer: FrameNamer) -> None:
        window.declare(INUSE_SPACE, INUSE_OBJECTS, ALLOC_SPACE, ALLOC_OBJECTS)
        batch, dropped = native.module.memory_take()
        window.dropped += dropped
        names = ModuleNames()
        while True:
            found = batch.next(_AT_ONCE)
            if not found:
                return
            for frames, (live, live_count, allocated, count), _, truncated, _ in found:
                raw: List[RawFrame] = [(code, names.name(scope, code), offset) for code, scope, offset in frames]
                if truncated:
                    raw.append((TRUNCATED, None, 0))
                values = {
                    INUSE_SPACE: max(0, round(live)),
                    INUSE_OBJECTS: max(0, round(live_count)),
                    ALLOC_SPACE: round(allocated),
                    ALLOC_OBJECTS: round(count),
                }
                window.add(namer.stack(tuple(raw or [("[no Python frame]", None, 0)])), values)
            originals.let_others_run()


class TracemallocSampler:
    def __init__(self) -> None:
        self._module: Any = None
        self._ours = False

    def start(self) -> Optional[str]:
        import tracemalloc

        self._module = tracemalloc
        if not tracemalloc.is_tracing():
            tracemalloc.start(_TRACEMALLOC_DEPTH)
            self._ours = True
        return None

    def start_after_fork(self) -> None:
        pass  # it goes on, and what was alive still is

    def stop(self) -> None:
        if self._ours:
            self._module.stop()

    def add_to(self, window: Window, namer: FrameNamer) -> None:
        window.declare(INUSE_SPACE, INUSE_OBJECTS)
        if not self._module.is_tracing():  # the program has stopped it
            return
        sums: Dict[Any, List[int]] = {}
        for count, trace in enumerate(self._module.take_snapshot().traces._traces, 1):
            if count % 2000 == 0:
                originals.let_others_run()
            _, size, frames = trace[:3]
            values = sums.get(frames)
            if values is None:
                if len(sums) >= MAX_STACKS:
                    frames = ((TRUNCATED, 0),)
                values = sums.setdefault(frames, [0, 0])
            values[0] += size
            values[1] += 1
        for frames, (size, objects) in sums.items():
            window.add(_lines(frames), {INUSE_SPACE: size, INUSE_OBJECTS: objects})


def _lines(frames: Tuple[Tuple[str, int], ...]) -> Stack:
    """tracemalloc knows files and lines; the file's name stands for the function. Most recent first, as pprof."""
    stack = []
    for file, line in frames:
        name = os.path.basename(file) if line else file
        stack.append(Frame(name, file if line else "", 0, "", line))
    return tuple(stack)


def start_memory_sampler(interval: float) -> "Tuple[NativeMemorySampler | TracemallocSampler, Optional[str]]":
    """A sampler that runs, and why it is not the native one."""
    sampler = NativeMemorySampler(interval)
    without_native = sampler.start()
    if without_native is None:
        return sampler, None
    fallback = TracemallocSampler()
    fallback.start()
    return fallback, without_native
