"""The rule that is absolute: person data only for a request that has authenticated the person.

Two services live through the same random history, but that in one the people are known to use the
devices and in the other they are not: there their events name no device, and where a request is
authenticated its device is left out. A request that isn't authenticated must get the same bytes
from both, whatever it asks and however it is refused.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from identity_service import Service, identity_service, left, proven, recognised
from offerd.errors import RequestError
from offerd.model.profile import ProfileKey
from offerd.store import JournalMode
from offerd.v1 import decision_service_pb2 as decisions

PEOPLE = [("crm", "p1"), ("email", "p1@example.com"), ("crm", "p2"), ("email", "p2@example.com")]
DEVICES = [("ecid", "d1"), ("ecid", "d2"), ("gaid", "d3")]

Step = dict[str, Any]


def random_steps(rng: random.Random, count: int) -> list[Step]:
    """Returns what happens: events, profiles, links and decisions, of people and of devices."""
    steps: list[Step] = []
    for number in range(count):
        kind = rng.choice(["event", "event", "event", "set", "decide", "ask", "ask", "link"])
        steps.append(
            {
                "kind": kind,
                "id": f"e{number}",
                "people": rng.sample(PEOPLE, rng.choice([0, 1, 1, 2])),
                "devices": rng.sample(DEVICES, rng.choice([0, 1, 1, 2])),
                "late": rng.choice([0, 0, 0, 3_600, 40_000]),
                "category": rng.choice(["yoga", "running"]),
                "tier": rng.choice(["plus", "basic"]),
                "colour": rng.choice(["red", "blue"]),
                "pause": rng.choice([0, 1, 30, 4_000]),
                "state": rng.choice([recognised, left]),
                "extra": rng.choice([0, 0, 1]),
                "explain": rng.random() < 0.5,
                "wrong": rng.random() < 0.1,
            }
        )
    return steps


class Lived:
    """A service that lives through steps; `known` says whether it is told who uses which device."""

    def __init__(self, service: Service, *, known: bool) -> None:
        self._service = service
        self._known = known

    def who(self, step: Step) -> list[dict[str, str]]:
        """Returns the identities of a step: of a person, with their devices if it may be known."""
        people = [proven(*one) for one in step["people"]]
        devices = [recognised(*one) for one in step["devices"]]
        return people + devices if self._known or not people else people

    async def live(self, step: Step) -> str:
        """Does a step; returns what a request without authentication was answered, or ""."""
        self._service.clock.go_on(step["pause"])
        if step["kind"] == "ask":
            return await self._ask(step)
        who = self.who(step)
        if step["kind"] == "set":
            await self._set(step)
        elif step["kind"] == "link" and self._known and step["people"] and len(who) > 1:
            await self._service.profiles("LinkIdentities", {"identities": who})
        elif step["kind"] == "event" and who:
            await self._service.collect(self._event(step, who))
        elif step["kind"] == "decide":
            await self._service.decide(*who)
        return ""

    def _event(self, step: Step, who: list[dict[str, str]]) -> dict[str, Any]:
        event = {
            "eventId": step["id"],
            "type": "page_view",
            "identities": who,
            "properties": {"category": step["category"]},
        }
        if step["late"]:
            then_s = self._service.clock.now_ns // 10**9 - step["late"]
            event["eventTime"] = json_format.MessageToDict(
                decisions.DecideResponse(decide_time={"seconds": then_s})
            )["decideTime"]
        return event

    async def _set(self, step: Step) -> None:
        for namespace, name in step["people"]:
            attributes = {"tier": step["tier"], "colour": step["colour"]}
            request = {"namespace": namespace, "id": name, "attributes": attributes}
            await self._service.profiles("SetProfile", request)
        for namespace, name in step["devices"]:
            request = {"namespace": namespace, "id": name, "attributes": {"nested.one": "x"}}
            await self._service.profiles("PatchProfile", request)

    async def _ask(self, step: Step) -> str:
        """Asks without authentication, people and devices alike merely recognised."""
        who = [step["state"](*one) for one in step["people"]]
        who += [recognised(*one) for one in step["devices"]]
        more: dict[str, Any] = {"requestId": "r", "explain": step["explain"]}
        if step["extra"] and who:
            event = self._event(step, [])
            del event["identities"]
            more["events"] = [event]
        if step["wrong"]:
            more["context"] = {"locales": ["no locale at all"]}
        try:
            answer = await self._service.decide(*who, **more)
        except RequestError as error:
            return f"{error.reason} {error.field} {error.message}"
        for proposition in answer.propositions:
            proposition.ClearField("proposition_id")
            for item in proposition.items:
                item.ClearField("token")
        return str(answer.SerializeToString(deterministic=True)) + str(answer)


@pytest.mark.parametrize("seed", range(12))
async def test_who_isnt_authenticated_gets_the_bytes_of_a_device_never_linked(
    tmp_path: Path, seed: int
) -> None:
    """Items, content, caps, experiments, explanations, event results and errors alike."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    steps = random_steps(rng, 120)
    answers: list[list[str]] = []
    for known in (True, False):
        with identity_service(tmp_path / str(known), journal=JournalMode.OFF) as service:
            lived = Lived(service, known=known)
            answers.append([await lived.live(step) for step in steps])
            if known:
                assert any(len(service.state.graph(ProfileKey(*one))) > 1 for one in PEOPLE)
                _check_devices(service)
    assert answers[0] == answers[1]
    assert sum(bool(answer) for answer in answers[0]) > 10


def _check_devices(service: Service) -> None:
    """Nothing that is kept under a device's key is of a person, or names one."""
    state = service.state
    met = 0
    for key in map(ProfileKey._make, DEVICES):
        record = state.profile(key)
        stored = state.events(key)
        kept = dict(state.identities.exported(key))
        met += len(stored)
        assert record is None or not {"tier", "colour"} & record.attributes.keys()
        assert not any(name in str((record, stored, kept)) for _, name in PEOPLE)
    assert met
