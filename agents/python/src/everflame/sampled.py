"""Some of many, each as likely as any other: what bounds the cost of a look, whatever there is to look at."""

import os
from typing import List, Sequence, TypeVar

T = TypeVar("T")


def some_of(items: Sequence[T], most: int) -> List[T]:
    """At most so many of them. Each stands for ``len(items) / most`` then, which sums do not notice.

    One at random of each of `most` equal stretches: things that were made together, and wait for the same, are
    taken in proportion, and no rhythm in their order is met by a rhythm of ours.
    """
    count = len(items)
    if count <= most:
        return list(items)
    random = memoryview(os.urandom(4 * most)).cast("I")
    return [items[(index << 32 | part) * count // (most << 32)] for index, part in enumerate(random)]
