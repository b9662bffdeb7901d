"""Which greenlets there are: those that gevent tells of when it spawns them, and those that were there before.

What is kept is a list of weak references, and a look takes a random part of it: the greenlets of a list are never
copied or walked over, but for now and then when most of them have died. Being told of a spawn costs
the program 0.3 µs (tests/support/turning_cost.py).
"""

import gc
import sys
import weakref
from itertools import chain, compress, repeat, starmap, tee
from typing import Any, List, Optional, Set, Tuple

from .frames import all_of
from .sampled import some_of


class Greenlets:
    def __init__(self) -> None:
        self._known: List[Any] = []  # weak references; spawns append, and only `_sweep` takes away
        self.follows = False

    def find(self) -> None:
        """Follows gevent's spawns from here on, if the program uses gevent by now."""
        if self.follows:
            return
        greenlet = getattr(sys.modules.get("gevent.greenlet"), "Greenlet", None)
        if not hasattr(greenlet, "add_spawn_callback") or not hasattr(sys.modules.get("gevent"), "spawn"):
            return  # no gevent, one that is just being imported, or an old one
        self.follows = True
        _tell(greenlet, self)
        # Those that were spawned before. It takes as long as a garbage collection that finds nothing, once. The
        # weak references to one greenlet are one object.
        known = self._known + [weakref.ref(found) for found in instances_of(greenlet)]
        self._known[:] = {id(reference): reference for reference in known}.values()

    def stop(self) -> None:
        if self.follows:
            self.follows = False
            _tell_nobody(self)
        self._known = []

    def some(self, most: int) -> Tuple[List[Any], float]:
        """Some of those that are alive, and how many each of them stands for."""
        count = len(self._known)
        references = some_of(self._known[:count] if count <= most else self._known, most)
        alive = [greenlet for greenlet in [reference() for reference in references] if greenlet is not None and not greenlet.dead]
        if count > most and len(alive) * 2 < most:
            self._sweep(count)
        return alive, max(1.0, count / most)

    def count(self) -> int:
        return len(self._known)

    def spawned(self, greenlet: Any) -> None:
        self._known.append(weakref.ref(greenlet))

    def _sweep(self, count: int) -> None:
        alive = []
        for reference in self._known[:count]:
            greenlet = reference()
            if greenlet is not None and not greenlet.dead:
                alive.append(reference)
        self._known[:count] = alive  # what was appended meanwhile comes after `count`


# The only callback of ours that gevent ever gets. It stays for good: a set of callbacks that changes while gevent goes
# through it raises in the program's spawn.
_listener: Optional[Greenlets] = None
_told: Set[int] = set()


def _on_spawn(greenlet: Any) -> None:
    listener = _listener
    if listener is not None:
        listener.spawned(greenlet)


def _tell(greenlet_class: Any, listener: Greenlets) -> None:
    global _listener
    _listener = listener
    register(greenlet_class)


def register(greenlet_class: Any) -> None:
    """Has gevent tell of spawns. For those too who start the agent in a callback of their own, before they register it."""
    if id(greenlet_class) not in _told:
        _told.add(id(greenlet_class))
        greenlet_class.add_spawn_callback(_on_spawn)


def _tell_nobody(listener: Greenlets) -> None:
    global _listener
    if _listener is listener:
        _listener = None


def instances_of(of: Any) -> List[Any]:
    """All objects of a class and its subclasses that the garbage collector knows.

    In one call into C, as stacks are read: if objects were held while others run, some would end here.
    """
    objects, again = tee(chain.from_iterable(starmap(gc.get_objects, ((),))))
    return all_of(compress(objects, map(issubclass, map(type, again), repeat(of))))
