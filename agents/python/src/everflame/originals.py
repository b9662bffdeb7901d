"""Functions as the operating system means them, whatever gevent has made of the standard library.

The agent's threads must be real threads and their sleeps, locks and sockets must block that thread and
nothing else: after ``monkey.patch_all()`` a ``threading.Thread`` is a greenlet of the very program that is
being measured, which sees 0 % of it. What is taken here is taken once, at import: a later patch replaces
names in modules, not the objects behind them; an earlier patch has kept the originals, and hands them out.
"""

import _thread
import socket as _socket_module
import sys
import time
from typing import Any


def original(module: str, name: str) -> Any:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    return getattr(sys.modules[module], name)


def locks_are_green() -> bool:
    """Whether ``threading``'s locks are gevent's now, and so not for foreign threads to take."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def let_others_run() -> None:
    """For long work in a thread of the agent: without it, the program gets the GIL after 5 ms at the earliest."""
    sleep(0.0001)


# The imports above have put the modules where `original` looks for them; naming them keeps linters content.
_MODULES = (_thread, _socket_module, time)

sleep = original("time", "sleep")
start_new_thread = original("_thread", "start_new_thread")
allocate_lock = original("_thread", "allocate_lock")
get_ident = original("_thread", "get_ident")
socket_class = original("socket", "socket")
getaddrinfo = original("socket", "getaddrinfo")
