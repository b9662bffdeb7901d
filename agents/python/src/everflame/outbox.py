"""What has been measured and not been acknowledged, within bounds.

Usually one window, for as long as its push takes. In an outage the windows that follow are merged with one
another, up to five minutes each; never with one that has been sent, which the server may have, and whose
identity stands for its exact body. What is sealed is kept up to 8 MB, and then the oldest goes, counted.
"""

from collections import deque
from typing import Deque, Optional

from .push import Identity, Push, seal
from .stacks import MAX_STACKS
from .window import Window

MAX_BYTES = 8 * 1024 * 1024
MAX_SPAN_NS = 300 * 1_000_000_000


class Outbox:
    """Used by the pusher's thread alone."""

    def __init__(self, identity: Identity, prefix: str, max_bytes: int = MAX_BYTES) -> None:
        self._identity = identity
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._sealed: Deque[Push] = deque()
        self._bytes = 0
        self._open: Optional[Window] = None
        self._sequence = 0
        self.dropped = 0  # samples lost since the last acknowledged push

    def add(self, window: Window) -> None:
        self.dropped += window.dropped
        waiting = self._open
        if waiting is not None:
            if self._fit_together(waiting, window):
                waiting.merge(window)
                return
            self._seal()
        self._open = window

    def is_empty(self) -> bool:
        return not self._sealed and self._open is None

    def first(self) -> Optional[Push]:
        """What to send next: the same until it is acknowledged or given up."""
        if not self._sealed:
            self._seal()
        return self._sealed[0] if self._sealed else None

    def acknowledge(self, reported: int) -> None:
        """The server has the first, and has read that so many samples were dropped."""
        self.dropped -= reported
        self._remove_first()

    def give_up(self) -> None:
        """The server will never take the first."""
        self.dropped += self._remove_first().samples

    def _fit_together(self, earlier: Window, later: Window) -> bool:
        span = later.end_ns - earlier.start_ns
        captures = earlier.capture is not None or later.capture is not None
        return not captures and 0 <= span <= MAX_SPAN_NS and len(earlier.rows) + len(later.rows) <= MAX_STACKS

    def _seal(self) -> None:
        if self._open is None:
            return
        push = seal(self._open, self._identity, self._sequence, self._prefix)
        self._open = None
        self._sequence += 1
        self._sealed.append(push)
        self._bytes += len(push.body)
        while self._bytes > self._max_bytes:
            self.dropped += self._remove_first().samples

    def _remove_first(self) -> Push:
        push = self._sealed.popleft()
        self._bytes -= len(push.body)
        return push
