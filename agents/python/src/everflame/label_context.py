"""Which labels hold where the program is now: the context variable that samplers read.

A context variable follows the work: each thread, each asyncio task and (gevent 20.5 and later) each greenlet has
its own value. Its value is a `Tag` around a LabelSet, or None. Labels and the ids of a span are kept apart in
`_state`, because they come and go independently of one another; the tag is both together.
"""

from contextvars import Context, ContextVar
from typing import Any, Dict, NamedTuple, Optional

from . import originals
from .stacks import LabelSet
from .tag import Tag

NO_LABELS: LabelSet = ()


class State(NamedTuple):
    labels: LabelSet
    span: LabelSet
    # The `with` blocks that are open, innermost first: (the object, labels outside of it, the block around it).
    blocks: Any


EMPTY = State(NO_LABELS, NO_LABELS, None)

current: "ContextVar[Optional[Tag]]" = ContextVar("everflame_labels", default=None)
_state: "ContextVar[State]" = ContextVar("everflame_state", default=EMPTY)
# The same for those who look at a thread from outside and cannot read its context: without entry, no labels.
# Right for threads that do one thing at a time; a thread that runs an event loop is not one.
_of_thread: Dict[int, Tag] = {}


def state() -> State:
    return _state.get()


def change(to: State) -> None:
    """What holds in this context from here on."""
    _state.set(to)
    ident = originals.get_ident()
    if to.labels or to.span:
        tag = Tag(to.labels + to.span)
        current.set(tag)
        _of_thread[ident] = tag
    else:
        current.set(None)
        _of_thread.pop(ident, None)


def here() -> Optional[LabelSet]:
    """The labels of the calling thread, task or greenlet."""
    return _payload(current.get())


def of_thread(ident: int) -> Optional[LabelSet]:
    """The labels of a thread, by its ident. Not for threads that run an event loop."""
    return _payload(_of_thread.get(ident))


def of_context(context: Optional[Context]) -> Optional[LabelSet]:
    """The labels in a context: `greenlet.gr_context`, or an asyncio task's `get_context()` (3.12)."""
    return None if context is None else _payload(context.get(current))


def of_greenlet(greenlet: Any) -> Optional[LabelSet]:
    """The labels of a greenlet that is switched out."""
    return of_context(getattr(greenlet, "gr_context", None))


def forget_threads_of_parent() -> None:
    """In a forked child, which has one thread."""
    ident = originals.get_ident()
    for other in list(_of_thread):
        if other != ident:
            _of_thread.pop(other, None)


def _payload(tag: Optional[Tag]) -> Optional[LabelSet]:
    return None if tag is None else tag.payload
