"""A service with a clock that tests set, which looks at audiences when it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from offerd.app.process import dispatcher_for
from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import JournalSettings, State
from offerd.store.membership_writer import Kept
from offerd.store.memberships import TransitionRow
from offerd.store.state import NO_JOURNAL
from offerd.v1 import event_service_pb2, profile_service_pb2
from offerd.v1.identity_pb2 import AUTHENTICATION_STATE_AUTHENTICATED, Identity

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
BEGIN = 1_790_000_000 * SECOND

DEFINITIONS = """
namespaces:
- {id: crm, type: cross_device}
- {id: email, type: email}
- {id: web, type: cookie}
profile:
- {name: tier, type: string}
events:
- {id: page_view}
aggregates:
- {id: last_purchase, events: [purchase], function: last_time}
- {id: visits_30d, events: [page_view], function: count, window: 720h}
audiences:
- {id: lapsed, name: Lapsed, rule: "now - aggregate.last_purchase >= duration('2160h')"}
- {id: plus, name: Plus, rule: "profile.tier == 'plus'"}
- {id: keen, name: Keen, rule: "aggregate.visits_30d >= 2"}
- {id: lapsed-plus, name: Both, rule: "audience('lapsed') && audience('plus')"}
- {id: here, name: Here, rule: "context.channel == 'web'"}
placements:
- {id: hero, channel: web, content_type: text}
offers:
- {id: class, name: Class, eligibility: "audience('plus')",
   representations: [{placement: hero, text: come}]}
collections: [{id: all, offers: [class]}]
strategies: [{id: first, collection: all, ranking: priority}]
fallback_offers:
- {id: nothing, representations: [{placement: hero, text: hello}]}
decisions:
- {id: best, placements: [hero], strategies: [first], fallbacks: [nothing]}
"""


class Tracked:
    """A service in `folder`, at `now_ns`. Definitions are those of `source`."""

    def __init__(self, folder: Path, source: str = DEFINITIONS, now_ns: int = BEGIN) -> None:
        self.now_ns = now_ns
        self._folder = folder
        self._bundles = 0
        self._loaded = self.loaded(source)
        self._events = 0

    def loaded(self, source: str) -> Loaded:
        """Definitions as a bundle that is open."""
        self._bundles += 1
        folder = self._folder / f"definitions-{self._bundles}"
        folder.mkdir()
        (folder / "all.yaml").write_text(source)
        path = self._folder / f"bundle-{self._bundles}"
        write_bundle(load((folder,)).catalogue, path)
        bundle = open_bundle(path)
        return Loaded(bundle, FoldPlan.build(bundle.catalogue, bundle.event_filters))

    @contextmanager
    def running(
        self, *, look: bool = True, journal: JournalSettings = NO_JOURNAL
    ) -> Iterator[Tracked]:
        """Runs the service; `look` False leaves tracking alone at first."""
        standing = Standing(self._loaded)
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
        with State.open(self._folder / "state", self._loaded.fold, journal=journal) as state:
            self.state = state
            state.tracking.kept = Kept(age_ns=10_000 * DAY)
            self.revisions = Revisions(standing, state, log, lambda: self.now_ns)
            self.dispatcher = dispatcher_for(self.revisions, log)
            self.revisions.track()
            if look:
                self.look()
            yield self

    def look(self) -> None:
        """Has everybody looked at who is to be."""
        self.revisions.tracker.settle()

    async def call(self, method: str, request: Any) -> Any:
        """Answers an rpc, named as `Service/Method`."""
        return await self.dispatcher.call(f"/offerd.v1.{method}", request, "test")

    async def collect(
        self, event: str, *who: Identity, at_ns: int | None = None, name: str = ""
    ) -> None:
        """Stores an event as of now, or as of another time."""
        self._events += 1
        message = event_service_pb2.Event(
            event_id=name or f"event-{self._events}", type=event, identities=who
        )
        message.event_time.FromNanoseconds(self.now_ns if at_ns is None else at_ns)
        answer = await self.call(
            "EventService/Collect", event_service_pb2.CollectRequest(events=[message])
        )
        assert answer.results[0].status == event_service_pb2.EVENT_STATUS_ACCEPTED, answer

    async def set_tier(self, namespace: str, name: str, tier: str) -> None:
        """Sets the one attribute of a profile."""
        request = profile_service_pb2.SetProfileRequest(namespace=namespace, id=name)
        request.attributes["tier"] = tier
        await self.call("ProfileService/SetProfile", request)

    def transitions(self, after: int = 0) -> Sequence[tuple[str, str, str, int]]:
        """All transitions: whose, of which audience, what, and when."""
        rows: list[TransitionRow] = [r for _, r in self.state.tracking.transitions(after, 10_000)]
        return [(row.id, row.audience, row.status.value, row.time_ns) for row in rows]

    def members(self, audience: str) -> list[str]:
        """The ids of an audience's members, sorted."""
        found = self.state.tracking.members(audience, b"", 1_000)
        assert len(found) == self.state.tracking.member_count(audience)
        return sorted(member.key.id for member in found)


def device(name: str) -> Identity:
    """A device's identity."""
    return Identity(namespace="web", id=name)


def person(name: str, namespace: str = "crm") -> Identity:
    """An authenticated person's identity."""
    return Identity(
        namespace=namespace, id=name, authentication_state=AUTHENTICATION_STATE_AUTHENTICATED
    )
