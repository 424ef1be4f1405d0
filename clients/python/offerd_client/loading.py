"""Loading memberships, scores and profiles in bulk: one stream, in force once it has ended well."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from offerd.v1 import error_pb2
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import identity_pb2 as identities
from offerd.v1 import load_service_pb2 as pb
from offerd.v1 import load_service_pb2_grpc as pb_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client.answers import Refusal
from offerd_client.free import fill_struct
from offerd_client.status import error_from_call

ROWS_PER_MESSAGE = 2_000
BYTES_PER_MESSAGE = 1 << 20
"""A message ends where it reaches either; one row may have a few hundred kilobytes."""

_NS_PER_S = 1_000_000_000


class LoadKind(Enum):
    """What a load brings."""

    MEMBERSHIPS = pb.LOAD_KIND_MEMBERSHIPS
    SCORES = pb.LOAD_KIND_SCORES
    PROFILES = pb.LOAD_KIND_PROFILES


class MembershipRow(NamedTuple):
    """Somebody is in an audience, or with `exited` isn't any more.

    `since_ns` None is as of the load; `valid_until_ns` None for as long as the load holds.
    """

    namespace: str
    id: str
    exited: bool = False
    since_ns: int | None = None
    valid_until_ns: int | None = None


class ScoreRow(NamedTuple):
    """Somebody's score; `factors` are (code, value, importance), most important first."""

    namespace: str
    id: str
    score: float
    probability: float | None = None
    percentile: float | None = None
    factors: Sequence[tuple[str, str, str]] = ()
    score_ns: int | None = None


class AttributesRow(NamedTuple):
    """Somebody's attributes, by declared names, dotted or nested."""

    namespace: str
    id: str
    attributes: Mapping[str, Any]


LoadRow = MembershipRow | ScoreRow | AttributesRow


class LoadHeader(NamedTuple):
    """What a load is. With `replace` what isn't in it isn't known from then on.

    `as_of_ns` is as of when the data is. `strict` breaks off at the first bad row.
    """

    kind: LoadKind
    target: str
    as_of_ns: int
    replace: bool = True
    strict: bool = False


class LoadProgress(NamedTuple):
    """How far a load has come: rows stored, refused, and of customers deleted since.

    `refusals` are the first 100; `done` if the load is in force.
    """

    stored: int
    refused: int
    tombstoned: int
    refusals: tuple[Refusal, ...]
    done: bool


def load(
    channel: grpc.Channel, header: LoadHeader, rows: Iterable[LoadRow]
) -> Iterator[LoadProgress]:
    """Loads rows and yields progress; the last one is `done`.

    Raises what iterating over `rows` raises, and a RequestError of `offerd.errors` if the service
    refuses the load or can't be reached. Then nothing has changed, unless the connection broke
    after the last row. Rows are read from another thread, but not once this has ended.
    """
    requests = _Requests(header, rows)
    answers = pb_grpc.LoadServiceStub(channel).Load(requests)
    try:
        for answer in answers:
            yield LoadProgress(
                answer.stored,
                answer.refused,
                answer.tombstoned,
                tuple(map(_refusal, answer.refusals)),
                answer.done,
            )
    except grpc.RpcError as error:
        if requests.failure is not None:
            raise requests.failure from None
        raise error_from_call(error) from error
    finally:
        answers.cancel()
        requests.close()


class _Requests:
    """The messages of a load, which gRPC takes from a thread of its own."""

    def __init__(self, header: LoadHeader, rows: Iterable[LoadRow]) -> None:
        self._messages = _messages(header, rows)
        self._lock = threading.Lock()
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[pb.LoadRequest]:
        return self

    def __next__(self) -> pb.LoadRequest:
        with self._lock:
            try:
                return next(self._messages)
            except StopIteration:
                raise
            except Exception as error:
                self.failure = error
                raise

    def close(self) -> None:
        """Returns once no row is being read; none is any more."""
        with self._lock:
            self._messages.close()


def _messages(header: LoadHeader, rows: Iterable[LoadRow]) -> Generator[pb.LoadRequest, None, None]:
    yield pb.LoadRequest(
        header=pb.LoadHeader(
            kind=header.kind.value,
            mode=pb.LOAD_MODE_REPLACE if header.replace else pb.LOAD_MODE_DELTA,
            target=header.target,
            as_of=_timestamp(header.as_of_ns),
            strict=header.strict,
        )
    )
    sent = size_bytes = 0
    batch: list[pb.LoadRow] = []
    for row in rows:
        message = _message(row)
        batch.append(message)
        sent += 1
        size_bytes += message.ByteSize()
        if len(batch) == ROWS_PER_MESSAGE or size_bytes >= BYTES_PER_MESSAGE:
            yield pb.LoadRequest(rows=pb.LoadRows(rows=batch))
            batch, size_bytes = [], 0
    if batch:
        yield pb.LoadRequest(rows=pb.LoadRows(rows=batch))
    yield pb.LoadRequest(end=pb.LoadEnd(rows=sent))


def _message(row: LoadRow) -> pb.LoadRow:
    identity = identities.Identity(namespace=row.namespace, id=row.id)
    if isinstance(row, ScoreRow):
        score = profiles.LoadedScore(
            score=row.score, probability=row.probability, percentile=row.percentile
        )
        if row.factors:
            score.factors.extend(
                profiles.ScoreFactor(code=code, value=value, importance=importance)
                for code, value, importance in row.factors
            )
        if row.score_ns is not None:
            score.score_time.CopyFrom(_timestamp(row.score_ns))
        return pb.LoadRow(identity=identity, score=score)
    if isinstance(row, AttributesRow):
        message = pb.LoadRow(identity=identity)
        fill_struct(message.attributes, row.attributes, "attributes")
        return message
    membership = pb.LoadMembership()
    if row.exited:
        membership.status = profiles.MEMBERSHIP_STATUS_EXITED
    if row.since_ns is not None:
        membership.since.CopyFrom(_timestamp(row.since_ns))
    if row.valid_until_ns is not None:
        membership.valid_until.CopyFrom(_timestamp(row.valid_until_ns))
    return pb.LoadRow(identity=identity, membership=membership)


def _refusal(message: events.Refusal) -> Refusal:
    number = message.reason
    known = number in error_pb2.ErrorReason.values()
    name = error_pb2.ErrorReason.Name(number) if known else str(number)
    return Refusal(name.removeprefix("ERROR_REASON_"), message.message, message.field)


def _timestamp(time_ns: int) -> Timestamp:
    seconds, nanos = divmod(time_ns, _NS_PER_S)
    return Timestamp(seconds=seconds, nanos=nanos)
