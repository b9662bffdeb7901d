"""The thread that closes windows and gets them to the server.

A real thread: nothing that it does, or waits for, holds up the program. Of what a server can answer, only
what may pass is tried again (the network, 429, 5xx); what is wrong now will be wrong in a minute.
"""

import logging
import signal
import time
from datetime import datetime, timezone
from typing import Callable, Optional, Set

from . import originals
from .backoff import delay, parse_retry_after
from .http_post import Answer, post
from .jitter import fraction, spread
from .log import from_own_thread
from .outbox import Outbox
from .push import Push
from .settings import Settings
from .stream import Stream
from .window import Window

TIMEOUT = 10.0
# The longest single wait: before 3.11, waiting for a lock goes by the wall clock, which can be set.
_LONGEST_WAIT = 5.0

_ADVICE = {
    401: "set EVERFLAME_TOKEN or EVERFLAME_TOKEN_FILE to a token that the server knows",
    403: "the token may not push to this service",
    404: "is EVERFLAME_SERVER the address of an Everflame server?",
    413: "a shorter EVERFLAME_WINDOW makes smaller pushes",
}


class Pusher:
    def __init__(self, settings: Settings, outbox: Outbox, collect: Callable[[], Window]) -> None:
        self._settings = settings
        self._outbox = outbox
        self._collect = collect
        self._wake = originals.allocate_lock()
        self._wake.acquire()
        self._done = originals.allocate_lock()
        self._done.acquire()
        self._deadline: Optional[float] = None  # set when stopping
        self._failures = 0
        self._retry_at = 0.0
        self._said: Set[str] = set()
        self._stream: Optional[Stream] = None

    def start(self, after: float, then: Callable[[], None]) -> None:
        """Starts the thread, which calls `then` after so many seconds, unless it is stopped before."""
        originals.start_new_thread(self._run, (after, then))

    def stop(self, within: float) -> None:
        """Has the last window sent, and waits for it so many seconds at most."""
        self._deadline = time.monotonic() + within
        self._wake.release()
        self._done.acquire(True, within)

    def close_inherited(self) -> None:
        """In a forked child: closes its copy of the parent's connection, which would stay open with nobody to close it."""
        if self._stream is not None:
            try:
                self._stream.close()
            except OSError:
                pass

    def _run(self, after: float, then: Callable[[], None]) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF})
        try:
            if after:
                self._wait_until(time.monotonic() + after)
            if self._deadline is None:
                then()
            self._loop()
        except Exception as error:  # a defect of ours: the program must go on, and be told
            from_own_thread(logging.ERROR, "profiles are no longer sent: %r", error)
        finally:
            self._done.release()

    def _loop(self) -> None:
        window = self._settings.window
        closes = time.monotonic() + window * (0.1 + 0.9 * fraction())  # workers that start together push apart
        while self._deadline is None:
            now = time.monotonic()
            if now >= closes:
                self._outbox.add(self._collect())
                closes = now + spread(window)
            if now >= self._retry_at:
                self._send_all(TIMEOUT)
            self._wait_until(closes if self._retry_at <= now else min(closes, self._retry_at))
        self._outbox.add(self._collect())
        self._send_all(None)

    def _wait_until(self, when: float) -> None:
        while self._deadline is None:
            left = when - time.monotonic()
            if left <= 0 or self._wake.acquire(True, min(left, _LONGEST_WAIT)):
                return

    def _send_all(self, timeout: Optional[float]) -> None:
        """Sends what there is until something fails; without a timeout, until the deadline of the stop."""
        push = self._outbox.first()
        while push is not None:
            if timeout is None or self._deadline is not None:
                timeout = (self._deadline or 0.0) - time.monotonic()
                if timeout <= 0:
                    return
            if not self._send(push, timeout):
                return
            push = self._outbox.first()

    def _send(self, push: Push, timeout: float) -> bool:
        """Whether the push is settled, one way or the other."""
        reported = self._outbox.dropped
        headers = dict(push.headers)
        headers["Everflame-Dropped"] = str(reported)
        token = self._token()
        if token:
            headers["Authorization"] = "Bearer " + token
        try:
            answer = post(self._settings.server, push.target, headers, push.body, timeout, self._opened)
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
            self._later(None, "{} cannot be reached ({})".format(self._settings.server, error))
            return False
        if 200 <= answer.status < 300:
            self._outbox.acknowledge(reported)
            if self._said:
                self._said.clear()
                from_own_thread(logging.INFO, "profiles reach %s again", self._settings.server)
            self._failures, self._retry_at = 0, 0.0
            return True
        if answer.status == 429 or answer.status >= 500:
            asked = parse_retry_after(answer.headers.get("retry-after"), datetime.now(timezone.utc))
            self._later(asked, "{} is not taking profiles ({})".format(self._settings.server, _words(answer)))
            return False
        self._outbox.give_up()
        self._failures, self._retry_at = 0, 0.0
        advice = _ADVICE.get(answer.status)
        self._say_once(
            str(answer.status),
            "{} refuses this program's profiles, and they are lost ({}){}".format(
                self._settings.server, _words(answer), ": " + advice if advice else ""
            ),
        )
        return True

    def _opened(self, stream: Optional[Stream]) -> None:
        self._stream = stream

    def _later(self, asked: Optional[float], why: str) -> None:
        self._failures += 1
        self._retry_at = time.monotonic() + delay(self._failures, asked)
        if self._deadline is None:
            self._say_once("later", why + "; profiles are kept and sent later")

    def _say_once(self, kind: str, text: str) -> None:
        """Once until a push succeeds: an outage is one line in a log, not one every ten seconds."""
        if kind not in self._said:
            self._said.add(kind)
            from_own_thread(logging.WARNING, "%s", text)

    def _token(self) -> Optional[str]:
        path = self._settings.token_file
        if self._settings.token is not None or path is None:
            return self._settings.token
        try:
            with open(path, encoding="utf-8") as file:  # read each time: tokens are rotated
                return file.read().strip()
        except (OSError, UnicodeError) as error:
            self._say_once("token", "EVERFLAME_TOKEN_FILE cannot be read: {}".format(error))
            return None


def _words(answer: Answer) -> str:
    """The status and what the server says of it, on one line."""
    said = " ".join(answer.body[:300].decode("utf-8", "replace").split())
    return "HTTP {} {}".format(answer.status, said).strip()
