"""What a gevent program waits for, when its main thread shows nothing but gevent's event loop.

While every greenlet waits, the thread runs the hub, whose stack is the loop's own: ``run(gevent.hub)`` and
not a word of the program. The greenlet that the program began with is the hub's parent, and it is suspended
at the line that waits; it goes below the hub. (Other greenlets' waiting is not shown.)
"""

import sys
from types import CodeType, FrameType
from typing import List, Optional

from .frames import greenlet_stack


def with_waiting_greenlet(frames: List[FrameType], limit: int) -> List[FrameType]:
    """`frames` of a thread, leaf first; if they are the hub's, with the main greenlet's below them."""
    if not frames or frames[-1].f_code is not _hub_code():
        return frames
    hub = frames[-1].f_locals.get("self")
    main = getattr(hub, "parent", None)
    return frames if main is None else frames + greenlet_stack(main, limit)


def _hub_code() -> Optional[CodeType]:
    module = sys.modules.get("gevent.hub")
    hub_class = getattr(module, "Hub", None)  # missing while gevent is being imported
    code: Optional[CodeType] = getattr(getattr(hub_class, "run", None), "__code__", None)
    return code
