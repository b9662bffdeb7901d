"""The thread that closes windows and gets them to the server, and does what the server says.

A real thread: nothing that it does, or waits for, holds up the program. It is in one of three states: windows of
the usual length follow one another; a window is a capture, exactly as long as was asked for; or sampling is
switched off, and it asks now and then whether it still is.
"""

import logging
import time
from typing import Any, Callable, List, Optional

from . import native, originals
from .control import Capture, Steering
from .courier import ASK_EVERY, TIMEOUT, Courier
from .jitter import fraction, spread
from .log import from_own_thread
from .outbox import Outbox
from .push import Identity
from .sampling import Sampling
from .settings import Settings
from .window import Window

# The longest single wait: before 3.11, waiting for a lock goes by the wall clock, which can be set.
_LONGEST_WAIT = 5.0
# Seconds between two looks at what a capture costs: it may sample ten times as often as usual.
_SLICE = 1.0


class Pusher:
    def __init__(self, settings: Settings, sampling: Sampling, steering: Steering) -> None:
        identity = Identity.of_this_process(settings)
        self.steering = steering
        self._sampling = sampling
        self._outbox = Outbox(identity, settings.server.path)
        self._courier = Courier(settings, identity, self._outbox, steering, sampling.captures)
        self._wake = originals.allocate_lock()
        self._wake.acquire()
        self._done = originals.allocate_lock()
        self._done.acquire()
        self._stopping = False
        self._askers: List[Any] = []
        self._on = True
        self._closes = 0.0  # the window, if it is on; monotonic, as the others
        self._asks = 0.0  # the server, if it is off
        self._slices = 0.0
        self._capture: Optional[Capture] = None
        self._so_far: Optional[Window] = None  # of a capture

    def start(self, after: float, then: Callable[[], None]) -> None:
        """Starts the thread, which calls `then` after so many seconds, unless it is stopped before."""
        originals.start_new_thread(self._run, (after, then))

    def stop(self, within: float) -> None:
        """Has the last window sent, and waits for it so many seconds at most."""
        self._courier.stop_by = time.monotonic() + within
        self._stopping = True
        self._poke()
        self._done.acquire(True, within)

    def close_inherited(self) -> None:
        self._courier.close_inherited()

    def close_window(self, within: float) -> None:
        """Has what was measured up to now collected; waits for it so many seconds at most. For other threads."""
        done = originals.allocate_lock()
        done.acquire()
        self._askers.append(done)
        self._poke()
        done.acquire(True, within)

    def _poke(self) -> None:
        try:
            self._wake.release()
        except RuntimeError:  # somebody has just done so
            pass

    def _run(self, after: float, then: Callable[[], None]) -> None:
        native.keep_signals_away()
        try:
            if after:
                self._wait_until(time.monotonic() + after)
            if not self._stopping:
                then()
            self._loop()
        except Exception as error:  # a defect of ours: the program must go on, and be told
            from_own_thread(logging.ERROR, "profiles are no longer sent: %r", error)
        finally:
            self._done.release()

    def _loop(self) -> None:
        self._begin(self.steering.window * (0.1 + 0.9 * fraction()))  # workers that start together push apart
        if not self.steering.enabled:  # a forked child goes on as its parent was told
            self._sampling.collect()
            self._switch_off()
        while not self._stopping:
            now = time.monotonic()
            if self._on and now >= self._closes:
                self._close()
                self._next()
            elif self._askers or (self._capture is not None and now >= self._slices):
                self._collect_early()
            if now >= self._courier.retry_at:
                self._courier.send_all(TIMEOUT if self._capture is None else min(TIMEOUT, max(_SLICE, self._closes - now)))
            if not self._on and now >= self._asks:
                self._asks = now + self._courier.ask(TIMEOUT)
            self._follow()
            self._wait_until(self._due())
        if self._on:
            self._close()
        self._courier.send_all(TIMEOUT)

    def _due(self) -> float:
        """When there is something to do next."""
        when = self._asks if not self._on else self._closes if self._capture is None else min(self._closes, self._slices)
        return when if self._outbox.is_empty() else min(when, self._courier.retry_at)

    def _wait_until(self, when: float) -> None:
        while not self._stopping:
            left = when - time.monotonic()
            if left <= 0 or self._wake.acquire(True, min(left, _LONGEST_WAIT)):
                return

    def _begin(self, length: float) -> None:
        """A window of the usual kind begins now, at the rate that it will have."""
        self._sampling.set_rate(self.steering.hz)
        self._closes = time.monotonic() + length

    def _next(self) -> None:
        """After a window."""
        self._begin(spread(self.steering.window))

    def _close(self, early: bool = False) -> None:
        """Ends the window; the next one begins where it ends."""
        window = self._sampling.collect()
        if self._so_far is not None:
            self._so_far.merge(window)
            window, self._so_far = self._so_far, None
        capture, self._capture = self._capture, None
        if capture is not None:
            window.capture = capture.id
            self._sampling.end_capture(capture)
        elif early and not window.rows:
            return
        self._outbox.add(window)
        self._release_askers()

    def _collect_early(self) -> None:
        """Somebody asks for what there is, or the limiter is to look at a capture."""
        if self._capture is not None:
            self._slices = time.monotonic() + _SLICE
            window = self._sampling.collect()
            if self._so_far is None:
                self._so_far = window
            else:
                self._so_far.merge(window)
        elif self._on:
            self._close()
            self._next()
        self._release_askers()

    def _release_askers(self) -> None:
        while self._askers:
            self._askers.pop().release()

    def _follow(self) -> None:
        """Does what the server said last. A capture that runs is finished first."""
        if self._capture is not None or self._stopping:
            return
        capture = self.steering.next_capture(self._sampling.why_no_capture)
        if capture is not None:
            self._begin_capture(capture)
        elif self._on and not self.steering.enabled:
            self._close(early=True)
            self._switch_off()
        elif not self._on and self.steering.enabled:
            self._sampling.go_on()
            self._on = True
            self._next()

    def _switch_off(self) -> None:
        self._sampling.pause()
        self._on = False
        self._asks = time.monotonic() + spread(ASK_EVERY)

    def _begin_capture(self, capture: Capture) -> None:
        if self._on:
            self._close(early=True)
        else:
            self._sampling.go_on()
            self._on = True
        self._sampling.begin_capture(capture)
        self._capture = capture
        self._slices = time.monotonic() + _SLICE
        self._closes = time.monotonic() + capture.seconds
