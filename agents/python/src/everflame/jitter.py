"""Chance, from the operating system.

Not from `random`: its state is the program's, who may have seeded it, and is copied by fork, after which all
workers of a server would push at the same moments.
"""

import os


def fraction() -> float:
    """In [0, 1)."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def spread(mean: float) -> float:
    """`mean` ± 20 %, so that agents, windows and the program's own rhythm do not fall into step."""
    return mean * (0.8 + 0.4 * fraction())
