"""uWSGI, which forks and makes threads in C, past all of Python's hooks.

A master with threads of Python is trouble: a worker that is forked while one of them wants the GIL waits for ever to hand
it over (`drop_gil` of CPython waits for the thread that asked), and one that is forked while another holds it waits for
it. So nothing is started in a master. Workers start by whatever tells of them first: Python's hook, where
``py-call-osafterfork`` has it run; ``uwsgi.post_fork_hook``, where nobody replaces it (uwsgidecorators does); the import of
the application, with ``lazy-apps``; the end of the first request.

Threads of uWSGI block all signals, SIGPROF among them; each unblocks it after its first request.

The module ``uwsgi`` comes into being after `sitecustomize`, and before the application is imported.
"""

import os
import signal
import sys
import threading
from typing import Any, Callable, Set

from .log import logger

_seen = threading.local()


def will_settle(settle: Callable[[Any], None]) -> bool:
    """Whether this is uWSGI; `settle` is then called with its module, now or at the first import after it is there."""
    if "uwsgi" in sys.modules:
        settle(sys.modules["uwsgi"])
    elif _will_come():
        sys.meta_path.insert(0, _Watch(settle))  # type: ignore[arg-type]
    else:
        return False
    return True


def _will_come() -> bool:
    programs = [sys.executable or "", *getattr(sys, "orig_argv", ())[:2], *getattr(sys, "argv", ())[:1]]
    return "UWSGI_ORIGINAL_PROC_NAME" in os.environ or any("uwsgi" in os.path.basename(program) for program in programs)


class _Watch:
    """A finder that finds nothing: it is asked at each import of something new."""

    def __init__(self, then: Callable[[Any], None]) -> None:
        self._then = then

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        uwsgi = sys.modules.get("uwsgi")
        if uwsgi is None or not hasattr(uwsgi, "opt"):
            return
        if self in sys.meta_path:
            sys.meta_path.remove(self)  # type: ignore[arg-type]
            try:
                self._then(uwsgi)
            except Exception as error:  # a uWSGI that nobody has met: its application must still be imported
                logger.warning("uWSGI: this process is not profiled: %r", error)


def is_worker(uwsgi: Any) -> bool:
    """Whether it is one by now. A process without a master becomes one too, and with ``py-call-osafterfork`` its
    interpreter is then treated as if it had been forked: threads that there are lose their states."""
    return bool(uwsgi.worker_id() > 0)


def settle(uwsgi: Any, start_in_worker: Callable[[], None]) -> None:
    """Has workers start, and says what stands in the way. `start_in_worker` may be called more often than needed."""
    if not getattr(uwsgi, "has_threads", True):
        logger.warning("uWSGI: set enable-threads = true; without it profiles are sent only while requests run")
    if "skip-atexit-teardown" in _options(uwsgi):
        logger.warning("uWSGI: with skip-atexit-teardown the last window of each worker is lost")
    _call_first(uwsgi, "post_fork_hook", start_in_worker)

    def after_request() -> None:
        if not getattr(_seen, "unblocked", False):
            _seen.unblocked = True
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
        if is_worker(uwsgi) and threading.current_thread() is threading.main_thread():
            start_in_worker()

    # uWSGI looks this one up when the application has been loaded.
    _call_first(uwsgi, "after_req_hook", after_request)


def _options(uwsgi: Any) -> Set[str]:
    return {key.decode() if isinstance(key, bytes) else key for key in uwsgi.opt}


def _call_first(uwsgi: Any, name: str, ours: Callable[[], None]) -> None:
    theirs = getattr(uwsgi, name, None)

    def hook() -> None:
        ours()
        if theirs is not None:
            theirs()

    setattr(uwsgi, name, hook)
