"""Requests that are answered at once: the same answers as those that may wait."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.message import DecodeError
from structlog import wrap_logger
from structlog.testing import LogCapture

from offerd.app.process import dispatcher_for
from offerd.bundle import open_bundle
from offerd.errors import Exhausted, RequestError
from offerd.events import FoldPlan
from offerd.model.journal import Draft
from offerd.service import naming, overload
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.service.translate import heads as heads_module
from offerd.service.translate.heads import parts
from offerd.service.translate.identities import STATES
from offerd.store import JournalMode, JournalSettings, State
from offerd.v1 import consent_pb2, identity_pb2, profile_service_pb2
from offerd.v1 import decision_service_pb2 as pb
from seeds import random_seed
from serving import compile_to
from unit.service.random_requests import NOW_NS, asking, mangled

DEFINITIONS = """
namespaces:
- {id: crm, type: cross_device}
- {id: phone, type: phone, normalize: phone}
- {id: ecid, type: cookie}
- {id: device, type: device, normalize: lowercase}
profile: [{name: tier, type: string}, {name: age, type: int}]
context: [{name: weather, type: string}]
events: [{id: visit}]
aggregates:
- {id: visits, events: [visit], function: count}
- {id: recent, events: [visit], function: count, window: 24h}
audiences: [{id: adults, rule: profile.age >= 18}]
placements:
- {id: web, channel: web, content_type: text, item_count: 2}
- {id: app, channel: app, content_type: text}
offers:
- {id: gold, priority: 9, eligibility: profile.tier == "gold",
   caps: [{event: display, limit: 2}],
   representations: [{placement: web, text: gold}, {placement: app, text: gold}]}
- {id: adult, priority: 8, eligibility: audience("adults") && aggregate.recent < 2,
   representations: [{placement: web, text: "adult {{ profile.age | 'x' }}"}]}
- {id: near, priority: 7, eligibility: context.location.latitude > 50.0,
   representations: [{placement: web, text: near}, {placement: app, text: near}]}
- {id: broken, priority: 6, eligibility: 10 / aggregate.visits > 1,
   representations: [{placement: app, text: broken}]}
- {id: all, priority: 1, representations: [{placement: web, text: all},
   {placement: web, language: sv, text: alla}]}
fallback_offers:
- {id: none, representations: [{placement: web, text: N}, {placement: app, text: N}]}
collections: [{id: all, offers: [gold, adult, near, broken, all]}]
rankings: [{id: risky, formula: offer.priority / (aggregate.visits - 1)}]
strategies:
- {id: best, collection: all, ranking: priority}
- {id: risky, collection: all, ranking: risky}
decisions:
- {id: d, placements: [web, app], strategies: [best], fallbacks: [none]}
- {id: r, placements: [web, app], strategies: [risky], fallbacks: [none]}
- {id: t, placements: [web], strategies: [best], fallbacks: [none]}
experiments:
- id: e
  decision: t
  arms: [{id: a, weight: 1, strategies: [best]}, {id: b, weight: 1, strategies: [risky]}]
scopes: [{id: hero, decision: d, placement: web}]
"""
TAKING = """
offers:
- {id: few, priority: 10, caps: [{event: decision, limit: 5}],
   representations: [{placement: web, text: few}]}
collections: [{id: few, offers: [few]}]
strategies: [{id: few, collection: few, ranking: priority}]
decisions: [{id: few, placements: [web], strategies: [few], fallbacks: [none]}]
"""


class Asked:
    """A service whose random names are all the same, and the lines of its log."""

    def __init__(self, standing: Standing, state: State) -> None:
        self.state = state
        capture = LogCapture()
        self.log = wrap_logger(None, processors=[capture])
        self.lines = capture.entries
        self.revisions = Revisions(standing, state, self.log, lambda: NOW_NS)

    async def fully(self, data: bytes) -> pb.DecideResponse | str:
        """Returns what a request is answered as one that may wait, or its refusal."""
        try:
            request = pb.DecideRequest.FromString(data)
            answer = (await self.revisions.decide(request)).message()
        except (RequestError, DecodeError) as error:
            return str(error)
        assert isinstance(answer, pb.DecideResponse)
        return answer

    def at_once(self, data: bytes) -> pb.DecideResponse | None:
        """Returns what it is answered at once."""
        found = self.revisions.quick.at_once(data)
        if found is None:
            return None
        assert found.request_id == pb.DecideRequest.FromString(data).request_id
        answer = found.answer.message()
        assert isinstance(answer, pb.DecideResponse)
        return answer


def loaded(folder: Path, *texts: str) -> Loaded:
    """Compiles definitions."""
    definitions = folder / "definitions"
    definitions.mkdir(parents=True)
    for number, text in enumerate(texts):
        (definitions / f"{number}.yaml").write_text(text, encoding="utf-8")
    bundle = open_bundle(compile_to(folder / "bundles", definitions))
    return Loaded(bundle, FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places))


@pytest.fixture
def asked(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Asked]:
    """A service; names are made of zeros."""
    monkeypatch.setattr(naming.os, "urandom", bytes)
    texts, mode = getattr(request, "param", ((DEFINITIONS,), JournalMode.OFF))
    standing = Standing(loaded(tmp_path, *texts))
    settings = JournalSettings(mode)
    with State.open(tmp_path / "state", standing.plans(), journal=settings) as state:
        yield Asked(standing, state)


async def fill(asked: Asked, source: random.Random) -> None:
    """Stores profiles, events, and what customers have chosen."""
    for namespace in ("ecid", "crm", "phone", "device"):
        for number, name in enumerate("abcd"):
            if source.random() < 0.2:
                continue
            await asked.revisions.set_profile(
                profile_service_pb2.SetProfileRequest(
                    namespace=namespace, id=name,
                    attributes={"tier": source.choice(("gold", "tin")), "age": 16 + number},
                )
            )  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [((DEFINITIONS,), JournalMode.OFF), ((DEFINITIONS,), JournalMode.BEHIND)],
    indirect=True,
    ids=["alone", "journalled"],
)
async def test_the_same_answers(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or none, of any request; of those that are right and usual nearly all are answered."""
    monkeypatch.setattr(heads_module, "MOST", 20)
    source = random.Random(random_seed())
    await fill(asked, source)
    usual, answered = 0, 0
    for step in range(500):
        request = asking(source)
        data = mangled(source, request.SerializeToString())
        found = asked.at_once(data)
        expected = await asked.fully(data)
        assert found is None or found == expected, (request, found, expected)
        if isinstance(expected, pb.DecideResponse) and data == request.SerializeToString():
            plain = not any(
                request.HasField(name) for name in ("decide_time", "overrides", "consent")
            )
            plain &= not (request.dry_run or request.explain or request.events)
            plain &= all(len(one.id) < 100 for one in request.identities)
            plain &= len(request.request_id) < 128 and request.request_id.isprintable()
            usual += plain
            answered += plain and found is not None
            assert plain or found is None
        if step == 250:
            await choose(asked)
    assert answered > 0.8 * usual > 40


async def choose(asked: Asked) -> None:
    """Has people say what they allow."""
    no, yes = consent_pb2.CONSENT_VALUE_NO, consent_pb2.CONSENT_VALUE_YES
    for name, chosen in (
        ("a", consent_pb2.Consent(collect=no)),
        ("b", consent_pb2.Consent(personalize=no)),
        ("c", consent_pb2.Consent(precise_location=no)),
        ("d", consent_pb2.Consent(collect=yes)),
    ):
        who = [identity_pb2.Identity(namespace="ecid", id=name)]
        await asked.revisions.set_consent(
            profile_service_pb2.SetConsentRequest(identities=who, consent=chosen)
        )


@pytest.mark.parametrize("asked", [((DEFINITIONS,), JournalMode.BEHIND)], indirect=True)
async def test_the_journal_has_the_same(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a decision that may wait."""
    source = random.Random(random_seed())
    await fill(asked, source)
    drafts: list[Draft] = []
    monkeypatch.setattr(asked.state.journal, "hand_over", drafts.append)
    for step in range(60):
        if step == 30:
            await choose(asked)
        data = asking(source).SerializeToString()
        if asked.at_once(data) is not None:
            await asked.fully(data)
            assert drafts[0] == drafts[1]
        drafts.clear()


@pytest.mark.parametrize(
    "asked",
    [((DEFINITIONS, TAKING), JournalMode.OFF), ((DEFINITIONS,), JournalMode.BEFORE_ANSWER)],
    indirect=True,
    ids=["caps count decisions", "the journal first"],
)
async def test_what_has_to_be_durable_first_is_not_answered_at_once(asked: Asked) -> None:
    """Nothing of these definitions, or with this journal, is."""
    data = pb.DecideRequest(scopes=[pb.Scope(name="hero")]).SerializeToString()
    assert asked.at_once(data) is None
    assert isinstance(await asked.fully(data), pb.DecideResponse)


async def test_a_canary_answers_for_its_share(asked: Asked, tmp_path: Path) -> None:
    """At once, too, and for whom it would."""
    canary = loaded(tmp_path / "canary", DEFINITIONS.replace("text: all}", "text: ALL}"))
    asked.revisions = Revisions(
        Standing(asked.revisions.active, canary, 5_000), asked.state, asked.log, lambda: NOW_NS
    )
    revisions = set()
    for number in range(40):
        who = [identity_pb2.Identity(namespace="ecid", id=f"c{number}")] if number else []
        request = pb.DecideRequest(identities=who, scopes=[pb.Scope(name="hero")])
        found = asked.at_once(request.SerializeToString())
        assert found is not None
        assert found == await asked.fully(request.SerializeToString())
        revisions.add(found.revision)
    assert len(revisions) == 2


async def test_a_defect_is_the_same_as_where_it_may_wait(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller learns that the service has failed, and the log why."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("out of numbers")

    monkeypatch.setattr(asked.revisions.quick, "at_once", fail)
    dispatcher = dispatcher_for(asked.revisions, asked.log)
    at_once = dispatcher.doors_at_once("grpc")["/offerd.v1.DecisionService/Decide"]
    with pytest.raises(RequestError, match="its log has the details") as raised:
        at_once(b"")
    assert raised.value.code.name == "INTERNAL"
    failed, line = asked.lines
    assert failed["event"] == "failed"
    assert (line["code"], line["door"], line["reason"]) == ("INTERNAL", "grpc", "INTERNAL")


async def test_a_line_is_logged_of_what_is_answered_at_once(asked: Asked) -> None:
    """With the name that the caller gave; none of what has to be asked for again."""
    dispatcher = dispatcher_for(asked.revisions, asked.log)
    at_once = dispatcher.doors_at_once("grpc")["/offerd.v1.DecisionService/Decide"]
    for request_id in ("mine", ""):
        request = pb.DecideRequest(request_id=request_id, scopes=[pb.Scope(name="hero")])
        assert at_once(request.SerializeToString()) is not None
        line = asked.lines.pop()
        assert (line["event"], line["method"], line["door"]) == ("request", "Decide", "grpc")
        assert line["code"] == "OK"
        assert line.get("request_id", "") == request_id
    assert at_once(b"") is None
    await dispatcher.drain(0.0, 1.0)
    assert at_once(request.SerializeToString()) is None
    assert not asked.lines


async def test_what_comes_late_in_a_long_turn_is_refused(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where calls wait for their turn of the event loop, and only there; it is logged."""
    monkeypatch.setattr(overload, "LONGEST_WAIT_S", -1.0)
    monkeypatch.setattr(overload, "_FEWEST", 2)
    dispatcher = dispatcher_for(asked.revisions, asked.log)
    data = pb.DecideRequest(scopes=[pb.Scope(name="hero")]).SerializeToString()
    decide = "/offerd.v1.DecisionService/Decide"
    queued = dispatcher.doors_at_once("http", queued=True)[decide]
    other = dispatcher.doors_at_once("grpc")[decide]
    assert queued(data) is not None
    assert queued(data) is not None
    with pytest.raises(Exhausted):
        queued(data)
    assert asked.lines[-1]["code"] == "RESOURCE_EXHAUSTED"
    assert other(data) is not None
    await asyncio.sleep(0)
    for _ in range(5):
        assert queued(b"") is None
    assert queued(data) is not None


async def test_what_is_of_one_request_alone_is_not_remembered(asked: Asked) -> None:
    """Else events, which differ each time, would drive out the heads that come again."""
    heads = asked.revisions._serving.active.decisions.at_once._heads
    request = pb.DecideRequest(scopes=[pb.Scope(name="hero")])
    assert asked.at_once(request.SerializeToString()) is not None
    known = [*heads._heads]
    assert known
    for number in range(5):
        request.ClearField("events")
        request.events.add(event_id=f"e{number}", type="visit")
        assert asked.at_once(request.SerializeToString()) is None
    assert [*heads._heads] == known


def test_requests_are_taken_apart_as_messages_have_them() -> None:
    """Any that is taken apart is put together to the same; those that can't be, aren't."""
    source = random.Random(random_seed())
    taken = 0
    for _ in range(2_000):
        data = mangled(source, asking(source).SerializeToString())
        found = parts(data)
        if found is None:
            continue
        rest = pb.DecideRequest()
        try:
            rest.ParseFromString(found.head)
        except DecodeError:
            continue
        whole = pb.DecideRequest.FromString(data)
        if rest.request_id or rest.identities:
            continue
        taken += 1
        assert found.request_id == whole.request_id
        named = [
            (one.namespace, one.id, STATES[one.authentication_state]) for one in whole.identities
        ]
        assert found.identities == named
        whole.ClearField("request_id")
        whole.ClearField("identities")
        assert rest == whole
    assert taken > 300
