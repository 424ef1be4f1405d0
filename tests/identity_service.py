"""A service about people and their devices, asked without sockets, for the tests of identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import structlog
from google.protobuf import json_format
from google.protobuf.message import Message

from offerd.admission import parse_instant
from offerd.app.process import dispatcher_for
from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.service.dispatch import Dispatcher
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import JournalMode, JournalSettings, State
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import profile_service_pb2 as profiles
from serving import compile_to

M = TypeVar("M", bound=Message)

NOW_NS = parse_instant("2026-11-02T09:00:00Z")
SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS

DEFINITIONS = """
namespaces:
- {id: crm, type: cross_device}
- {id: email, type: email}
- {id: ecid, type: cookie}
- {id: gaid, type: device}
profile:
- {name: tier, type: string, person: true}
- {name: nested.one, type: string}
- {name: nested.two, type: int}
- {name: colour, type: string}
events:
- {id: page_view, properties: [{name: category, type: string}]}
aggregates:
- {id: views, events: [page_view], function: count}
- {id: by_category, events: [page_view], function: count, group_by: category}
- {id: views_hour, events: [page_view], function: count, window: 1h}
audiences:
- {id: seen_twice, name: Seen twice, rule: aggregate.views >= 2}
- {id: plus, name: Plus, rule: profile.tier == "plus"}
placements: [{id: web, channel: web, content_type: text, item_count: 6}]
offers:
- id: once
  priority: 9
  caps: [{event: decision, limit: 1}]
  eligibility: aggregate.views >= 1
  representations: [{placement: web, text: Once}]
- id: shown_twice
  priority: 8
  caps: [{event: display, limit: 2}]
  representations: [{placement: web, text: Shown twice}]
- id: plus
  priority: 7
  eligibility: audience("plus")
  representations: [{placement: web, text: Plus}]
- id: regular
  priority: 6
  eligibility: audience("seen_twice")
  representations: [{placement: web, text: "You saw {{ aggregate.views | 0 }}"}]
- id: red
  priority: 5
  eligibility: profile.colour == "red"
  representations: [{placement: web, text: Red}]
- id: few
  priority: 4
  caps: [{event: decision, per: total, limit: 40}]
  representations: [{placement: web, text: Few}]
- {id: a, priority: 3, representations: [{placement: web, text: A}]}
- {id: b, priority: 3, representations: [{placement: web, text: B}]}
fallback_offers: [{id: none, representations: [{placement: web, text: None}]}]
collections:
- {id: all, offers: [once, shown_twice, plus, regular, red, few]}
- {id: only_a, offers: [a]}
- {id: only_b, offers: [b]}
strategies:
- {id: all, collection: all, ranking: priority}
- {id: only_a, collection: only_a, ranking: priority}
- {id: only_b, collection: only_b, ranking: priority}
decisions:
- {id: best, placements: [web], strategies: [all], fallbacks: [none]}
- {id: tested, placements: [web], strategies: [only_a], fallbacks: [none]}
experiments:
- id: ab
  decision: tested
  arms:
  - {id: one, weight: 1, strategies: [only_a]}
  - {id: two, weight: 1, strategies: [only_b]}
scopes:
- {id: hero, decision: best, placement: web}
- {id: test, decision: tested, placement: web, item_count: 1}
"""


def proven(namespace: str, name: str) -> dict[str, str]:
    """Returns an identity that the request has authenticated."""
    state = "AUTHENTICATION_STATE_AUTHENTICATED"
    return {"namespace": namespace, "id": name, "authenticationState": state}


def recognised(namespace: str, name: str) -> dict[str, str]:
    """Returns one that it hasn't."""
    return {"namespace": namespace, "id": name}


def left(namespace: str, name: str) -> dict[str, str]:
    """Returns one who has logged out."""
    state = "AUTHENTICATION_STATE_LOGGED_OUT"
    return {"namespace": namespace, "id": name, "authenticationState": state}


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns

    def go_on(self, seconds: float = 1) -> None:
        """Lets time pass."""
        self.now_ns += int(seconds * SECOND_NS)


class Service:
    """The rpcs of a service, as functions of JSON."""

    def __init__(self, state: State, dispatcher: Dispatcher, clock: Clock) -> None:
        self.state = state
        self.dispatcher = dispatcher
        self.clock = clock
        self._numbers = 0

    async def call(self, method: str, request: dict[str, Any], kind: Callable[[], M]) -> Any:
        """Asks an rpc by its name after `/offerd.v1.`."""
        message = json_format.ParseDict(request, kind())
        return await self.dispatcher.call(f"/offerd.v1.{method}", message, "test")

    async def decide(self, *who: dict[str, str], **more: Any) -> decisions.DecideResponse:
        """Decides both scopes."""
        request = {"scopes": [{"name": "hero"}, {"name": "test"}], "identities": who, **more}
        return await self.call("DecisionService/Decide", request, decisions.DecideRequest)

    def event(self, *who: dict[str, str], **more: Any) -> dict[str, Any]:
        """Returns a page view, with an id of its own."""
        self._numbers += 1
        return {"eventId": f"e{self._numbers}", "type": "page_view", "identities": who, **more}

    async def collect(self, *several: dict[str, Any], **more: Any) -> list[events.EventResult]:
        """Stores events."""
        request = {"events": several, **more}
        answer = await self.call("EventService/Collect", request, events.CollectRequest)
        return list(answer.results)

    async def view(self, *who: dict[str, str], **more: Any) -> events.EventResult:
        """Stores a page view, which must be accepted."""
        (result,) = await self.collect(self.event(*who, **more))
        assert result.status == events.EVENT_STATUS_ACCEPTED, result
        return result

    async def profile(self, namespace: str, name: str, **more: Any) -> profiles.Profile:
        """Returns a profile."""
        request = {"namespace": namespace, "id": name, **more}
        answer = await self.call("ProfileService/GetProfile", request, profiles.GetProfileRequest)
        return answer.profile

    async def profiles(self, method: str, request: dict[str, Any]) -> Any:
        """Asks an rpc of ProfileService by its name."""
        kind = getattr(profiles, f"{method}Request")
        return await self.call(f"ProfileService/{method}", request, kind)

    async def delete(self, *who: dict[str, str]) -> profiles.DeleteSubjectResponse:
        """Deletes a customer."""
        return await self.profiles("DeleteSubject", {"identities": who})

    async def export(self, *who: dict[str, str]) -> list[profiles.ExportSubjectResponse]:
        """Returns all that is stored of a customer."""
        request = json_format.ParseDict({"identities": who}, profiles.ExportSubjectRequest())
        method = "/offerd.v1.ProfileService/ExportSubject"
        return [piece async for piece in self.dispatcher.stream(method, request, "test")]

    async def views(self, *who: dict[str, str], **more: Any) -> int:
        """Returns how many page views a request sees, by what it is shown."""
        answer = await self.decide(*who, **more)
        for item in answer.propositions[0].items:
            if item.offer == "regular":
                return int(item.content.text.removeprefix("You saw "))
        return 0


@contextmanager
def identity_service(
    folder: Path,
    *,
    definitions: str = DEFINITIONS,
    journal: JournalMode = JournalMode.BEFORE_ANSWER,
    clock: Clock | None = None,
) -> Iterator[Service]:
    """Serves definitions over the state in a folder, which may be there already."""
    folder.mkdir(exist_ok=True)
    source = folder / "definitions"
    source.mkdir(exist_ok=True)
    (source / "all.yaml").write_text(definitions)
    bundle = open_bundle(compile_to(folder, source))
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)
    clock = clock or Clock()
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    settings = JournalSettings(journal)
    with State.open(folder / "state", fold, journal=settings) as state:
        revisions = Revisions(Standing(Loaded(bundle, fold)), state, log, clock)
        yield Service(state, dispatcher_for(revisions, log), clock)
    bundle.close()


def offers(answer: decisions.DecideResponse) -> Sequence[str]:
    """Returns the offers that the first scope is answered with."""
    return [item.offer for item in answer.propositions[0].items]
