"""The labels that hold where a thread is, for those who look at it from outside."""

from typing import Any, Optional, Sequence

from . import label_context, native
from .stacks import LabelSet

# Modules that run event loops, where labels come and go with greenlets and tasks.
_WITH_LOOPS = frozenset(("asyncio.base_events", "asyncio.runners"))


def reads_contexts() -> bool:
    """Whether the context that a thread is in can be read: by the native part, once it knows the variable of labels."""
    return native.in_use() and hasattr(native.module, "thread_tag")


def of(ident: int, stack: Sequence[Any] = (), has_hub: bool = False) -> Optional[LabelSet]:
    """`stack` is the thread's, as parts; `has_hub`: whether gevent runs in it. Without the native part, None in greenlets
    and tasks."""
    if reads_contexts():
        tag = native.module.thread_tag(ident)
        return None if tag is None else tag.payload
    if has_hub or any(scope.get("__name__") in _WITH_LOOPS for _, scope, _ in stack):
        return None
    return label_context.of_thread(ident)
