"""Gets pushes to the server, and asks it what to do while there is nothing to push.

Of what a server can answer, only what may pass is tried again (the network, 429, 5xx); what is wrong now will be
wrong in a minute.
"""

import logging
import time
from datetime import datetime, timezone
from typing import Callable, Dict, List, Optional, Set

from .backoff import delay, parse_retry_after
from .control import Control, Steering
from .http_post import Answer, post
from .jitter import spread
from .log import from_own_thread
from .outbox import Outbox
from .push import Identity, Push, question
from .settings import Settings
from .stream import Stream

TIMEOUT = 10.0
# Seconds between two questions, while the server has the agent switched off.
ASK_EVERY = 60.0

_ADVICE = {
    401: "set EVERFLAME_TOKEN or EVERFLAME_TOKEN_FILE to a token that the server knows",
    403: "the token may not push to this service",
    404: "is EVERFLAME_SERVER the address of an Everflame server?",
    413: "a shorter EVERFLAME_WINDOW makes smaller pushes",
}


class Courier:
    """Used by the pusher's thread alone. `captures` names what can be captured now."""

    def __init__(
        self, settings: Settings, identity: Identity, outbox: Outbox, steering: Steering, captures: Callable[[], List[str]]
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._outbox = outbox
        self._steering = steering
        self._captures = captures
        self._failures = 0
        self._said: Set[str] = set()
        self._stream: Optional[Stream] = None
        self.retry_at = 0.0  # monotonic
        self.stop_by: Optional[float] = None  # monotonic: from then on nothing is tried

    def close_inherited(self) -> None:
        """In a forked child: closes its copy of the parent's connection, which would stay open with nobody to close it."""
        if self._stream is not None:
            try:
                self._stream.close()
            except OSError:
                pass

    def send_all(self, timeout: float) -> None:
        """Sends what there is until something fails, each push within `timeout` seconds."""
        push = self._outbox.first()
        while push is not None:
            left = timeout if self.stop_by is None else min(timeout, self.stop_by - time.monotonic())
            if left <= 0 or not self._send(push, left):
                return
            push = self._outbox.first()

    def ask(self, timeout: float) -> float:
        """Asks for the control; answers in how many seconds to ask again."""
        target, headers = question(self._identity, self._settings.server.path)
        again = spread(ASK_EVERY)
        try:
            answer = self._post(target, headers, b"", timeout)
        except (OSError, UnicodeError):
            return again
        if 200 <= answer.status < 300:
            self._heard(answer)
        elif answer.status in (404, 405):
            self._steering.take(Control())  # a server that has no control: nobody is left who could switch on again
        else:
            again = max(again, _retry_after(answer) or 0.0)
        return again

    def _send(self, push: Push, timeout: float) -> bool:
        """Whether the push is settled, one way or the other."""
        reported = self._outbox.dropped
        headers = dict(push.headers)
        headers["Everflame-Dropped"] = str(reported)
        try:
            answer = self._post(push.target, headers, push.body, timeout)
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
            self._later(None, "{} cannot be reached ({})".format(self._settings.server, error))
            return False
        if 200 <= answer.status < 300:
            self._outbox.acknowledge(reported)
            if self._said:
                self._said.clear()
                from_own_thread(logging.INFO, "profiles reach %s again", self._settings.server)
            self._failures, self.retry_at = 0, 0.0
            self._heard(answer)
            return True
        if answer.status == 429 or answer.status >= 500:
            self._later(_retry_after(answer), "{} is not taking profiles ({})".format(self._settings.server, _words(answer)))
            return False
        self._outbox.give_up()
        self._failures, self.retry_at = 0, 0.0
        advice = _ADVICE.get(answer.status)
        self._say_once(
            str(answer.status),
            "{} refuses this program's profiles, and they are lost ({}){}".format(
                self._settings.server, _words(answer), ": " + advice if advice else ""
            ),
        )
        return True

    def _post(self, target: str, headers: Dict[str, str], body: bytes, timeout: float) -> Answer:
        headers["Everflame-Captures"] = ",".join(self._captures()) or "none"
        refusal = self._steering.refusal
        if refusal is not None:
            headers["Everflame-Capture-Refused"] = refusal
        token = self._token()
        if token:
            headers["Authorization"] = "Bearer " + token
        answer = post(self._settings.server, target, headers, body, timeout, self._opened)
        if 200 <= answer.status < 300 and refusal is not None:
            self._steering.refusal = None
        return answer

    def _heard(self, answer: Answer) -> None:
        self._steering.hear(answer.body)

    def _opened(self, stream: Optional[Stream]) -> None:
        self._stream = stream

    def _later(self, asked: Optional[float], why: str) -> None:
        self._failures += 1
        self.retry_at = time.monotonic() + delay(self._failures, asked)
        if self.stop_by is None:
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


def _retry_after(answer: Answer) -> Optional[float]:
    return parse_retry_after(answer.headers.get("retry-after"), datetime.now(timezone.utc))


def _words(answer: Answer) -> str:
    """The status and what the server says of it, on one line."""
    said = " ".join(answer.body[:300].decode("utf-8", "replace").split())
    return "HTTP {} {}".format(answer.status, said).strip()
