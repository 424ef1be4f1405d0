"""Requests that are decided side by side: each is answered as by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from offerd.model.journal import Draft
from offerd.service import at_once as at_once_module
from offerd.service.exclusive import Exclusive
from offerd.service.revisions import Revisions, Standing
from offerd.store import JournalMode
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import identity_pb2
from seeds import random_seed
from unit.service.random_requests import NOW_NS, asking, mangled
from unit.service.test_at_once import DEFINITIONS, TAKING, Asked, asked, choose, fill, loaded

__all__ = ["asked"]

FOR_EVER_S = float("inf")


def together(asked: Asked, several: Sequence[bytes]) -> Iterator[pb.DecideResponse | None]:
    """Yields what each of several requests is answered, however many at a time."""
    place = 0
    while place < len(several):
        found = asked.revisions.quick.some_at_once(several[place:], FOR_EVER_S)
        assert found
        for data, one in zip(several[place:], found, strict=False):
            if one is None:
                yield None
                continue
            assert one.request_id == pb.DecideRequest.FromString(data).request_id
            answer = one.answer.message()
            assert isinstance(answer, pb.DecideResponse)
            yield answer
        place += len(found)


@pytest.mark.parametrize(
    "asked",
    [((DEFINITIONS,), JournalMode.OFF), ((DEFINITIONS,), JournalMode.BEHIND)],
    indirect=True,
    ids=["alone", "journalled"],
)
async def test_each_is_answered_as_by_itself(asked: Asked) -> None:
    """Right, wrong and mangled ones, before and after customers have chosen something."""
    source = random.Random(random_seed())
    await fill(asked, source)
    answered = 0
    for step in range(40):
        if step == 20:
            await choose(asked)
        several = [
            mangled(source, asking(source).SerializeToString())
            for _ in range(source.randrange(1, 20))
        ]
        expected = [asked.at_once(data) for data in several]
        assert [*together(asked, several)] == expected
        answered += sum(one is not None for one in expected)
    assert answered > 40


async def test_a_canary_answers_for_its_share(asked: Asked, tmp_path: Path) -> None:
    """Whoever stands beside whom; one call is decided by one revision."""
    canary = loaded(tmp_path / "canary", DEFINITIONS.replace("text: all}", "text: ALL}"))
    asked.revisions = Revisions(
        Standing(asked.revisions.active, canary, 5_000), asked.state, asked.log, lambda: NOW_NS
    )
    several = []
    for number in range(40):
        who = [identity_pb2.Identity(namespace="ecid", id=f"c{number}")] if number % 7 else []
        name = "hero" if number % 5 else "zero"
        several.append(
            pb.DecideRequest(identities=who, scopes=[pb.Scope(name=name)]).SerializeToString()
        )
    found = [*together(asked, several)]
    assert found == [asked.at_once(data) for data in several]
    assert len({one.revision for one in found if one is not None}) == 2


@pytest.mark.parametrize(
    "asked",
    [((DEFINITIONS, TAKING), JournalMode.OFF), ((DEFINITIONS,), JournalMode.BEFORE_ANSWER)],
    indirect=True,
    ids=["caps count decisions", "the journal first"],
)
async def test_what_has_to_be_durable_first_is_not_answered(asked: Asked) -> None:
    """It is to be decided otherwise, and nothing of it has happened."""
    data = pb.DecideRequest(scopes=[pb.Scope(name="hero")]).SerializeToString()
    assert asked.revisions.quick.some_at_once([data] * 3, FOR_EVER_S) == [None] * 3


async def test_no_more_are_decided_than_there_is_time_for(asked: Asked) -> None:
    """But for one: whoever asks for the rest comes to an end."""
    request = pb.DecideRequest(scopes=[pb.Scope(name="hero")])
    request.identities.add(namespace="ecid", id="a")
    assert len(asked.revisions.quick.some_at_once([request.SerializeToString()] * 5, 0.0)) == 1
    assert len(asked.revisions.quick.some_at_once([b""] * 5, 0.0)) == 5


async def test_waiting_for_other_threads_takes_none_of_that_time(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long they were deciding before."""
    now_s = 0.0

    class Waiting(Exclusive):
        """A lock that others hold for long."""

        def __enter__(self) -> None:
            nonlocal now_s
            now_s += 1_000.0
            super().__enter__()

    monkeypatch.setattr(time, "perf_counter", lambda: now_s)
    asked.revisions.quick._deciding = Waiting()
    request = pb.DecideRequest(scopes=[pb.Scope(name="hero")])
    request.identities.add(namespace="ecid", id="a")
    found = asked.revisions.quick.some_at_once([request.SerializeToString()] * 5, 1.0)
    assert len(found) == 5


async def test_large_answers_are_few_at_a_time(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are held together stay within a bound, but for the last one."""
    request = pb.DecideRequest(scopes=[pb.Scope(name="hero")]).SerializeToString()
    (one,) = together(asked, [request])
    assert one is not None
    monkeypatch.setattr(at_once_module, "MOST_BYTES", 2 * one.ByteSize() + 1)
    assert len(asked.revisions.quick.some_at_once([request] * 5, FOR_EVER_S)) == 3


@pytest.mark.parametrize("asked", [((DEFINITIONS,), JournalMode.BEHIND)], indirect=True)
async def test_the_journal_has_the_same(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of each by itself, in their order; of those that aren't answered nothing."""
    source = random.Random(random_seed())
    await fill(asked, source)
    drafts: list[Draft] = []
    monkeypatch.setattr(asked.state.journal, "hand_over", drafts.append)
    several = [asking(source).SerializeToString() for _ in range(60)]
    expected = [asked.at_once(data) for data in several]
    alone, drafts[:] = drafts[:], []
    assert [*together(asked, several)] == expected
    assert drafts == alone
    assert len(drafts) == sum(one is not None for one in expected) > 10


@pytest.mark.parametrize("asked", [((DEFINITIONS,), JournalMode.BEHIND)], indirect=True)
@pytest.mark.parametrize("fails_at", ["response", "draft"])
async def test_a_failure_leaves_nothing_behind(
    asked: Asked, fails_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for the others again has them journalled once."""
    drafts: list[Draft] = []
    monkeypatch.setattr(asked.state.journal, "hand_over", drafts.append)
    decisions = asked.revisions._serving.active.decisions
    failing = decisions._answers if fails_at == "response" else decisions._journalling
    work, called = getattr(failing, fails_at), 0

    def fail(*arguments: object, **named: object) -> object:
        nonlocal called
        called += 1
        if called == 3:
            raise ZeroDivisionError("out of numbers")
        return work(*arguments, **named)

    monkeypatch.setattr(failing, fails_at, fail)
    data = pb.DecideRequest(scopes=[pb.Scope(name="hero")]).SerializeToString()
    with pytest.raises(ZeroDivisionError):
        asked.revisions.quick.some_at_once([data] * 5, FOR_EVER_S)
    assert called == 3
    assert not drafts
