"""How many different sets of labels a window may have.

The server makes a series of each set, and takes 128 of a push, the empty one among them; ids of single requests
make none. What is beyond the bound counts without labels, which is where the server would put it; here it is
also counted. Ids are bounded for the sake of memory: past the bound a sample keeps its labels and loses its ids.
"""

from typing import Dict, Set

from .stacks import LabelSet

# packages/server/src/store/series-rows.ts: MAX_LABEL_SETS, and NEVER_SERIES.
MAX_LABEL_SETS = 127
IDS = frozenset(("trace_id", "trace id", "span_id", "span id", "profile_id"))
# Sets that differ in their ids alone: more than samples of ten seconds at 100 Hz.
MAX_ID_SETS = 2048

NO_LABELS: LabelSet = ()


class LabelBounds:
    def __init__(self) -> None:
        self.merged = 0  # stacks that lost their labels, or their ids
        self._series: Set[LabelSet] = set()
        self._known: Dict[LabelSet, LabelSet] = {}

    def within(self, labels: LabelSet) -> LabelSet:
        """The labels that these may be counted under."""
        known = self._known.get(labels)
        if known is not None:
            return known
        series = tuple([pair for pair in labels if pair[0] not in IDS])
        if series and series not in self._series:
            if len(self._series) >= MAX_LABEL_SETS:
                self.merged += 1
                return NO_LABELS
            self._series.add(series)
        if len(self._known) >= MAX_ID_SETS and len(series) < len(labels):
            self.merged += 1
            return series
        self._known[labels] = labels
        return labels
