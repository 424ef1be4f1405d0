"""The rule that is absolute, in every call that names a device and authenticates nobody.

Two services live through the same random history: in one the people are known to use the devices,
in the other they have never met. Whatever is asked of a device alone is answered with the same
bytes: by a canary or the active revision, with consent, policies, caps and loads.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog
from google.protobuf.message import Message

from identity_service import DEFINITIONS, Clock, Service, left, proven, recognised
from offerd.app.process import dispatcher_for
from offerd.bundle import open_bundle
from offerd.errors import RequestError
from offerd.events import FoldPlan
from offerd.model.profile import ProfileKey
from offerd.model.shares import WHOLE
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import State
from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import contact_service_pb2 as contacts
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import profile_service_pb2 as profiles
from serving import compile_to

PEOPLE = [("crm", "p1"), ("email", "p1@example.com"), ("crm", "p2"), ("email", "p2@example.com")]
DEVICES = [("ecid", "d1"), ("ecid", "d2"), ("gaid", "d3")]
ACTIVE = (
    DEFINITIONS.replace("{name: tier, type: string,", "{name: tier, type: string, labels: [C4],")
    .replace("{id: web, channel: web,", "{id: web, marketing_actions: [onsite_personalization],")
    .replace("content_type: text, item_count: 6}", "channel: web, content_type: text}")
    + """
policies: [{id: no-targeting, marketing_actions: [onsite_personalization], any_labels: [C4]}]
consent: {collect: y, personalize: y, marketing: {any: u}}
channels:
- {id: email, consent: email, namespaces: [email], caps: [{limit: 2, within: 1h}]}
"""
)
CANARY = ACTIVE.replace("aggregate.views >= 2", "aggregate.views_hour >= 1").replace(
    "limit: 2}]", "limit: 3}]"
)
CALLS: dict[str, Callable[[], Message]] = {
    "DecisionService/Decide": decisions.DecideRequest,
    "EventService/Collect": events.CollectRequest,
    "CapService/Reserve": caps.ReserveRequest,
    "CapService/Commit": caps.CommitRequest,
    "ContactService/CheckContact": contacts.CheckContactRequest,
    "ProfileService/SetConsent": profiles.SetConsentRequest,
    "ProfileService/GetProfile": profiles.GetProfileRequest,
    "ProfileService/PatchProfile": profiles.PatchProfileRequest,
    "ProfileService/ExportSubject": profiles.ExportSubjectRequest,
    "AudienceService/ExplainMembership": audiences.ExplainMembershipRequest,
}
Step = dict[str, Any]


@contextmanager
def service(folder: Path, canary_share: int) -> Iterator[tuple[Service, Revisions]]:
    """Serves two revisions, whose audiences are tracked."""
    loaded = []
    for name, text in (("active", ACTIVE), ("canary", CANARY)):
        (folder / name / "definitions").mkdir(parents=True)
        (folder / name / "definitions" / "all.yaml").write_text(text)
        bundle = open_bundle(compile_to(folder / name, folder / name / "definitions"))
        loaded.append(Loaded(bundle, FoldPlan.build(bundle.catalogue, bundle.event_filters)))
    active, canary = loaded
    standing, clock = Standing(active, canary, canary_share), Clock()
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    with State.open(folder / "state", standing.plans()) as state:
        revisions = Revisions(standing, state, log, clock)
        revisions.track()
        yield Service(state, dispatcher_for(revisions, log), clock), revisions


def of_people(rng: random.Random, number: int) -> Step:
    """Returns what an authenticated person does next."""
    kind = rng.choice(["event", "event", "set", "decide", "link", "reserve", "consent", "contact"])
    return {
        "kind": kind,
        "id": f"e{number}",
        "people": rng.sample(PEOPLE, rng.choice([1, 1, 2])),
        "devices": rng.sample(DEVICES, rng.choice([0, 1, 1, 2])),
        "tier": rng.choice(["plus", "basic"]),
        "value": rng.choice(["y", "n"]),
    }


def of_device(rng: random.Random, number: int) -> Step:
    """Returns what is asked next of a device alone."""
    return {
        "kind": "ask",
        "call": rng.choice([*CALLS, *["DecisionService/Decide", "EventService/Collect"] * 3]),
        "id": f"e{number}",
        "people": rng.sample(PEOPLE, rng.choice([0, 0, 1])),
        "devices": rng.sample(DEVICES, rng.choice([1, 1, 2])),
        "state": rng.choice([recognised, left]),
        "explain": rng.random() < 0.5,
        "dry": rng.random() < 0.2,
        "extra": rng.random() < 0.3,
        "value": rng.choice(["YES", "YES", "YES", "NO"]),
        "type": rng.choice(["page_view", "display", "click"]),
    }


class Lived:
    """A service that lives through steps; `known` says whether it is told who uses which device."""

    def __init__(self, found: Service, revisions: Revisions, *, known: bool) -> None:
        self._service = found
        self._revisions = revisions
        self._known = known
        self._tokens: list[str] = []
        self._reserved = "none"

    async def live(self, step: Step) -> str:
        """Does a step; returns what was answered about a device alone, or ""."""
        self._service.clock.go_on(step["pause"])
        if step["kind"] == "ask":
            answer = await self._ask(step)
            self._revisions.tracker.settle()
            return answer
        people = [proven(*one) for one in step["people"]]
        who = people + ([recognised(*one) for one in step["devices"]] if self._known else [])
        with suppress(RequestError):
            await self._of_people(step, who)
        self._revisions.tracker.settle()
        return ""

    async def _of_people(self, step: Step, who: list[dict[str, str]]) -> None:
        found, name = self._service, step["id"]
        match step["kind"]:
            case "event":
                event = {"eventId": name, "type": "page_view", "identities": who}
                await found.collect(event)
            case "set":
                for namespace, one in step["people"]:
                    attributes = {"tier": step["tier"], "colour": "red"}
                    request = {"namespace": namespace, "id": one, "attributes": attributes}
                    await found.profiles("SetProfile", request)
            case "decide":
                await found.decide(*who)
            case "link" if len(who) > 1:
                await found.profiles("LinkIdentities", {"identities": who})
            case "reserve":
                items = [{"offer": "once", "placement": "web"}]
                request = {"reservationId": name, "identities": who, "items": items}
                await found.call("CapService/Reserve", request, caps.ReserveRequest)
            case "consent":
                value = "CONSENT_VALUE_" + {"y": "YES", "n": "NO"}[step["value"]]
                request = {"identities": who, "consent": {"personalize": value}}
                await found.profiles("SetConsent", request)
            case "contact":
                request = {"identities": who, "channel": "email", "reservationId": name}
                call = "ContactService/CheckContact"
                await found.call(call, request, contacts.CheckContactRequest)

    async def _ask(self, step: Step) -> str:
        who = [step["state"](*one) for one in step["people"]]
        who += [recognised(*one) for one in step["devices"]]
        call, request = step["call"], self._request(step, who)
        try:
            if call == "ProfileService/ExportSubject":
                pieces = await self._service.export(*who[len(step["people"]) :])
                # Events of one instant are in the order of their ids, some of which are random.
                return "".join(sorted(self._told(str(piece)) for piece in pieces))
            answer = await self._service.call(call, request, CALLS[call])
        except RequestError as error:
            return f"{call} {error.reason} {error.field} {error.message}"
        return f"{call} {self._told(str(answer), answer)}"

    def _request(self, step: Step, who: list[dict[str, str]]) -> dict[str, Any]:
        (namespace, device), name = step["devices"][0], step["id"]
        event: dict[str, Any] = {"eventId": name, "type": step["type"]}
        if self._tokens:
            event["token"] = self._tokens[-1]
        elif step["type"] != "page_view":
            event["type"] = "page_view"
        match step["call"].partition("/")[2]:
            case "Decide":
                return {
                    "scopes": [{"name": "hero"}, {"name": "test"}],
                    "identities": who,
                    "requestId": "r",
                    "explain": step["explain"],
                    "dryRun": step["dry"],
                    "events": [event] if step["extra"] else [],
                }
            case "Collect":
                return {"events": [{**event, "identities": who}]}
            case "Reserve":
                self._reserved = name
                items = [{"offer": "once", "placement": "web"}]
                return {"reservationId": name, "identities": who, "items": items}
            case "Commit":
                return {"reservationId": self._reserved}
            case "CheckContact":
                return {"identities": who, "channel": "email"}
            case "SetConsent":
                value = "CONSENT_VALUE_" + step["value"]
                return {"identities": who, "consent": {"personalize": value}}
            case "GetProfile":
                return {"namespace": namespace, "id": device, "memberships": True}
            case "PatchProfile":
                attributes = {"nested": {"one": "x"}}
                return {"namespace": namespace, "id": device, "attributes": attributes}
            case "ExplainMembership":
                return {"identities": who, "audience": "seen_twice"}
        return {}

    def _told(self, text: str, answer: Message | None = None) -> str:
        """Returns an answer without what is drawn by lot: tokens, and the ids of propositions."""
        tokens = list(getattr(answer, "tokens", ()))
        for proposition in getattr(answer, "propositions", ()):
            given = [item.token for item in proposition.items if item.token]
            self._tokens += given
            tokens += given
        for token in tokens:
            text = text.replace(token, "token")
        return re.sub(r"\b[0-9a-f]{24}\b", "stem", text)


@pytest.mark.parametrize("seed", range(int(os.environ.get("OFFERD_PRIVACY_SEEDS", "3"))))
async def test_every_call_about_a_device_alone_is_answered_as_if_it_were_nobodys(
    tmp_path: Path, seed: int
) -> None:
    """Decisions, event results, caps, contacts, consent, profiles, audiences and refusals alike."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    make = (of_people, of_device)
    steps = [rng.choice(make)(rng, number) for number in range(150)]
    for step in steps:
        step["pause"] = rng.choice([0.001, 1, 30, 4_000])
    share = rng.choice([0, WHOLE // 2, WHOLE // 2])
    answers: list[list[str]] = []
    for known in (True, False):
        with service(tmp_path / str(known), share) as (found, revisions):
            lived = Lived(found, revisions, known=known)
            answers.append([await lived.live(step) for step in steps])
            if known:
                assert any(len(found.state.graph(ProfileKey(*one))) > 1 for one in PEOPLE)
    for step, one, other in zip(steps, *answers, strict=True):
        assert one == other, step["kind"]
    assert sum(bool(answer) for answer in answers[0]) > 30
