"""What goes over the channel between who writes and who has it write."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

from offerd.errors import Reason, RequestError
from offerd.model.profile import ProfileKey
from offerd.store.operations import Operation
from offerd.store.tallies import Known, Settled


class Write(NamedTuple):
    """To the writer: an operation, and the number by which its result will be known."""

    number: int
    operation: Operation[Any]


class Hello(NamedTuple):
    """To a worker, at first: what all who come later in order build upon."""

    tallies: Known


class Told(NamedTuple):
    """To a worker: what a transaction changed, before any result of it."""

    settled: Settled


class Deleted(NamedTuple):
    """To a worker: a profile was deleted; what is remembered of it is void."""

    key: ProfileKey


class Done(NamedTuple):
    """To a worker: an operation is durable, with what it returned."""

    number: int
    result: Any


class Failed(NamedTuple):
    """To a worker: an operation changed nothing, and why."""

    number: int
    error: Raised


class Raised(NamedTuple):
    """An exception as plain data, whatever its constructor asks for."""

    kind: type[BaseException]
    arguments: tuple[Any, ...]
    state: dict[str, Any]

    @classmethod
    def of(cls, error: BaseException) -> Raised:
        """Takes an exception apart; one that can't be sent becomes a defect with its words."""
        raised = cls(type(error), error.args, dict(error.__dict__))
        try:
            pickle.dumps(raised)
        except (pickle.PicklingError, TypeError, AttributeError):
            return cls.of(RequestError(Reason.INTERNAL, f"a write failed: {error!r}"))
        return raised

    def revived(self) -> BaseException:
        """Returns the exception."""
        error = self.kind.__new__(self.kind, *self.arguments)
        error.__dict__.update(self.state)
        return error
