"""Many requests in one call and on one stream: what becomes of each, and of those beside them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest

from offerd.errors import InvalidArgument, Reason
from offerd.service import batches as batches_module
from offerd.service import decide_stream as decide_stream_module
from offerd.service import slices as slices_module
from offerd.service.batches import Batches
from offerd.service.serialized import AnsweredAtOnce, Serialized
from offerd.service.slice_size import MOST_AT_ONCE
from offerd.service.translate.results import answered, in_batch, in_stream, refused
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import error_pb2
from seeds import random_seed

UNKNOWN = InvalidArgument(Reason.UNKNOWN_SCOPE, "no scope `x`", field="scopes[0].name")


def response(name: str) -> pb.DecideResponse:
    """Returns what a request of a name is answered."""
    return pb.DecideResponse(request_id=name)


class Service:
    """Answers by the name of a request.

    `later` waits until `open` is set, `wrong` is refused, `broken` fails where it is decided at
    once and `defect` where it may wait.
    """

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.failures: list[BaseException] = []
        self.sizes: list[int] = []
        self.most = 1_000
        self.decided = 0
        self.cancelled = 0
        self.batches = Batches(self.decide, self.failures.append, self.decide_some)

    async def decide(self, request: pb.DecideRequest) -> pb.DecideResponse:
        """As `Revisions.decide`."""
        self.decided += 1
        name = request.request_id
        if name.startswith("wrong"):
            raise UNKNOWN
        if name.startswith("defect"):
            raise ZeroDivisionError("out of numbers")
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return response(name)

    def decide_some(self, several: Sequence[bytes], _most_s: float) -> list[AnsweredAtOnce | None]:
        """As `QuickDecisions.some_at_once`."""
        self.sizes.append(len(several))
        names = [pb.DecideRequest.FromString(data).request_id for data in several[: self.most]]
        if any(name.startswith("broken") for name in names):
            raise ArithmeticError("no way")
        return [self._at_once(name) for name in names]

    def _at_once(self, name: str) -> AnsweredAtOnce | None:
        if name.startswith(("later", "wrong", "defect")):
            return None
        self.decided += 1
        data = response(name).SerializeToString()
        return AnsweredAtOnce(Serialized(pb.DecideResponse, data), name)

    async def batch(self, *names: str) -> list[pb.DecideResult]:
        """Returns the results of a batch."""
        asked = [pb.DecideRequest(request_id=name) for name in names]
        answer = await self.batches.batch_decide(pb.BatchDecideRequest(requests=asked))
        return list(pb.BatchDecideResponse.FromString(answer.data).results)

    async def stream(self, *messages: Sequence[str]) -> list[list[str]]:
        """Returns the names in each answer of a stream, whose messages ask for requests by name."""

        async def come() -> AsyncIterator[pb.DecideStreamRequest]:
            for names in messages:
                yield streamed(*names)

        return [
            [one.id for one in pb.DecideStreamResponse.FromString(answer.data).results]
            async for answer in self.batches.decide_stream(come())
        ]


def streamed(*names: str) -> pb.DecideStreamRequest:
    """Returns a message of a stream."""
    return pb.DecideStreamRequest(
        requests=[
            pb.StreamedRequest(id=name, request=pb.DecideRequest(request_id=name)) for name in names
        ]
    )


async def settled() -> None:
    """Lets everything that doesn't wait come to its end."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_one_that_fails_keeps_no_other_out() -> None:
    """Wherever it stands and however it fails; only what isn't a request's fault is told."""
    source = random.Random(random_seed())
    names = [f"n{number}" for number in range(60)]
    for number, kind in enumerate(("broken", "defect", "wrong", "later") * 2):
        names.insert(source.randrange(len(names) + 1), f"{kind}{number}")
    service = Service()
    service.open.set()
    results = await service.batch(*names)
    for name, result in zip(names, results, strict=True):
        if name.startswith(("broken", "defect")):
            assert result.error.reason == error_pb2.ERROR_REASON_INTERNAL
        elif name.startswith("wrong"):
            assert result.error.reason == error_pb2.ERROR_REASON_UNKNOWN_SCOPE
            assert result.error.field == "scopes[0].name"
        else:
            assert result.response == response(name)
    assert len(service.failures) == 4
    assert service.decided == len(names) - 2  # those that are broken


async def test_one_that_fails_alone_is_tried_once() -> None:
    """What is told of it is its own failure alone."""
    service = Service()
    (result,) = await service.batch("broken")
    assert result.error.reason == error_pb2.ERROR_REASON_INTERNAL
    assert service.sizes == [1]
    await service.batch("broken1", "broken2")
    assert len(service.failures) == 3
    assert all(failure.__context__ is None for failure in service.failures)


async def test_no_more_is_read_ahead_than_is_decided() -> None:
    """Where requests take long; and more again where they don't."""
    service = Service()
    service.most = 3
    await service.batch(*["n"] * 30)
    assert max(service.sizes[1:]) <= 3 + 4
    assert sum(service.sizes) < 30 * 2
    service.most = 1_000
    service.sizes.clear()
    await service.batch(*["n"] * 100)
    assert max(service.sizes) == MOST_AT_ONCE
    service.sizes.clear()
    await service.stream([f"n{number}" for number in range(17)], [f"n{n}" for n in range(17)])
    most = MOST_AT_ONCE
    assert service.sizes == [most, 17 - most] * 2


async def test_answers_that_are_too_large_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """What isn't begun by then is refused, what can be decided at once and what can't."""
    monkeypatch.setattr(batches_module, "MAXIMUM_ANSWER_BYTES", 100)
    for rest in ("n", "later"):
        service = Service()
        service.most = 2
        results = await service.batch(*["x" * 40] * 4, *[rest] * 20)
        kinds = [one.WhichOneof("result") for one in results]
        assert kinds == ["response"] * 4 + ["error"] * 20
        assert {one.error.reason for one in results[4:]} == {error_pb2.ERROR_REASON_TOO_LARGE}
        assert service.decided == 4


async def test_others_have_their_turn_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each slice that has taken long enough, in a batch and on a stream."""
    monkeypatch.setattr(slices_module, "_TURN_S", 0.0)
    service = Service()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await service.batch(*["n"] * 400)
    assert turns >= 400 // MOST_AT_ONCE
    turns = 0
    await service.stream([f"n{number}" for number in range(100)])
    assert turns >= 100 // MOST_AT_ONCE
    counting.cancel()


@pytest.mark.parametrize("streams", [False, True], ids=["batch", "stream"])
async def test_a_caller_that_goes_away_takes_along_what_waits(streams: bool) -> None:
    """Nothing goes on to decide for nobody."""
    service = Service()
    names = ["n", "later", "n", "later"]
    work = service.stream(names) if streams else service.batch(*names)
    asking = asyncio.ensure_future(work)  # type: ignore[arg-type] # either of two
    await settled()
    assert service.decided == 4
    asking.cancel()
    await asyncio.wait([asking])
    assert service.cancelled == 2


async def test_what_is_decided_at_once_is_answered_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The results of one message in one, however many slices it took, if there is time."""
    monkeypatch.setattr(decide_stream_module, "_GATHER_S", float("inf"))
    names = [f"n{number}" for number in range(100)]
    assert await Service().stream(names, ["a"], ["b"]) == [names, ["a"], ["b"]]


async def test_what_takes_long_is_answered_before_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of one message several answers are made then."""
    monkeypatch.setattr(decide_stream_module, "_GATHER_S", 0.0)
    monkeypatch.setattr(slices_module, "_TURN_S", 0.0)
    for kind, fewest in (("n", 3), ("wrong", 90)):
        names = [f"{kind}{number}" for number in range(100)]
        found = await Service().stream(names)
        assert len(found) > fewest
        assert [name for some in found for name in some] == names


async def test_a_stream_reads_no_more_than_may_be_outstanding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What waits for the disk holds up what comes after it, and everything is answered."""
    monkeypatch.setattr(decide_stream_module, "OUTSTANDING", 5)
    service = Service()
    messages = [[f"later{number}-{n}" for n in range(4)] for number in range(5)]
    asking = asyncio.ensure_future(service.stream(*messages))
    await settled()
    assert service.decided == 5
    service.open.set()
    found = await asking
    assert {name for some in found for name in some} == {n for some in messages for n in some}


def test_results_are_as_messages_have_them() -> None:
    """Of any size, with any name, of answers and of refusals."""
    source = random.Random(random_seed())
    for _ in range(300):
        size = source.choice((0, 1, 100, 127, 128, 5_000, 20_000))
        response = pb.DecideResponse(request_id="x" * size)
        name = source.choice(("", "a", "é" * 64, "x" * 128))
        if source.random() < 0.3:
            data = refused(UNKNOWN)
            result = pb.DecideResult.FromString(data)
            assert result.error.message == UNKNOWN.message
        else:
            data = answered(response.SerializeToString())
            result = pb.DecideResult(response=response)
        assert data == result.SerializeToString()
        batch = pb.BatchDecideResponse(results=[result])
        assert in_batch(data) == batch.SerializeToString()
        stream = pb.DecideStreamResponse(results=[pb.StreamedResult(id=name, result=result)])
        assert pb.DecideStreamResponse.FromString(in_stream(name, data)) == stream
