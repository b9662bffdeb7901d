"""What the agent was told, by arguments first and by the environment second.

A wrong argument is a mistake in a program and raises. A wrong variable is a mistake in a deployment: it is
logged, the default is used, and the program that is being profiled never notices.
"""

import os
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from . import naming
from .log import logger
from .port_range import PortRange
from .server_url import ServerUrl

DEFAULT_SERVER = "http://127.0.0.1:5555"


class Settings(NamedTuple):
    service_name: str
    server: ServerUrl
    labels: Dict[str, str]
    token: Optional[str]
    token_file: Optional[str]
    rate: float  # Hz of CPU time; 0 turns the sampler off
    wall_rate: float  # Hz of wall time; 0 turns the sampler off
    window: float  # seconds
    loop_block: float  # ms that an event loop may take for a turn; 0 turns the sampler off
    enabled: bool
    memory: bool  # whether the heap is sampled
    memory_interval: float  # bytes of allocations, on average, to a sample of the heap
    spans: bool  # whether samples carry the ids and the name of OpenTelemetry's span
    nylas_port: Optional[PortRange]  # where nylas' collectors are answered


class Range(NamedTuple):
    """Bounds of a number. Zero means "off", where that is allowed, and lies outside of them."""

    default: float
    least: float
    most: float
    zero: bool

    def check(self, value: float) -> float:
        if (self.zero and value == 0) or self.least <= value <= self.most:
            return value
        raise ValueError(
            "must be {}between {:g} and {:g}, not {:g}".format("0 or " if self.zero else "", self.least, self.most, value)
        )


RATE = Range(100, 1, 1000, zero=True)
WALL_RATE = Range(20, 0.1, 100, zero=True)
WINDOW = Range(10, 0.2, 600, zero=False)
LOOP_BLOCK = Range(100, 10, 60_000, zero=True)
MEMORY_INTERVAL = Range(256 * 1024, 1024, 1024**3, zero=False)


def resolve(
    service_name: Optional[str] = None,
    server: Optional[str] = None,
    labels: Optional[Mapping[str, object]] = None,
    *,
    token: Optional[str] = None,
    token_file: Optional[str] = None,
    rate: Optional[float] = None,
    wall_rate: Optional[float] = None,
    window: Optional[float] = None,
    enabled: Optional[bool] = None,
    memory: Optional[bool] = None,
    spans: Optional[bool] = None,
    nylas_port: Union[int, str, None] = None,
    loop_block: Optional[float] = None,
) -> Settings:
    """Settings of arguments and environment. Raises TypeError or ValueError for arguments only."""
    for name, text in (("service_name", service_name), ("server", server), ("token", token), ("token_file", token_file)):
        if text is not None and not isinstance(text, str):
            raise TypeError("everflame.start({}=…) takes a string, not {}".format(name, type(text).__name__))
    if labels is not None and not isinstance(labels, Mapping):
        raise TypeError('everflame.start(labels=…) takes a dict such as {"env": "prod"}, not ' + type(labels).__name__)

    all_labels = _labels_of_environment()
    all_labels.update((str(key), str(value)) for key, value in (labels or {}).items())
    return Settings(
        service_name=naming.clean_service_name(
            service_name or os.environ.get("EVERFLAME_SERVICE_NAME", "").strip() or naming.guess_service_name()
        ),
        server=_argument("server", ServerUrl.parse, server) or _variable("EVERFLAME_SERVER", ServerUrl.parse, DEFAULT_SERVER),
        labels=naming.clean_labels(all_labels),
        token=token or os.environ.get("EVERFLAME_TOKEN", "").strip() or None,
        token_file=token_file or os.environ.get("EVERFLAME_TOKEN_FILE", "").strip() or None,
        rate=_number("rate", rate, "EVERFLAME_RATE", RATE),
        wall_rate=_number("wall_rate", wall_rate, "EVERFLAME_WALL_RATE", WALL_RATE),
        window=_number("window", window, "EVERFLAME_WINDOW", WINDOW),
        enabled=_variable("EVERFLAME_ENABLED", _switch, "1") if enabled is None else bool(enabled),
        memory=_variable("EVERFLAME_MEMORY", _switch, "0") if memory is None else bool(memory),
        spans=_variable("EVERFLAME_SPANS", _switch, "0") if spans is None else bool(spans),
        nylas_port=_nylas_port(nylas_port),
        loop_block=_number("loop_block", loop_block, "EVERFLAME_LOOP_BLOCK", LOOP_BLOCK),
        memory_interval=_number("memory_interval", None, "EVERFLAME_MEMORY_INTERVAL", MEMORY_INTERVAL),
    )


def _number(argument: str, value: Optional[float], variable: str, bounds: Range) -> float:
    if value is None:
        return float(_variable(variable, lambda text: bounds.check(float(text)), str(bounds.default)))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("everflame.start({}=…) takes a number, not {}".format(argument, type(value).__name__))
    return float(_argument(argument, bounds.check, value))


def _nylas_port(value: Union[int, str, None]) -> Optional[PortRange]:
    if value is None:
        found: Optional[PortRange] = _variable("EVERFLAME_NYLAS_PORT", PortRange.parse, "0")
        return found
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError("everflame.start(nylas_port=…) takes a port or a range, not {}".format(type(value).__name__))
    found = _argument("nylas_port", PortRange.parse, str(value))
    return found


def _argument(name: str, convert: Callable[[Any], Any], value: Any) -> Any:
    if value is None:
        return None
    try:
        return convert(value)
    except ValueError as error:
        raise ValueError("everflame.start({}=…) {}".format(name, error)) from None


def _variable(name: str, convert: Callable[[str], Any], default: str) -> Any:
    text = os.environ.get(name, "").strip()
    if text:
        try:
            return convert(text)
        except ValueError as error:
            logger.warning("%s=%s is ignored, %s is used: it %s", name, text, default, error)
    return convert(default)


def _switch(text: str) -> bool:
    if text.lower() in ("0", "false", "no", "off"):
        return False
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    raise ValueError("must be 1 or 0")


def _labels_of_environment() -> Dict[str, str]:
    pairs, wrong = parse_labels(os.environ.get("EVERFLAME_LABELS", "").split(","))
    for text in wrong:
        logger.warning("EVERFLAME_LABELS: %r is ignored, write name=value,name=value", text)
    return pairs


def parse_labels(texts: List[str]) -> Tuple[Dict[str, str], List[str]]:
    """Labels of ``name=value`` texts, and the texts that are none."""
    labels: Dict[str, str] = {}
    wrong: List[str] = []
    for text in filter(None, (text.strip() for text in texts)):
        name, equals, value = text.partition("=")
        if equals and name.strip():
            labels[name.strip()] = value.strip()
        else:
            wrong.append(text)
    return labels, wrong
