"""Labels as the server takes them: names, lengths and how many."""

import re
from functools import lru_cache
from typing import Optional, Tuple

from .stacks import LabelSet

# As in packages/profile/src/model/labels.ts and packages/server/src/ingest/app-name.ts, characters. Of the 64 labels
# that a sample may have, the ids of spans and others' labels need some.
MAX_LABELS = 32
MAX_NAME = 200
MAX_VALUE = 2048

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_.]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# Names and values; None removes a label.
Pairs = Tuple[Tuple[str, Optional[str]], ...]


@lru_cache(maxsize=1024)
def merge(outer: LabelSet, pairs: Pairs) -> LabelSet:
    """The outer labels with these among them, in name order. What are too many are left out, the last first."""
    merged = dict(outer)
    for name, value in pairs:
        fitting = clean_name(name)
        merged.pop(fitting, None)
        if value and len(merged) < MAX_LABELS:
            merged[fitting] = clean_value(value)
    return tuple(sorted(merged.items()))


def clean_name(name: str) -> str:
    fitting = _NOT_IN_NAME.sub("_", name)[:MAX_NAME] or "_"
    # Two underscores in front are notes of other systems, service_name is what the whole process is called.
    if fitting[0].isdigit() or fitting == "service_name":
        fitting = "_" + fitting
    return "_" + fitting.lstrip("_") if fitting.startswith("__") else fitting


def clean_value(value: str) -> str:
    fitting = _CONTROL.sub(" ", value)
    return fitting if len(fitting) <= MAX_VALUE else fitting[: MAX_VALUE - 1] + "…"
