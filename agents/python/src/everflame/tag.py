"""The value of the context variable of labels: an immutable box around what the labels are.

The native sampler's signal handler reads it out of the context of the thread that it interrupts, and its type
keeps a box alive that was seen. In pure Python the signal handler asks the variable; any box will do.
"""

from typing import TYPE_CHECKING, Any

from . import native


class _Tag:
    __slots__ = ("payload",)

    payload: Any

    def __init__(self, payload: Any) -> None:
        object.__setattr__(self, "payload", payload)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Tag cannot be changed")


if TYPE_CHECKING or native.module is None:
    Tag = _Tag
else:
    Tag = native.module.Tag
