"""The labels of one request: its method, and its route as soon as that is known. Never its path."""

from typing import Any, Optional, Tuple

from . import label_context
from .label_context import State
from .label_names import MAX_VALUE, merge

ENDPOINT = "endpoint"
METHOD = "method"

# What clients may write there is theirs to choose; each other value would make a series.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "WEBSOCKET"))


class RequestLabels:
    """A block as `everflame.labels`, which may be entered several times, one after the other: for each part of an answer."""

    __slots__ = ("_pairs",)

    def __init__(self, method: Optional[str]) -> None:
        known = method if method in _METHODS else "OTHER"
        self._pairs: Tuple[Tuple[str, Optional[str]], ...] = ((METHOD, known),)

    def route(self, template: Optional[str]) -> None:
        """The route is known: from here on, within the block. None: no route is."""
        if not template or not isinstance(template, str):
            return
        pair = (ENDPOINT, template[: MAX_VALUE + 1])
        self._pairs = self._pairs[:1] + (pair,)
        now = label_context.state()
        label_context.change(State(merge(now.labels, (pair,)), now.span, now.blocks))

    def __enter__(self) -> "RequestLabels":
        before = label_context.state()
        inner = merge(before.labels, self._pairs)
        label_context.change(State(inner, before.span, (self, before.labels, before.blocks)))
        return self

    def __exit__(self, *_: Any) -> None:
        now = label_context.state()
        if now.blocks is not None and now.blocks[0] is self:
            _, outer, blocks = now.blocks
            label_context.change(State(outer, now.span, blocks))
