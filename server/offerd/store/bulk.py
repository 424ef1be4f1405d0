"""Loading much at once, for imports: large transactions, each event once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from offerd.events import IncomingEvent, event_fingerprint
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.store.cycles import without_cycle_search
from offerd.store.environment import Environment
from offerd.store.layout import encode_event, profile_digest
from offerd.store.operations import CollectResult, collect_one, refuse_long_names
from offerd.store.workspace import BeginWorkspace, Workspace

T = TypeVar("T")

LOAD_BATCH: Final = 50_000
"""Profiles or events per transaction: a profile's record is written once in each."""


class LoadProgress(NamedTuple):
    """What a load has done so far.

    `reused` events had the id of another one, `deleted` ones are from before their customer was
    deleted, and those of profiles that were `full` found no room.
    """

    accepted: int = 0
    duplicate: int = 0
    reused: int = 0
    deleted: int = 0
    full: int = 0

    @property
    def done(self) -> int:
        """How many of the items are dealt with."""
        return sum(self)


def load_profiles(
    environment: Environment,
    begin: BeginWorkspace,
    profiles: Iterable[tuple[ProfileKey, Mapping[str, Any]]],
    now_ns: int,
    batch: int,
) -> Iterator[LoadProgress]:
    """Sets profiles; yields after each commit."""

    def load(workspace: Workspace, key: ProfileKey, attributes: Mapping[str, Any]) -> CollectResult:
        # Of when they are nobody says: they don't bring back who was deleted.
        if workspace.record(key) is None and workspace.tombstones.remembers(
            profile_digest(key), now_ns
        ):
            return CollectResult.DELETED
        workspace.set_attributes(key, dict(attributes), now_ns)
        return CollectResult.ACCEPTED

    return _load(environment, begin, profiles, load, batch)


def load_events(
    environment: Environment,
    begin: BeginWorkspace,
    events: Iterable[tuple[ProfileKey, Event]],
    now_ns: int,
    batch: int,
) -> Iterator[LoadProgress]:
    """Collects events; yields after each commit."""

    def load(workspace: Workspace, key: ProfileKey, event: Event) -> CollectResult:
        incoming = IncomingEvent(key, event.received(now_ns), event_fingerprint(key, event))
        refuse_long_names(incoming, "event")
        return collect_one(workspace, incoming, encode_event(incoming.event), now_ns).result

    return _load(environment, begin, events, load, batch)


def _load(
    environment: Environment,
    begin: BeginWorkspace,
    items: Iterable[tuple[ProfileKey, T]],
    load: Callable[[Workspace, ProfileKey, T], CollectResult],
    batch: int,
) -> Iterator[LoadProgress]:
    progress = LoadProgress()
    remaining = iter(items)
    while chunk := _gathered(islice(remaining, batch)):

        def work(
            transaction: Any, chunk: list[tuple[ProfileKey, T]] = chunk
        ) -> tuple[list[CollectResult], Workspace]:
            workspace = begin(transaction)
            results = [load(workspace, key, item) for key, item in chunk]
            workspace.flush()
            return results, workspace

        with without_cycle_search():
            results, _ = environment.write(work, settle=lambda written: written[1].settle())
        progress = LoadProgress(
            progress.accepted + results.count(CollectResult.ACCEPTED),
            progress.duplicate + results.count(CollectResult.DUPLICATE),
            progress.reused + results.count(CollectResult.REUSED),
            progress.deleted + results.count(CollectResult.DELETED),
            progress.full + results.count(CollectResult.FULL),
        )
        yield progress


def _gathered(items: Iterable[tuple[ProfileKey, T]]) -> list[tuple[ProfileKey, T]]:
    """Brings a profile's items together, in their order.

    Folding a profile's events one after the other, while its record is in the processor's
    cache, is half again as fast as going to and fro.
    """
    by_profile: dict[ProfileKey, list[tuple[ProfileKey, T]]] = {}
    for item in items:
        found = by_profile.get(item[0])
        if found is None:
            by_profile[item[0]] = [item]
        else:
            found.append(item)
    return [item for found in by_profile.values() for item in found]
