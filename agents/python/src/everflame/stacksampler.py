"""For programs that ran nylas-perftools' sampler: change the import, and leave the rest as it is.

    from everflame import stacksampler
    gevent.spawn(stacksampler.run_profiler)

The old sampler listened on a port, which every worker of a server wanted for itself, and served it from a
greenlet, which a program that blocks never lets run. This one opens no port and pushes from a thread of its
own; and it begins when the greenlet is spawned, not when it first runs.
"""

import importlib
from typing import Any, Optional

from . import greenlets, lifecycle
from .log import logger

try:
    gevent: Any = importlib.import_module("gevent")
except ImportError:
    gevent = None  # run_profiler can be called all the same

_said = False


def run_profiler(host: str = "0.0.0.0", port: int = 16384) -> None:
    """Starts profiling and returns. `host` and `port` are those of the old sampler, and have no meaning here."""
    _start(None)
    if gevent is not None:
        gevent.Greenlet.remove_spawn_callback(_on_spawn)


class Sampler:
    """The old sampler's class, for those who used it directly. There is one profiler in a process, whoever starts it."""

    def __init__(self, interval: Optional[float] = None) -> None:
        """`interval` is in seconds of CPU time; by default EVERFLAME_RATE decides."""
        self.interval = interval

    def start(self) -> None:
        _start(self.interval)

    def stop(self) -> None:
        lifecycle.stop()

    def reset(self) -> None:
        """Nothing to do: each window begins anew."""


def _start(interval: Optional[float]) -> None:
    global _said
    if not _said:
        _said = True
        logger.warning("everflame.stacksampler opens no port: profiles are pushed to the server (EVERFLAME_SERVER)")
    if not lifecycle.is_running():
        lifecycle.start(rate=None if interval is None else min(1000.0, max(1.0, 1 / interval)))


def _on_spawn(greenlet: Any) -> None:
    """Hears of every greenlet that is spawned, until the one that runs the profiler has run."""
    if getattr(greenlet, "_run", None) is run_profiler:
        _start(None)


if gevent is not None:
    greenlets.register(gevent.Greenlet)  # now: gevent's callbacks must not become more while `_on_spawn` is called
    gevent.Greenlet.add_spawn_callback(_on_spawn)
