"""What a gevent program waits for, when a thread of it shows nothing but gevent's event loop.

While every greenlet waits, the thread runs the hub, whose stack is the loop's own: ``run(gevent.hub)`` and
not a word of the program. The greenlet that the thread began with is the hub's parent, and it is suspended
at the line that waits; it goes below the hub. So the main greenlet is its thread, and counts once.
"""

import sys
import weakref
from types import CodeType
from typing import Any, Dict, List, Optional

from .frames import thread_stack
from .stacks import MAX_DEPTH
from .thread_stacks import Part, stacks_of_greenlets


class MainGreenlets:
    def __init__(self) -> None:
        self._hubs: Dict[int, Any] = {}  # weak references, by the thread's ident

    def below(self, ident: int, stack: List[Part]) -> List[Part]:
        """The stack of a thread's main greenlet, where the thread's stack is the hub's; else nothing."""
        if not stack or not is_hub(stack):
            return []
        hub = self._hub(ident)
        main = getattr(hub, "parent", None)
        return stacks_of_greenlets((main,))[0] if main is not None else []

    def has_hub(self, ident: int) -> bool:
        """Whether a thread has been seen running a hub."""
        return ident in self._hubs

    def _hub(self, ident: int) -> Any:
        known = self._hubs.get(ident)
        hub = known() if known is not None else None
        # One that is suspended does not run in this thread: the thread has another one by now.
        if hub is None or hub.dead or hub.gr_frame is not None:
            hub = hub_of_thread(ident)
            if hub is not None:
                self._hubs[ident] = weakref.ref(hub)
        return hub


def is_hub(stack: List[Part]) -> bool:
    return stack[-1][0] is _hub_code()


def hub_of_thread(ident: int) -> Any:
    """The hub that a thread is running, or None."""
    frames = thread_stack(ident, MAX_DEPTH)
    if not frames or frames[-1].f_code is not _hub_code():
        return None
    return frames[-1].f_locals.get("self")


def _hub_code() -> Optional[CodeType]:
    module = sys.modules.get("gevent.hub")
    hub_class = getattr(module, "Hub", None)  # missing while gevent is being imported
    code: Optional[CodeType] = getattr(getattr(hub_class, "run", None), "__code__", None)
    return code
