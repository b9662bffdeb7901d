"""Starting and stopping, and what happens to a process meanwhile: forks, execs, exits.

One agent per process. Signals of the host are left alone: a program that SIGTERM kills by default dies
without running its exit handlers, and what was measured since the last push is lost with it.
"""

import atexit
import os
import sys
from typing import Any, Mapping, Optional, Union

from . import originals, uwsgi_host
from .agent import Agent
from .exec_guard import guard_exec
from .last_words import before_exit_of_child, before_own_signals, keep_billiard_off_sigprof
from .log import logger
from .settings import Settings, resolve

# The longest that the end of a program is held up, in seconds.
EXIT_LIMIT = 2.0

_agent: Optional[Agent] = None
_lock = originals.allocate_lock()
_hooks_are_in_place = False
_pid = 0  # of the process in which `_agent` was started
_resting: Optional[Settings] = None  # what children start with, in a process that is not profiled itself


def start(
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
) -> None:
    """Starts profiling this process and those that it forks. Call it from the main thread.

    What is not given comes from the environment (``EVERFLAME_SERVICE_NAME``, ``EVERFLAME_SERVER``, …) and then
    from defaults. `rate` and `wall_rate` are in Hz (0 turns that sampler off), `window` in seconds; `memory` is
    whether the heap is sampled too, `spans` whether samples carry the ids of OpenTelemetry's spans; `nylas_port`
    is a port, or a range such as ``16384..16399``, that nylas' collectors may poll; `loop_block`
    is how many milliseconds an event loop may take for a turn before it counts as blocked (0 turns that off). If the
    process is being profiled already, nothing happens. Raises TypeError or ValueError for arguments that make
    no sense, and nothing else: a profiler that cannot start logs why.
    """
    settings = resolve(
        service_name,
        server,
        labels,
        token=token,
        token_file=token_file,
        rate=rate,
        wall_rate=wall_rate,
        window=window,
        enabled=enabled,
        memory=memory,
        spans=spans,
        nylas_port=nylas_port,
        loop_block=loop_block,
    )
    if settings.enabled and not _rests_in_uwsgi(settings):
        _start(settings)


def stop() -> None:
    """Stops profiling this process and sends what was measured, within 2 seconds. Does nothing if it is not running."""
    global _agent, _resting
    with _lock:
        agent, _agent, _resting = _agent, None, None
    if agent is not None:
        try:
            agent.stop(EXIT_LIMIT)
        except Exception:
            logger.warning("the profiler did not stop cleanly", exc_info=True)


def _stop_at_exit() -> None:
    try:
        stop()
    except BaseException:  # a second ctrl-C or SIGTERM, raised by the program's own handler: go, then, at once
        pass


def is_running() -> bool:
    return _agent is not None


def _start(settings: Settings) -> None:
    global _agent, _pid
    with _lock:
        if _agent is not None:
            if settings != _agent.settings:
                logger.warning(
                    "this process is profiled as %s already, and other settings are not taken up: "
                    "call everflame.stop() first",
                    _agent.settings.service_name,
                )
            return
        agent = Agent(settings)
        try:
            _put_hooks_in_place()
            agent.start()
        except Exception:
            logger.warning("this process is not profiled", exc_info=True)
            agent.suspend()
        else:
            _agent, _pid = agent, os.getpid()


def _rests_in_uwsgi(settings: Settings) -> bool:
    """Whether it is for uWSGI's workers to start."""
    global _resting
    if _agent is not None or _resting is not None:
        return _resting is not None
    _resting = settings
    if uwsgi_host.will_settle(_settle_in_uwsgi):
        _put_hooks_in_place()
        return True
    _resting = None
    return False


def _settle_in_uwsgi(uwsgi: Any) -> None:
    uwsgi_host.settle(uwsgi, _start_what_rests)
    if uwsgi_host.is_worker(uwsgi):
        _start_what_rests()


def _start_what_rests() -> None:
    global _resting
    settings, _resting = _resting, None
    if settings is not None:
        _start(settings)


def _put_hooks_in_place() -> None:
    global _hooks_are_in_place
    if _hooks_are_in_place:
        return
    _hooks_are_in_place = True
    atexit.register(_stop_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork_in_child)
    guard_exec(before=_suspend, after_failure=_resume)
    before_own_signals(_stop_at_exit)


def _suspend() -> None:
    if _agent is not None:
        _agent.suspend()


def _resume() -> None:
    if _agent is not None:
        _agent.resume()


def _after_fork_in_child() -> None:
    """The child has a copy of the agent and none of its threads; it gets an agent of its own."""
    global _agent, _lock, _pid
    if _agent is not None and _pid == os.getpid():
        return  # uWSGI without a master calls this in a process that was not forked
    _lock = originals.allocate_lock()  # the parent's may have been held
    parent, _agent = _agent, None
    if _resting is not None:
        if not _is_about_to_exec():
            _start_what_rests()
        return
    if parent is None or _is_about_to_exec():
        return
    try:
        keep_billiard_off_sigprof()
        agent = Agent(parent.settings, parent.steering.for_child())
        agent.start_after_fork(parent)
        _agent, _pid = agent, os.getpid()
        before_exit_of_child(agent, _stop_at_exit)
    except Exception:
        logger.warning("a forked process is not profiled", exc_info=True)


def _is_about_to_exec() -> bool:
    """Whether this is the short life of a child between subprocess' fork and its exec, where `preexec_fn` runs."""
    frame: Any = sys._getframe()
    for _ in range(12):
        if frame is None:
            break
        if frame.f_code.co_name == "_execute_child":
            return True
        frame = frame.f_back
    return False
