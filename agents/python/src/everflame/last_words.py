"""Ends of a process that run no exit handlers, and can be heard of beforehand without taking anything from the program.

- A server that has shut down gracefully restores the handler that a signal had, and sends itself the signal again, so
  that whoever started it sees what it died of: uvicorn does. With the default handler that is the end.
- multiprocessing and billiard end forked children with `os._exit`, after finalizers of their own.
- Celery ends the processes of its pool with `os._exit` too, before those finalizers, and sends a signal of its own first.
"""

import functools
import signal
import sys
from typing import Any, Callable

# What their default action is: to end the process.
_DEADLY = frozenset(
    getattr(signal, name)
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGTERM", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)


def before_own_signals(stop: Callable[[], None]) -> None:
    """Has `stop` called before this process ends itself by `signal.raise_signal` (Python 3.8 and later)."""
    function = getattr(signal, "raise_signal", None)
    if function is None:
        return

    @functools.wraps(function)
    def raise_signal(signalnum: int) -> Any:
        if signalnum in _DEADLY and signal.getsignal(signalnum) == signal.SIG_DFL:
            stop()
        return function(signalnum)

    signal.raise_signal = raise_signal


def before_exit_of_child(agent: object, stop: Callable[[], None]) -> None:
    """Has `stop` called at the end of this forked child, by whatever ends children without exit handlers."""
    for name in ("multiprocessing.util", "billiard.util"):
        util: Any = sys.modules.get(name)
        if util is not None:
            _at_finalizers(util, agent, stop)
    signals: Any = sys.modules.get("celery.signals")
    if signals is not None:
        signals.worker_process_shutdown.connect(lambda **_: stop(), weak=False, dispatch_uid="everflame")


def _at_finalizers(util: Any, agent: object, stop: Callable[[], None]) -> None:
    # It forgets the finalizers of the parent when the child begins; this is called after that.
    util.register_after_fork(agent, lambda _: util.Finalize(None, stop, exitpriority=-1000))


def keep_billiard_off_sigprof() -> None:
    """In a forked child, before billiard prepares it to be a worker of Celery.

    For its workers billiard makes every signal that ends processes by default, SIGPROF among them, exit in an orderly
    way. Then the first sample of CPU time would be the end of the worker.
    """
    common: Any = sys.modules.get("billiard.common")
    signals: Any = getattr(common, "TERMSIGS_FULL", None)
    if isinstance(signals, set):
        signals.discard("SIGPROF")
