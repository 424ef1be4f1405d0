"""What is stored and shown, against a twin that keeps every choice that was ever made."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import NamedTuple

import structlog

from offerd.admission import parse_instant
from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.errors import FailedPrecondition
from offerd.events import FoldPlan
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import Durability, State
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import consent_pb2 as pb
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import error_pb2, identity_pb2
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import profile_service_pb2 as profiles
from seeds import random_seed

STORIES = int(os.environ.get("OFFERD_CONSENT_STORIES", "12"))
"""How many random stories are told, of 40 steps each."""

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}, {id: ecid, type: cookie}]
placements: [{id: web, channel: web, content_type: text, item_count: 2}]
aggregates: [{id: purchases, events: [purchase], function: count}]
consent: {collect: %s, personalize: %s}
offers:
- {id: own, eligibility: aggregate.purchases >= 0, representations: [{placement: web, text: O}]}
- {id: any, representations: [{placement: web, text: A}]}
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [own, any]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""
START_NS = parse_instant("2026-06-10T12:00:00Z")
SECOND_NS = 10**9
GRANTING = ("y", "LI")
VALUES = {
    "y": pb.CONSENT_VALUE_YES,
    "n": pb.CONSENT_VALUE_NO,
    "p": pb.CONSENT_VALUE_PENDING,
    "LI": pb.CONSENT_VALUE_LEGITIMATE_INTEREST,
}
ADA = identity_pb2.Identity(
    namespace="crm", id="ada", authentication_state=identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED
)
ONE = identity_pb2.Identity(namespace="ecid", id="1")
TWO = identity_pb2.Identity(namespace="ecid", id="2")


class Choice(NamedTuple):
    """One choice: under which key, of which question, when, what."""

    key: str
    question: str
    time_s: int
    value: str


class Twin:
    """Everything that was said, asked anew each time."""

    def __init__(self, defaults: dict[str, str]) -> None:
        self.defaults = defaults
        self.choices: list[Choice] = []
        self.linked: set[str] = set()
        self.events = 0

    def grants(self, question: str, whose: list[identity_pb2.Identity]) -> bool:
        """Whether what holds for a customer grants something."""
        keys = {one.id for one in whose}
        if "ada" in keys:
            keys |= self.linked
        found = [one for one in self.choices if one.question == question and one.key in keys]
        if not found:
            return self.defaults[question] in GRANTING
        own = [one for one in found if one.key == "ada"]
        return _newest_grant(found) and (not own or _newest_grant(own))


def _newest_grant(found: list[Choice]) -> bool:
    newest = max(one.time_s for one in found)
    return all(one.value in GRANTING for one in found if one.time_s == newest)


async def test_nothing_is_stored_or_shown_that_is_not_allowed(tmp_path: Path) -> None:
    """Whoever chooses what, when, as whom and in whichever request: the same as the twin says."""
    seed = random_seed()
    for number in range(STORIES):
        source = random.Random(f"{seed}/{number}")
        folder = tmp_path / str(number)
        folder.mkdir()
        defaults = {name: source.choice(["y", "u", "n"]) for name in ("collect", "personalize")}
        (folder / "all.yaml").write_text(DEFINITIONS % (*defaults.values(),), encoding="utf-8")
        write_bundle(load([folder]).catalogue, folder / "bundle")
        bundle = open_bundle(folder / "bundle")
        fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
        with State.open(folder / "state", fold, durability=Durability.RELAXED) as state:
            clock = [START_NS]
            log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
            standing = Standing(Loaded(bundle, fold))
            revisions = Revisions(standing, state, log, lambda clock=clock: clock[0])
            twin = Twin(defaults)
            for step in range(40):
                clock[0] += SECOND_NS
                await _one_step(source, step, revisions, twin)
                assert state.counts().events == twin.events
        bundle.close()


async def _one_step(source: random.Random, step: int, revisions: Revisions, twin: Twin) -> None:
    whose = source.choice([[ADA], [ONE], [TWO], [ADA, ONE]])
    key = "ada" if ADA in whose else whose[0].id
    consent = _choose(source, step, key, twin) if source.random() < 0.4 else None
    event = events.Event(event_id=f"e{step}", type="purchase")
    match source.randrange(4):
        case 0 if consent is not None:
            request = profiles.SetConsentRequest(identities=whose, consent=consent)
            await revisions.set_consent(request)
        case 1:
            collect = events.CollectRequest(identities=whose, events=[event], consent=consent)
            answer = await revisions.collect(collect)
            _check_event(answer.results[0], whose, twin)
        case 2:
            room = caps.ReserveRequest(
                reservation_id=f"r{step}",
                identities=whose,
                items=[caps.ReservedItem(offer="any", placement="web")],
            )
            if consent is not None:
                await revisions.set_consent(
                    profiles.SetConsentRequest(identities=whose, consent=consent)
                )
            try:
                await revisions.reserve(room)
                assert twin.grants("collect", whose)
            except FailedPrecondition:
                assert not twin.grants("collect", whose)
        case _:
            scope = decisions.Scope(decision="d", placement="web")
            ask = decisions.DecideRequest(scopes=[scope], identities=whose, consent=consent)
            ask.events.extend([event] * (source.random() < 0.3))
            decided = (await revisions.decide(ask)).message()
            for result in decided.event_results:
                _check_event(result, whose, twin)
            shown = {item.offer for item in decided.propositions[0].items}
            if not twin.grants("collect", whose):
                assert shown == {"none"}
            else:
                assert ("own" in shown) is twin.grants("personalize", whose)
                assert "any" in shown


def _choose(source: random.Random, step: int, key: str, twin: Twin) -> pb.Consent:
    """Some choices as a message, made now or earlier; the twin remembers them."""
    time_s = source.choice([step, step, max(0, step - source.randrange(10))])
    message = pb.Consent()
    message.choice_time.seconds = START_NS // SECOND_NS + 1 + time_s
    names = source.sample(["collect", "personalize"], source.randrange(1, 3))
    for name in names:
        value = source.choice(list(VALUES))
        setattr(message, name, VALUES[value])
        twin.choices.append(Choice(key, name, time_s, value))
    return message


def _check_event(
    result: events.EventResult, whose: list[identity_pb2.Identity], twin: Twin
) -> None:
    if not twin.grants("collect", whose):
        assert result.refusal.reason == error_pb2.ERROR_REASON_CONSENT_NOT_GRANTED
        return
    assert result.status == events.EVENT_STATUS_ACCEPTED
    twin.events += 1
    if ADA in whose:
        twin.linked |= {one.id for one in whose if one is not ADA}
