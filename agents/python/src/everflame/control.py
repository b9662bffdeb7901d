"""What the server says in its answer to a push (docs/agent-contract.md, "Remote control"), and which part of it holds.

Each answer says the whole state: what it does not name is as the program was started. What is wrong in it is as
if it were not there: nothing that comes from the network raises here.
"""

import json
import math
import re
from collections import deque
from typing import Any, Callable, Deque, NamedTuple, Optional, TypeVar, Union

T = TypeVar("T")

MAX_BYTES = 64 * 1024
DEFAULT_CAPTURE_SECONDS = 10.0
# How many captures are remembered, so that one that is told again is not begun again.
REMEMBERED = 16

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")


class Capture(NamedTuple):
    id: str
    type: str  # "cpu", "wall" or "heap", or what a later server may ask for
    hz: Optional[float]
    seconds: float


class Control(NamedTuple):
    """What is None is left to the program."""

    enabled: Optional[bool] = None
    hz: Optional[float] = None
    window: Optional[float] = None
    capture: Optional[Capture] = None


def parse(body: bytes) -> Optional[Control]:
    """The control in an answer; None if there is none, and everything stays as it is."""
    if len(body) > MAX_BYTES:
        return None
    try:
        answer = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    said = answer.get("control") if isinstance(answer, dict) else None
    if not isinstance(said, dict):
        return None
    return Control(
        enabled=_of_type(said.get("enabled"), bool),
        hz=_number(said.get("hz"), 1, 1000),
        window=_number(said.get("window"), 1, 300),
        capture=_capture(said.get("capture")),
    )


class Steering:
    """The newest control, and the captures that were begun. Used by the pusher's thread alone."""

    def __init__(self, own_window: float, control: Control = Control()) -> None:
        self._own_window = own_window
        self._control = control
        self._seen: Deque[str] = deque(maxlen=REMEMBERED)
        self._waiting: Optional[Capture] = None
        self.refusal: Optional[str] = None  # of a capture, to be said with the next push

    @property
    def enabled(self) -> bool:
        return self._control.enabled is not False

    @property
    def hz(self) -> Optional[float]:
        """None: as the program was started."""
        return self._control.hz

    @property
    def window(self) -> float:
        return self._own_window if self._control.window is None else self._control.window

    def for_child(self) -> "Steering":
        """A forked process goes on as its parent, but for the capture."""
        return Steering(self._own_window, self._control._replace(capture=None))

    def hear(self, body: bytes) -> None:
        control = parse(body)
        if control is not None:
            self.take(control)

    def take(self, control: Control) -> None:
        self._control = control
        asked = control.capture
        self._waiting = asked if asked is not None and asked.id not in self._seen else None

    def next_capture(self, why_not: Callable[[Capture], Optional[str]]) -> Optional[Capture]:
        """A capture that is to be begun now, once; one that cannot be done is refused instead."""
        asked, self._waiting = self._waiting, None
        if asked is None:
            return None
        self._seen.append(asked.id)
        reason = why_not(asked)
        if reason is None:
            return asked
        self.refusal = "{} {}".format(asked.id, _one_line(reason))
        return None


def _capture(said: Any) -> Optional[Capture]:
    if not isinstance(said, dict):
        return None
    name = _of_type(said.get("id"), str)
    if name is None or not _ID.match(name):
        return None
    seconds = _number(said.get("seconds"), 1, 60)
    return Capture(
        name,
        _of_type(said.get("type"), str) or "nothing",
        _number(said.get("hz"), 1, 1000),
        DEFAULT_CAPTURE_SECONDS if seconds is None else seconds,
    )


def _of_type(value: Any, type: "type[T]") -> Optional[T]:
    return value if isinstance(value, type) else None


def _number(value: Any, least: float, most: float) -> Optional[float]:
    """A finite number, taken to the nearest bound."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    bounded: Union[int, float] = min(max(value, least), most)
    return float(bounded)


def _one_line(reason: str) -> str:
    """As a header takes it: ASCII, one line, not long."""
    return " ".join(reason.encode("ascii", "replace").decode().split())[:200]
