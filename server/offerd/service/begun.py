"""Coroutines begun at once, of which most end without having waited for anything.

A task costs several times what such a coroutine does: one is made only for what has to wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")


class Ended(Generic[T]):
    """A coroutine that has ended without waiting: its result, or what it raised."""

    __slots__ = ("_result", "error")

    def __init__(self, result: T | None, error: BaseException | None) -> None:
        self._result = result
        self.error = error

    def result(self) -> T:
        """Returns what it returned; raises what it raised."""
        if self.error is not None:
            raise self.error
        return self._result  # type: ignore[return-value] # there is one if nothing was raised


Begun = Ended[T] | asyncio.Task[T]
"""A coroutine that was begun: over, or going on in a task."""


def begin(make: Callable[[], Coroutine[Any, Any, T]]) -> Begun[T]:
    """Begins a coroutine in a context of its own, and has a task go on with it if it waits.

    Until it first waits it has no task: `asyncio.timeout` and `asyncio.current_task` don't work.
    """
    context = copy_context()
    coroutine = context.run(make)
    try:
        waited_for = context.run(coroutine.send, None)
    except StopIteration as end:
        return Ended(end.value, None)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        return Ended(None, error)
    loop = asyncio.get_running_loop()
    return loop.create_task(_Rest(coroutine, waited_for), context=context)


class _Rest(Coroutine[Any, Any, T]):
    """A coroutine that waits, for a task to go on with as if that had begun it.

    A coroutine around it wouldn't do: a task that is cancelled before its first turn never enters
    that, and so never tells the one within, which may hold what it has to give back.
    """

    __slots__ = ("_coroutine", "_waited_for")

    def __init__(self, coroutine: Coroutine[Any, Any, T], waited_for: Any) -> None:
        self._coroutine = coroutine
        self._waited_for: Any = waited_for

    def send(self, value: Any) -> Any:
        """Tells first what it waits for already, and then goes on."""
        waited_for, self._waited_for = self._waited_for, _TOLD
        return self._coroutine.send(value) if waited_for is _TOLD else waited_for

    def throw(self, *error: Any) -> Any:
        """Raises an error where it waits."""
        self._waited_for = _TOLD
        return self._coroutine.throw(*error)

    def close(self) -> None:
        """Ends it where it waits."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, T]:
        # Asked for by the abstract class, which is what a task takes; nobody awaits it.
        raise NotImplementedError("only a task goes on with it")


_TOLD: Final = object()
