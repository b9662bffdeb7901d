"""Which asyncio tasks there are, and what each of them waits for: its chain of awaits.

The stack of a task that waits is nowhere on a thread's stack. It is the chain of coroutines from the task's own to
the innermost, each suspended at the line of its ``await``, through generators and asynchronous ones as well.
"""

import gc
import sys
from contextvars import Context
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Dict, List, Optional, Tuple

from .sampled import some_of
from .stacks import MAX_DEPTH
from .thread_stacks import Part, part_of

# Where each kind of coroutine keeps its frame, and what it waits for.
_LINKS: Dict[type, Tuple[str, str]] = {
    CoroutineType: ("cr_frame", "cr_await"),
    GeneratorType: ("gi_frame", "gi_yieldfrom"),
    AsyncGeneratorType: ("ag_frame", "ag_await"),
}
_LINKS_OF_OTHERS = ("cr_frame", "cr_await")  # Cython's coroutines


def some_tasks(most: int) -> Tuple[List[Any], float]:
    """Some of the tasks of all event loops, and how many each of them stands for."""
    tasks = _all_tasks()
    if not tasks:
        return [], 1.0
    # A copy by one call into C: sets may change while they are gone through. 60 µs of 10,000.
    references = list(tasks.data)
    found = [reference() for reference in some_of(references, most)]
    alive = [task for task in found if task is not None and not task.done()]
    return alive, max(1.0, len(references) / most)


def count_of_tasks() -> int:
    tasks = _all_tasks()
    return len(tasks.data) if tasks is not None else 0


def await_chain(task: Any) -> List[Part]:
    """The stack of a task that waits, leaf first; empty for one that runs or is done."""
    stack: List[Part] = []
    coroutine = task.get_coro()
    if coroutine is None or getattr(coroutine, "cr_running", False) or getattr(coroutine, "gi_running", False):
        return stack
    while coroutine is not None and len(stack) < MAX_DEPTH:
        links = _LINKS.get(type(coroutine))
        if links is None:
            inner = _inside(coroutine)
            if inner is None and not hasattr(coroutine, "cr_await"):
                break
            if inner is not None:
                coroutine = inner
                continue
            links = _LINKS_OF_OTHERS
        frame = getattr(coroutine, links[0])
        if frame is None:
            break
        stack.append(part_of(frame))
        coroutine = getattr(coroutine, links[1])
    stack.reverse()
    return stack


def context_of(task: Any) -> Optional[Context]:
    if hasattr(task, "get_context"):  # 3.12 and later
        context: Optional[Context] = task.get_context()
        return context
    for found in gc.get_referents(task):
        if type(found) is Context:
            return found
    return None


def _all_tasks() -> Any:
    """A WeakSet of tasks; None without asyncio."""
    module = sys.modules.get("asyncio.tasks")
    # From 3.12 on, and before; missing while asyncio is being imported.
    tasks = getattr(module, "_scheduled_tasks", None)
    return getattr(module, "_all_tasks", None) if tasks is None else tasks


def _inside(awaitable: Any) -> Any:
    """The coroutine within what ``__await__``, ``asend()`` and ``athrow()`` give, which do not tell."""
    if type(awaitable).__name__ not in _WRAPPERS:
        return None
    for found in gc.get_referents(awaitable):
        if type(found) in _LINKS:
            return found
    return None


_WRAPPERS = frozenset(("coroutine_wrapper", "async_generator_asend", "async_generator_athrow", "anext_awaitable"))


def running_tasks() -> Dict[Any, Any]:
    """By loop, the task that it runs now."""
    tasks = getattr(sys.modules.get("asyncio.tasks"), "_current_tasks", None)
    return dict(tasks) if tasks else {}
