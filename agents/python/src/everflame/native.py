"""The native part, where there is one (agents/python/native; README, "The native part").

``EVERFLAME_NATIVE=0`` leaves it alone. What it cannot be loaded for is said by whoever would have used it.
"""

import os
import signal
import sys
from typing import Any, Optional

module: Any = None
# Why there is none, as the end of a sentence.
missing: Optional[str] = None

# Whether performance events may be used where the kernel allows them.
EVENTS = os.environ.get("EVERFLAME_PERF_EVENTS", "").strip().lower() not in ("0", "false", "no", "off")

_in_use = False

if os.environ.get("EVERFLAME_NATIVE", "").strip().lower() in ("0", "false", "no", "off"):
    missing = "EVERFLAME_NATIVE turns it off"
else:
    try:
        from . import _native as module  # type: ignore[attr-defined, no-redef]
    except ImportError as error:
        name = "{}.{} on {}".format(sys.version_info[0], sys.version_info[1], sys.platform)
        missing = "it was not built for Python {} ({})".format(name, error)


def use() -> None:
    global _in_use
    _in_use = True


def in_use() -> bool:
    return _in_use


def keep_signals_away() -> None:
    """For threads of the agent, when they begin: SIGPROF is for the threads of the program.

    Not with the native sampler: the kernel would find another thread for a signal that is due to what this one
    used, and wake one that waits.
    """
    if not _in_use and hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF})
