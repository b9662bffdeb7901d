"""Which event loops there are, and the marks that say when each of them turns (`loop_turns`)."""

import sys
import time
import weakref
from typing import Any, Dict, List

from . import originals
from .asyncio_tasks import running_tasks, some_tasks
from .gevent_hub import is_hub
from .greenlets import Greenlets, instances_of
from .loop_turns import Beats, HubWatch, Turns, unwatch_selector, watch_selector
from .thread_stacks import Part

# Of all tasks and greenlets, how many are asked at each look whose loop they are in.
_ASKED = 8


class Loop:
    """One event loop that is watched."""

    def __init__(self, loop: Any) -> None:
        self._loop = weakref.ref(loop)

    def get(self) -> Any:
        return self._loop()

    def turns(self) -> Turns:
        raise NotImplementedError

    def runs(self) -> bool:
        """Whether somebody waits for it to turn."""
        raise NotImplementedError

    def polls(self, stack: List[Part]) -> bool:
        """Whether a thread with this stack is waiting for something to happen in the loop."""
        raise NotImplementedError

    def unwatch(self) -> None: ...


class AsyncioLoop(Loop):
    def __init__(self, loop: Any, limit: int) -> None:
        super().__init__(loop)
        self._turns = Turns(limit, time.monotonic_ns())
        self._turns.ident = getattr(loop, "_thread_id", None)
        selector = getattr(loop, "_selector", None)
        if selector is None or not watch_selector(selector, self._turns):
            self._turns = beats = Beats(limit)
            loop.call_soon_threadsafe(_begin_beats, weakref.ref(loop), beats)
        else:
            # One turn, out of the poll that it may be in and into one that is watched.
            loop.call_soon_threadsafe(self._turns.begin)

    def turns(self) -> Turns:
        return self._turns

    def runs(self) -> bool:
        loop = self.get()
        return loop is not None and bool(loop.is_running())

    def polls(self, stack: List[Part]) -> bool:
        return stack[0][1].get("__name__") == "selectors"

    def unwatch(self) -> None:
        if isinstance(self._turns, Beats):
            self._turns.stopped = True
        else:
            unwatch_selector(getattr(self.get(), "_selector", None))


class Hub(Loop):
    def __init__(self, hub: Any, limit: int) -> None:
        super().__init__(hub)
        turns, beats = Turns(limit, time.monotonic_ns()), Beats(limit)
        turns.ident = beats.ident = hub.thread_ident
        self._watch = HubWatch(hub, turns, beats)

    def turns(self) -> Turns:
        return self._watch.turns

    def runs(self) -> bool:
        hub = self.get()
        if hub is None or hub.dead or hub.loop is None:
            return False
        # Something is to happen in the loop, or its main greenlet waits. A script that has done with gevent blocks nobody.
        return bool(getattr(hub.loop, "activecnt", 1)) or getattr(hub.parent, "gr_frame", None) is not None

    def polls(self, stack: List[Part]) -> bool:
        return is_hub(stack) and len(stack) == 1

    def unwatch(self) -> None:
        self._watch.stop()


class Loops:
    def __init__(self, limit: int, greenlets: Greenlets) -> None:
        self._limit = limit
        self._greenlets = greenlets
        self._known: Dict[int, Loop] = {}
        self._has_hubs = False

    def find(self) -> List[Loop]:
        """The loops that there are now; new ones are watched from here on."""
        for key, known in list(self._known.items()):
            loop = known.get()
            if loop is None or (isinstance(known, AsyncioLoop) and loop.is_closed()):
                del self._known[key]
        for loop in list(running_tasks()) + [task.get_loop() for task in some_tasks(_ASKED)[0]]:
            if id(loop) not in self._known and not loop.is_closed():
                self._known[id(loop)] = AsyncioLoop(loop, self._limit)
        self._greenlets.find()
        hub_class = getattr(sys.modules.get("gevent.hub"), "Hub", None)
        if hub_class is not None and self._greenlets.follows:
            hubs = [] if self._has_hubs else instances_of(hub_class)  # those that nothing was spawned in
            self._has_hubs = True
            for hub in hubs + [greenlet.parent for greenlet in self._greenlets.some(_ASKED)[0]]:
                self.add_hub(hub, hub_class)
        return self.known()

    def add_hub(self, hub: Any, hub_class: Any) -> None:
        if isinstance(hub, hub_class) and id(hub) not in self._known and hub.loop is not None:
            self._known[id(hub)] = Hub(hub, self._limit)

    def known(self) -> List[Loop]:
        return list(self._known.values())

    def unwatch(self) -> None:
        for known in self._known.values():
            try:
                known.unwatch()
            except Exception:  # a loop that is just being closed
                pass
        self._known = {}

    def forget_turns(self) -> None:
        """In a forked child, or after a pause: what went before is nobody's."""
        for known in self._known.values():
            known.turns().forget()
            known.turns().long.clear()


def _begin_beats(reference: Any, beats: Beats) -> None:
    def beat() -> None:
        beats.beat()
        loop = reference()
        if loop is not None and not beats.stopped:
            loop.call_later(beats.period / 1e9, beat)

    beats.ident = originals.get_ident()
    beat()

