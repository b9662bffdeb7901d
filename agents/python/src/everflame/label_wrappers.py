"""Functions of every kind with something around them: a context manager that is made anew for each call."""

import functools
import inspect
from typing import Any, AsyncGenerator, Callable, ContextManager, Generator

Around = Callable[[], ContextManager[Any]]


def wrap(function: Any, around: Around) -> Any:
    """Raises TypeError for what is no function."""
    if isinstance(function, type) or not callable(function):
        raise TypeError("@everflame.labels(…) decorates functions, not {!r}; put it below @classmethod and its like".format(function))
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, around)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, around)
    if inspect.isgeneratorfunction(function):
        return _generator(function, around)
    return _plain(function, around)


def _plain(function: Any, around: Around) -> Any:
    @functools.wraps(function)
    def labelled(*args: Any, **kwargs: Any) -> Any:
        with around():
            return function(*args, **kwargs)

    return labelled


def _coroutine(function: Any, around: Around) -> Any:
    @functools.wraps(function)
    async def labelled(*args: Any, **kwargs: Any) -> Any:
        with around():
            return await function(*args, **kwargs)

    return labelled


def _generator(function: Any, around: Around) -> Any:
    @functools.wraps(function)
    def labelled(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = function(*args, **kwargs)
        step, given = inner.send, None
        while True:
            try:
                with around():
                    value = step(given)
            except StopIteration as stop:
                return stop.value
            try:
                given = yield value
                step = inner.send
            except GeneratorExit:
                with around():
                    inner.close()
                raise
            except BaseException as error:
                step, given = inner.throw, error

    return labelled


def _async_generator(function: Any, around: Around) -> Any:
    @functools.wraps(function)
    async def labelled(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = function(*args, **kwargs)
        step, given = inner.asend, None
        while True:
            try:
                with around():
                    value = await step(given)
            except StopAsyncIteration:
                return
            try:
                given = yield value
                step = inner.asend
            except GeneratorExit:
                with around():
                    await inner.aclose()
                raise
            except BaseException as error:
                step, given = inner.athrow, error

    return labelled
