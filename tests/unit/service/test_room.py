"""What a decision takes is given back if nobody gets the answer, and never taken twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from offerd.admission import parse_instant
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.errors import DeadlineExceeded
from offerd.events import FoldPlan
from offerd.model.capping import ReachedLimit
from offerd.model.profile import ProfileKey
from offerd.service import deadline
from offerd.service.decisions import Decisions
from offerd.service.room import ROUNDS
from offerd.store import State, Taken
from offerd.v1 import decision_service_pb2 as pb

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
placements: [{id: web, channel: web, content_type: text}]
offers:
- id: few
  priority: 1
  caps: [{event: decision, per: total, limit: 3}]
  representations: [{placement: web, text: F}]
- {id: free, representations: [{placement: web, text: X}]}
fallback_offers: [{id: none, representations: [{placement: web, text: None}]}]
collections: [{id: all, offers: [few, free]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""
NOW_NS = parse_instant("2026-11-02T09:00:00Z")
ME = ProfileKey("ecid", "1")
REQUEST = pb.DecideRequest(
    scopes=[pb.Scope(decision="d", placement="web")],
    identities=[{"namespace": "ecid", "id": "1"}],
)


class Opened(NamedTuple):
    """A bundle, a state, and what decides from both."""

    bundle: Bundle
    state: State
    decisions: Decisions

    def counted(self) -> int:
        """How often `few` has been proposed, as its cap counts."""
        (counter,) = self.bundle.catalogue.counters
        return self.state.tallies.total(counter.key, None, None)

    async def settled(self) -> None:
        """Returns once all is done that was asked of the state, and what that asked in turn."""
        for number in range(3):
            done = self.state.set_profile(ProfileKey("ecid", "other"), {}, NOW_NS + number)
            await asyncio.wrap_future(done)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """An offer that may be proposed three times, and one that may be always."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "all.yaml").write_text(DEFINITIONS)
    write_bundle(load([folder]).catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    with State.open(tmp_path / "state", fold) as state:
        yield Opened(bundle, state, Decisions(bundle, state, fold, log, lambda: NOW_NS))
    bundle.close()


async def test_many_at_once_take_what_there_is(opened: Opened) -> None:
    """Of forty requests at once three get the offer and the others the next best."""
    answers = await asyncio.gather(*(opened.decisions.decide(REQUEST) for _ in range(40)))
    offers = [answer.message().propositions[0].items[0].offer for answer in answers]
    assert sorted(offers) == ["few"] * 3 + ["free"] * 37
    assert opened.counted() == 3
    assert len(opened.state.events(ME)) == 3


async def test_a_caller_that_goes_away_takes_nothing(opened: Opened) -> None:
    """A call that is cancelled while its room is being taken gives it back."""
    for _ in range(20):
        call = asyncio.ensure_future(opened.decisions.decide(REQUEST))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await opened.settled()
        assert opened.counted() == 0
    assert opened.state.events(ME) == []
    answer = (await opened.decisions.decide(REQUEST)).message()
    assert answer.propositions[0].items[0].offer == "few"


async def test_an_answer_that_fails_takes_nothing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the answer can't be written after its room was taken, the room is given back."""

    def damaged(_number: int) -> Any:
        raise RuntimeError("damaged")

    monkeypatch.setattr(opened.bundle, "content", damaged)
    with pytest.raises(RuntimeError, match="damaged"):
        await opened.decisions.decide(REQUEST)
    await opened.settled()
    assert opened.counted() == 0
    assert opened.state.events(ME) == []


async def test_what_another_took_first_is_decided_anew(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that always comes too late ends, without the offers whose propositions count."""
    asked: list[Any] = []
    take = opened.state.take

    def too_late(subject: Any, demands: Any, *rest: Any, **named: Any) -> Any:
        asked.append(demands)
        future = take(subject, demands, *rest, **named)
        refused: Any = type(future)()
        assert future.result().granted
        refused.set_result(Taken(reached=_refusals(demands)))
        return refused

    monkeypatch.setattr(opened.state, "take", too_late)
    answer = (await opened.decisions.decide(REQUEST)).message()
    assert answer.propositions[0].items[0].offer == "free"
    assert 1 <= len(asked) <= ROUNDS


def _refusals(demands: Any) -> tuple[ReachedLimit, ...]:
    return tuple(
        ReachedLimit(place, demand, limit, limit.limit)
        for place, demand in enumerate(demands)
        for limit in demand.limits
    )


async def test_what_is_proposed_is_an_event(opened: Opened) -> None:
    """An item whose offer counts propositions is stored under its proposition."""
    answer = (await opened.decisions.decide(REQUEST)).message()
    (event,) = opened.state.events(ME)
    proposition = answer.propositions[0].proposition_id
    assert (event.type, event.proposition, event.id) == (
        "decision",
        proposition,
        f"{proposition}/few",
    )


async def test_an_answer_that_comes_too_late_takes_nothing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the caller's time is over once the room is taken, the room is given back."""
    take = opened.state.take
    taken: list[bool] = []

    def seen(*arguments: Any, **named: Any) -> Any:
        future = take(*arguments, **named)
        taken.append(future.result().granted)
        return future

    monkeypatch.setattr(opened.state, "take", seen)
    with deadline.waiting(0), pytest.raises(DeadlineExceeded):
        await opened.decisions.decide(REQUEST)
    assert taken == [True]
    await opened.settled()
    assert opened.counted() == 0
    assert opened.state.events(ME) == []


def test_a_deadline_holds_for_its_call_only() -> None:
    """Whoever waits no longer is told so; outside a call nobody's time is over."""
    assert not deadline.has_passed()
    with deadline.waiting(None):
        assert not deadline.has_passed()
        with deadline.waiting(0):
            assert deadline.has_passed()
        assert not deadline.has_passed()
    assert not deadline.has_passed()
