"""Keeps the profiling timer from outliving the program that set it.

A timer survives exec, a handler does not: without this the new program dies of SIGPROF after 10 ms of CPU
time. Every ``os.exec…`` and, in its child, every ``os.spawn…`` ends up in one of two functions of `os`. An
audit hook would see direct calls too, but can never be removed, and makes every ``id()`` and ``open()`` of
the program call Python code.
"""

import functools
import os
from typing import Any, Callable


def guard_exec(before: Callable[[], None], after_failure: Callable[[], None]) -> None:
    for name in ("execv", "execve"):
        function = getattr(os, name, None)
        if function is None:
            continue
        guarded = _guarded(function, before, after_failure)
        setattr(os, name, guarded)
        if function in os.supports_fd:
            os.supports_fd.add(guarded)


def _guarded(function: Callable[..., Any], before: Callable[[], None], after_failure: Callable[[], None]) -> Any:
    @functools.wraps(function)
    def exec_without_timer(*args: Any, **kwargs: Any) -> Any:
        before()
        try:
            return function(*args, **kwargs)
        finally:  # of an exec that succeeds nothing comes back
            after_failure()

    return exec_without_timer
