"""One thread at a time, in the order in which they came."""

from __future__ import annotations

import threading
from collections.abc import Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Exclusive:
    """A lock that nobody is overtaken at: who comes again at once lets whoever waits go first.

    A plain lock is had again and again by a thread that gives it up for an instant only, as the
    others have to be woken first.
    """

    __slots__ = ("_gate", "_held")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._held = threading.Lock()

    def __enter__(self) -> None:
        # Whoever waits for the second lock has the first one: the next to come stops there.
        with self._gate:
            self._held.acquire()

    def __exit__(self, *_: object) -> None:
        self._held.release()

    @coroutine
    def during(self, steps: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Runs a coroutine with the lock held, but for while it waits; returns what it does."""
        step = partial(steps.send, None)
        while True:
            try:
                with self:
                    waited_for = step()
            except StopIteration as end:
                found: T = end.value
                return found
            finally:
                del step  # an error has this frame, which mustn't have the error
            try:
                value = yield waited_for
            except GeneratorExit:
                # Not with the lock: who finds that nobody goes on with it may be holding that, as
                # a search for cycles begins anywhere. There is nothing to do but to clear up.
                steps.close()
                raise
            except BaseException as error:
                step = partial(steps.throw, error)
            else:
                step = partial(steps.send, value)
            finally:
                del waited_for  # likewise
