"""`everflame.labels`: says what the program is at, for as long as a block or a call takes."""

import functools
from typing import Any, Callable, Dict, TypeVar

from . import label_context
from .label_context import State
from .label_names import MAX_VALUE, Pairs, merge

F = TypeVar("F", bound=Callable[..., Any])


class labels:
    """Labels of the samples that are taken within, as a block or around a function:

        with everflame.labels(endpoint="/orders/<id>", tenant=tenant):
            ...

        @everflame.labels(job="nightly")
        def rebuild(): ...

    Blocks nest: the inner one adds to the outer one's labels, and replaces those of the same name; None removes
    one. They hold in this thread, asyncio task or greenlet, and in tasks that are begun within; threads, those of an
    executor too, and gevent's greenlets begin without: see `carry_labels`. Functions, coroutine functions, generators and asynchronous
    generators can be decorated; a generator has its labels while it runs, and its caller has not. (A `with`
    block around a `yield` holds for the caller too, as everything that is in a context variable.)

    Each set of values makes a series on the server: give it routes and kinds, never ids. Never raises.
    """

    __slots__ = ("_pairs",)

    def __init__(self, **values: object) -> None:
        self._pairs = _as_text(values)

    def __enter__(self) -> "labels":
        before = label_context.state()
        inner = merge(before.labels, self._pairs)
        label_context.change(State(inner, before.span, (self, before.labels, before.blocks)))
        return self

    def __exit__(self, *_: object) -> None:
        now = label_context.state()
        # Not our block: it is left in another context than it was entered in, by a generator that somebody else
        # finishes. Whoever copied the context keeps its labels, as contexts do.
        if now.blocks is not None and now.blocks[0] is self:
            _, outer, blocks = now.blocks
            label_context.change(State(outer, now.span, blocks))

    def __call__(self, function: F) -> F:
        from .label_wrappers import wrap  # imports inspect

        wrapped: F = wrap(function, self._again)
        return wrapped

    def _again(self) -> "labels":
        """One for each call: calls overlap."""
        one = labels.__new__(labels)
        one._pairs = self._pairs
        return one


def carry_labels(function: F) -> F:
    """The function with the labels of here, wherever it runs.

    `executor.submit(everflame.carry_labels(work), order)`, `gevent.spawn(everflame.carry_labels(work), order)`
    """
    found = label_context.state()

    @functools.wraps(function)
    def carried(*args: Any, **kwargs: Any) -> Any:
        before = label_context.state()
        label_context.change(State(found.labels, found.span, None))
        try:
            return function(*args, **kwargs)
        finally:
            label_context.change(before)

    result: F = carried  # type: ignore[assignment]
    return result


def _as_text(values: Dict[str, object]) -> Pairs:
    pairs = []
    for name, value in values.items():
        try:
            text = None if value is None else str(value)[: MAX_VALUE + 1]  # what is remembered is bounded
        except Exception:  # the program's own __str__: a label is not worth its request
            continue
        pairs.append((name, text))
    return tuple(pairs)
