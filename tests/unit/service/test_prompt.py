"""Requests that wait only for the disk: the same answers as of those that wait for anything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from offerd.admission import parse_instant
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.model.journal import DecisionEntry
from offerd.model.profile import ProfileKey
from offerd.service.decisions import Decisions
from offerd.service.prompt import Prompt
from offerd.service.serialized import Serialized
from offerd.service.soon import Soon
from offerd.store import JournalMode, JournalSettings, State
from offerd.v1 import decision_service_pb2 as pb
from seeds import random_seed

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
profile: [{name: age, type: int}]
placements:
- {id: web, channel: web, content_type: text, item_count: 2}
- {id: app, channel: app, content_type: text}
offers:
- {id: total, priority: 9, caps: [{event: decision, per: total, limit: 40}],
   representations: [{placement: web, text: T}, {placement: app, text: T}]}
- {id: own, priority: 8, eligibility: profile.age >= 18,
   caps: [{event: decision, limit: 3, within: 1h}],
   representations: [{placement: web, text: O}, {placement: app, text: O}]}
- {id: both, priority: 7,
   caps: [{event: decision, limit: 9}, {event: decision, per: total, limit: 90, within: 2h}],
   representations: [{placement: web, text: B}]}
- {id: free, representations: [{placement: web, text: F}, {placement: app, text: F}]}
fallback_offers:
- {id: none, representations: [{placement: web, text: N}, {placement: app, text: N}]}
collections: [{id: all, offers: [total, own, both, free]}, {id: free, offers: [free]}]
strategies:
- {id: all, collection: all, ranking: priority}
- {id: free, collection: free, ranking: priority}
decisions:
- {id: d, placements: [web, app], strategies: [all], fallbacks: [none]}
- {id: free, placements: [web], strategies: [free], fallbacks: [none]}
"""
START_NS = parse_instant("2026-11-02T09:00:00Z")
SECOND_NS = 10**9


class Deciding:
    """A service of these definitions, at a time that is set."""

    def __init__(self, bundle: Bundle, state: State) -> None:
        self.now_ns = START_NS
        self.bundle = bundle
        self.state = state
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
        fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
        self.decisions = Decisions(bundle, state, fold, log, lambda: self.now_ns)

    def counted(self) -> list[int]:
        """What is counted of everybody, and how many events there are."""
        tallies, keys = self.state.tallies, [one.key for one in self.bundle.catalogue.counters]
        return [*(tallies.total(key, None, None) for key in keys), self.state.counts().events]

    def journalled(self) -> list[tuple[str, ...]]:
        """What the journal says was proposed, one decision after another."""
        entries = (stored.entry for stored in self.state.journal.reader.entries())
        return [
            tuple(item.offer for scope in entry.scopes for item in scope.items)
            for entry in entries
            if isinstance(entry, DecisionEntry)
        ]


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    """The definitions, compiled."""
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "all.yaml").write_text(DEFINITIONS)
    write_bundle(load([tmp_path / "definitions"]).catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    yield bundle
    bundle.close()


@contextmanager
def deciding(folder: Path, bundle: Bundle, mode: JournalMode) -> Iterator[Deciding]:
    """Opens a service with three customers."""
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    with State.open(folder, fold, journal=JournalSettings(mode)) as state:
        for number in range(3):
            key = ProfileKey("ecid", str(number))
            state.set_profile(key, {"age": 10 * number}, START_NS).result()
        yield Deciding(bundle, state)


def asking(source: random.Random) -> pb.DecideRequest:
    """Returns a request of one of four customers or of nobody, mostly a usual one."""
    request = pb.DecideRequest(request_id="r")
    for _ in range(source.randrange(1, 4)):
        request.scopes.add(decision="d", placement=source.choice(["web", "web", "app"]))
    if source.random() < 0.9:
        request.identities.add(namespace="ecid", id=str(source.randrange(4)))
    if source.random() < 0.1:
        request.dry_run = True
    request.deduplication = source.choice([0, 1, 2, 3, 4])
    return request


def plain(answer: pb.DecideResponse) -> pb.DecideResponse:
    """Returns an answer without its random names."""
    for proposition in answer.propositions:
        proposition.proposition_id = ""
        for item in proposition.items:
            item.token = ""
    return answer


@pytest.mark.parametrize("mode", [JournalMode.BEHIND, JournalMode.BEFORE_ANSWER])
async def test_what_cannot_be_answered_is_not_journalled(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: JournalMode
) -> None:
    """The answer is made first: the journal's own thread computes from the same customer."""
    with deciding(tmp_path / "state", bundle, mode) as service:
        handed_over: list[object] = []
        monkeypatch.setattr(service.state.journal, "hand_over", handed_over.append)

        def fail(*_: object) -> None:
            raise ZeroDivisionError("out of numbers")

        monkeypatch.setattr(service.decisions.at_once, "response", fail)
        request = pb.DecideRequest(scopes=[pb.Scope(decision="free", placement="web")])
        with pytest.raises(ZeroDivisionError):
            await service.decisions.decide(request)
        assert not handed_over
        assert not service.journalled()


@pytest.mark.parametrize("mode", [JournalMode.OFF, JournalMode.BEFORE_ANSWER])
async def test_answers_and_what_is_stored_are_the_same(
    bundle: Bundle, tmp_path: Path, mode: JournalMode
) -> None:
    """Of random requests one after another, as caps fill up and windows go by."""
    source = random.Random(random_seed())
    with ExitStack() as stack:
        quick, full = (
            stack.enter_context(deciding(tmp_path / name, bundle, mode)) for name in ("a", "b")
        )
        found = 0
        prompt: Prompt = quick.decisions.prompt
        for _ in range(120):
            request = asking(source)
            one = await prompt.decide(request.SerializeToString())
            assert one is not None or request.dry_run or not request.identities
            found += one is not None
            if one is None:
                one = await quick.decisions.decide_in_full(request)
            other = await full.decisions.decide_in_full(request)
            assert plain(one.message()) == plain(other.message())
            assert quick.counted() == full.counted()
            quick.now_ns += SECOND_NS * source.choice([0, 1, 60, 600])
            full.now_ns = quick.now_ns
        assert found > 60
        assert quick.journalled() == full.journalled()


@pytest.mark.parametrize("mode", [JournalMode.OFF, JournalMode.BEFORE_ANSWER])
async def test_side_by_side_it_is_the_same(
    bundle: Bundle, tmp_path: Path, mode: JournalMode
) -> None:
    """As one after another, those last for which others left no room."""
    source = random.Random(random_seed())
    with ExitStack() as stack:
        quick, full = (
            stack.enter_context(deciding(tmp_path / name, bundle, mode)) for name in ("a", "b")
        )
        prompt, read = quick.decisions.prompt, quick.decisions.at_once.read
        held = refused = 0
        for _ in range(30):
            requests = [asking(source) for _ in range(source.randrange(1, 17))]
            questions = [read(request.SerializeToString()) for request in requests]
            begun = prompt.begin_some(questions, float("inf"))
            assert len(begun) == len(requests)
            last = []
            for request, one in zip(requests, begun, strict=True):
                if isinstance(one, Soon) and not one.claim.holds(one.write.result()):
                    refused += 1
                    last.append(request)
                elif one is None:
                    last.append(request)
                else:
                    held += 1
                    found = one.answered.answer if isinstance(one, Soon) else one.answer
                    other = await full.decisions.decide_in_full(request)
                    assert plain(found.message()) == plain(other.message())
            for request in last:
                late = await quick.decisions.decide_in_full(request)
                other = await full.decisions.decide_in_full(request)
                assert plain(late.message()) == plain(other.message())
            assert quick.counted() == full.counted()
            quick.now_ns += SECOND_NS * source.choice([0, 1, 60, 600])
            full.now_ns = quick.now_ns
        assert held > 60
        assert refused
        assert sorted(quick.journalled()) == sorted(full.journalled())


async def test_whoever_follows_one_that_fails_is_not_begun(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is that one: each is told by itself why; what was begun before goes on."""
    with deciding(tmp_path / "state", bundle, JournalMode.OFF) as service:
        decisions = service.decisions
        request = pb.DecideRequest(scopes=[pb.Scope(decision="d", placement="web")])
        request.identities.add(namespace="ecid", id="0")
        question = decisions.at_once.read(request.SerializeToString())
        response, called = decisions.at_once.response, 0

        def fail(*arguments: Any) -> Serialized:
            nonlocal called
            called += 1
            if called == 3:
                raise ZeroDivisionError("out of numbers")
            return response(*arguments)

        monkeypatch.setattr(decisions.at_once, "response", fail)
        begun = decisions.prompt.begin_some([question] * 5, float("inf"))
        assert called == 3
        assert len(begun) == 2
        for one in begun:
            assert isinstance(one, Soon)
            assert one.claim.holds(one.write.result())
        assert service.state.counts().events == 4
        assert len(decisions.prompt.begin_some([question] * 5, 0.0)) == 1
