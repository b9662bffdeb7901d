"""Blocked loops: stretches in which an event loop could not turn, by the stack that kept it from turning.

The loop's own thread says when each turn began and ended (`loop_turns`); a look at that thread every 50 ms says what
it was doing. A turn that takes longer than the limit counts from its beginning to its end, to the nanosecond: each
part of it to the stack that the look at the end of the part saw. A turn in which nothing could look, because C
code never let go of the GIL, counts as ``[not seen]``.
"""

import time
from typing import Dict, List, NamedTuple, Optional, Tuple

from . import label_context, originals, thread_labels
from .asyncio_tasks import context_of, running_tasks
from .greenlets import Greenlets
from .loop_turns import without_marks
from .loops import Hub, Loop, Loops
from .lookout import Lookout
from .stacks import LabelSet, Stacks
from .thread_stacks import Part, stacks_of_threads

NOT_SEEN = "[not seen]"
# Of the limit: the age of a turn that is not worth a look yet.
_TOO_YOUNG = 0.35
_MOST_LOOKS = 50.0  # per second
# Of a core, that looks may use.
_SHARE = 0.0035


class _Piece(NamedTuple):
    stack: List[Part]
    labels: Optional[LabelSet]
    value: int  # ns


class _Turn:
    """A turn of a loop that was looked at."""

    def __init__(self, began: int) -> None:
        self.began = began
        self.until = began  # what of it has been charged, or waits in `pieces`
        self.pieces: List[_Piece] = []  # while it is not known whether it will be long
        self.newest: Optional[_Piece] = None


class LoopBlockSampler:
    def __init__(self, milliseconds: float, greenlets: Greenlets, lookout: Lookout) -> None:
        self._limit = limit = round(milliseconds * 1e6)
        # So often that a stretch as long as the limit is met by at least one look.
        self._look = lookout.add(self._look_around, min(max(2e9 / limit, 1.0), _MOST_LOOKS), _SHARE)
        self._loops = Loops(limit, greenlets)
        self._lock = originals.allocate_lock()
        self._greenlets = greenlets
        self._turns: Dict[int, _Turn] = {}
        self._stacks = Stacks()
        self._watches = False

    def stop(self) -> None:
        with self._lock:
            self._finish_all()
            self._loops.unwatch()

    def pause(self) -> None:
        self._look.pause()

    def go_on(self) -> None:
        with self._lock:
            self._turns = {}
            self._loops.forget_turns()
        self._look.go_on()

    def in_child(self, lookout: Lookout) -> "LoopBlockSampler":
        """The sampler of a forked process, whose loops carry this one's marks already."""
        child = LoopBlockSampler(self._limit / 1e6, self._greenlets, lookout)
        child._loops = self._loops
        child._loops.forget_turns()
        return child

    def take(self) -> Optional[Stacks]:
        """What was seen since the last call; None if there is no loop."""
        with self._lock:
            self._finish_all()
            taken, self._stacks = self._stacks, Stacks()
        return taken if self._watches else None

    def _look_around(self) -> None:
        with self._lock:
            self._finish_all()  # a loop that has been closed is not found any more
            loops = self._loops.find()
            self._watches = bool(loops)
            for loop in loops:
                self._look_at(loop)

    def _look_at(self, loop: Loop) -> None:
        turns = loop.turns()
        began = turns.began(time.monotonic_ns())
        self._finish(loop)  # the turns before this one
        # Looks are half a limit apart at most: a turn that is going to be long is met again, or is old enough by now.
        if not began or turns.ident is None or time.monotonic_ns() - began < self._limit * _TOO_YOUNG:
            return
        stack = stacks_of_threads((turns.ident,)).get(turns.ident)
        if not stack or not loop.runs():
            turns.forget()
        elif turns.began(time.monotonic_ns()) == began:
            self._see(loop, began, stack, turns.ident)

    def _see(self, loop: Loop, began: int, stack: List[Part], ident: int) -> None:
        turn = self._turns.get(id(loop))
        if turn is None or turn.began != began:
            if began == loop.turns().guess and loop.polls(stack):  # it was in no turn when it was found
                loop.turns().forget()
                return
            turn = self._turns[id(loop)] = _Turn(began)
        now = time.monotonic_ns()
        turn.newest = _Piece(without_marks(stack), _labels(loop, ident, stack), now - turn.until)
        turn.until = now
        turn.pieces.append(turn.newest)
        if now - began >= self._limit:
            self._charge(turn)

    def _finish_all(self) -> None:
        loops = self._loops.known()
        for loop in loops:
            self._finish(loop)
        if len(self._turns) > len(loops):
            known = {id(loop) for loop in loops}
            self._turns = {key: turn for key, turn in self._turns.items() if key in known}

    def _finish(self, loop: Loop) -> None:
        """Charges the turns that are over."""
        long = loop.turns().long
        while long:
            began, ended = long.popleft()
            turn = self._turns.get(id(loop))
            if turn is None or turn.began != began or turn.newest is None:
                self._stacks.of_name(NOT_SEEN).value += ended - began
                continue
            turn.pieces.append(turn.newest._replace(value=max(0, ended - turn.until)))
            self._charge(turn)
            del self._turns[id(loop)]

    def _charge(self, turn: _Turn) -> None:
        for stack, labels, value in turn.pieces:
            self._stacks.of_parts(stack, None, labels).value += value
        turn.pieces = []


def _labels(loop: Loop, ident: int, stack: List[Part]) -> Optional[LabelSet]:
    if not thread_labels.reads_contexts():
        task = running_tasks().get(loop.get())
        if task is not None:
            return label_context.of_context(context_of(task))
    return thread_labels.of(ident, stack, isinstance(loop, Hub))
