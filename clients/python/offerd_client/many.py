"""Many requests to decide in one call, and on one stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

import grpc
import grpc.aio

from offerd.errors import (
    DeadlineExceeded,
    Exhausted,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Reason,
    RequestError,
    Unavailable,
)
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import error_pb2
from offerd_client.answers import Decision
from offerd_client.calls import Call
from offerd_client.consents import Consent
from offerd_client.questions import (
    Arbitration,
    Deduplication,
    Event,
    Identity,
    Overrides,
    Scope,
)
from offerd_client.requests import decide_request
from offerd_client.settings import ClientSettings
from offerd_client.status import REASON_KEY, error_from_call
from offerd_client.translate import read_decision

BATCH_DECIDE: Final = "/offerd.v1.DecisionService/BatchDecide"
DECIDE_STREAM: Final = "/offerd.v1.DecisionService/DecideStream"
_KINDS: Final = {
    kind.code.number: kind
    for kind in (
        InvalidArgument, NotFound, FailedPrecondition, Exhausted, Unavailable, DeadlineExceeded,
    )
}  # fmt: skip
_PREFIX: Final = "ERROR_REASON_"

Answered = TypeVar("Answered")
Result = Decision | RequestError
"""What became of one of many requests: a decision, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One of many requests to decide; each field as the argument of `decide`."""

    scopes: Sequence[Scope | str]
    identities: Sequence[Identity] = ()
    context: Mapping[str, Any] | None = None
    dry_run: bool = False
    explain: bool = False
    decide_time: datetime | None = None
    request_id: str = ""
    deduplication: Deduplication | None = None
    arbitration: Arbitration | None = None
    overrides: Overrides | None = None
    preview_token: str = ""
    events: Sequence[Event] = ()
    consent: Consent | None = None

    def message(self) -> pb.DecideRequest:
        """The request; raises InvalidArgument for what can't be written down."""
        return decide_request(
            [Scope(scope) if isinstance(scope, str) else scope for scope in self.scopes],
            self.identities,
            self.context,
            dry_run=self.dry_run,
            explain=self.explain,
            decide_time=self.decide_time,
            request_id=self.request_id,
            deduplication=self.deduplication,
            arbitration=self.arbitration,
            overrides=self.overrides,
            preview_token=self.preview_token,
            events=self.events,
            consent=self.consent,
        )


class ManyDecisions(ABC):
    """What a client for code that waits can do for many requests."""

    _settings: ClientSettings
    _channel: grpc.Channel

    def batch_decide(
        self, questions: Sequence[Question], *, timeout_s: float | None = None
    ) -> tuple[Result, ...]:
        """Decide up to 500 requests in one call; the results are in their order."""
        return self._answer(_batch(self._settings, questions, timeout_s))

    def decide_stream(
        self,
        questions: Iterable[tuple[str, Question]],
        *,
        together: int = 1,
        timeout_s: float | None = None,
    ) -> Iterator[tuple[str, Result]]:
        """Decide requests as they come; yields each result, with the name it was asked by.

        Results come when they are decided, in any order. So many requests as `together` says, at
        most 100, are sent in one message: more is faster, and the first waits for the last.
        The stream lasts as long as there are questions, or `timeout_s`. Questions are read from
        another thread.
        """
        stub = self._channel.stream_stream(
            DECIDE_STREAM,
            request_serializer=pb.DecideStreamRequest.SerializeToString,
            response_deserializer=pb.DecideStreamResponse.FromString,
        )
        answers = stub(_messages(questions, together), timeout=timeout_s)
        try:
            for answer in answers:
                yield from _read_stream(answer)
        except grpc.RpcError as error:
            raise error_from_call(error) from error
        finally:
            answers.cancel()

    @abstractmethod
    def _answer(self, call: Call[Answered]) -> Answered: ...


class AsyncManyDecisions(ABC):
    """What a client for asyncio can do for many requests."""

    _settings: ClientSettings

    async def batch_decide(
        self, questions: Sequence[Question], *, timeout_s: float | None = None
    ) -> tuple[Result, ...]:
        """Decide up to 500 requests in one call; the results are in their order."""
        return await self._answer(_batch(self._settings, questions, timeout_s))

    async def decide_stream(
        self,
        questions: AsyncIterable[tuple[str, Question]],
        *,
        together: int = 1,
        timeout_s: float | None = None,
    ) -> AsyncIterator[tuple[str, Result]]:
        """Decide requests as they come; yields each result, with the name it was asked by.

        Results come when they are decided, in any order. So many requests as `together` says, at
        most 100, are sent in one message: more is faster, and the first waits for the last.
        The stream lasts as long as there are questions, or `timeout_s`.
        """
        stub = self._connected().stream_stream(
            DECIDE_STREAM,
            request_serializer=pb.DecideStreamRequest.SerializeToString,
            response_deserializer=pb.DecideStreamResponse.FromString,
        )
        call = stub(_messages_as_they_come(questions, together), timeout=timeout_s)
        try:
            async for answer in call:
                for result in _read_stream(answer):
                    yield result
        except grpc.aio.AioRpcError as error:
            raise error_from_call(error) from error
        finally:
            call.cancel()

    @abstractmethod
    async def _answer(self, call: Call[Answered]) -> Answered: ...

    @abstractmethod
    def _connected(self) -> grpc.aio.Channel: ...


def _batch(
    settings: ClientSettings, questions: Sequence[Question], timeout_s: float | None
) -> Call[tuple[Result, ...]]:
    return Call(
        BATCH_DECIDE,
        pb.BatchDecideRequest(requests=[question.message() for question in questions]),
        settings.timeout_s if timeout_s is None else timeout_s,
        lambda answer: tuple(map(_result, answer.results)),
    )


def _messages(
    questions: Iterable[tuple[str, Question]], together: int
) -> Iterator[pb.DecideStreamRequest]:
    asked = (_named(name, question) for name, question in questions)
    while some := list(islice(asked, together)):
        yield pb.DecideStreamRequest(requests=some)


async def _messages_as_they_come(
    questions: AsyncIterable[tuple[str, Question]], together: int
) -> AsyncIterator[pb.DecideStreamRequest]:
    some: list[pb.StreamedRequest] = []
    async for name, question in questions:
        some.append(_named(name, question))
        if len(some) == together:
            yield pb.DecideStreamRequest(requests=some)
            some = []
    if some:
        yield pb.DecideStreamRequest(requests=some)


def _named(name: str, question: Question) -> pb.StreamedRequest:
    return pb.StreamedRequest(id=name, request=question.message())


def _read_stream(answer: pb.DecideStreamResponse) -> Iterator[tuple[str, Result]]:
    for one in answer.results:
        yield one.id, _result(one.result)


def _result(message: pb.DecideResult) -> Result:
    if message.HasField("response"):
        return read_decision(message.response)
    error = message.error
    kind = _KINDS.get(error.code, RequestError)
    metadata = dict(error.metadata)
    number = error.reason
    known = number in error_pb2.ErrorReason.values()
    name = error_pb2.ErrorReason.Name(number).removeprefix(_PREFIX) if known else str(number)
    reason = Reason.INTERNAL
    if name in Reason.__members__:
        reason = Reason(name)
    else:
        metadata[REASON_KEY] = name
    return kind(reason, error.message, field=error.field, metadata=metadata)
