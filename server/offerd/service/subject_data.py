"""ProfileService: telling a customer all that is stored of them, and deleting it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec

from offerd.admission import format_instant, to_nested
from offerd.bundle import Bundle
from offerd.errors import InvalidArgument, Reason
from offerd.events import FoldPlan
from offerd.model.event import Event
from offerd.model.identity import profile_key
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import event_types
from offerd.service.linking import identity_messages
from offerd.service.translate.identities import identities
from offerd.service.translate.structs import data_to_struct, ns_to_timestamp
from offerd.store import Selection, State
from offerd.v1 import identity_pb2
from offerd.v1 import profile_service_pb2 as pb

_BREATH = 100
"""Pieces after which others get their turn."""

_FOLDED = {"namespace", "id", "attributes", "consent", "counted", "fold", "schema"}
_INTERNAL = _FOLDED | {"remainders", "truncated", "timestamps", "event_bytes"}

Piece = tuple[str, Mapping[str, Any]]


class SubjectData:
    """Answers the rpcs about all of a customer. `now` is the clock, in nanoseconds."""

    def __init__(
        self, bundle: Bundle, state: State, fold: FoldPlan, now: Callable[[], int]
    ) -> None:
        self._state = state
        self._fold = fold
        self._now = now
        schema = bundle.catalogue.schema
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}
        self._attributes = {attribute.path: attribute for attribute in schema.profile}
        self._properties = {
            e.id: {p.path: p for p in e.properties} for e in event_types(schema).values()
        }

    async def delete_subject(self, request: pb.DeleteSubjectRequest) -> pb.DeleteSubjectResponse:
        """Removes a customer; it has happened, durably, when this returns."""
        keys = self._keys(request.identities)
        deleted = await asyncio.wrap_future(self._state.identities.delete(keys, self._now()))
        return pb.DeleteSubjectResponse(
            identities=identity_messages(deleted.keys, self._namespaces),
            events=deleted.events,
            journal_entries=deleted.journal_entries,
            tombstone_until=ns_to_timestamp(deleted.tombstone_until_ns),
        )

    async def export_subject(
        self, request: pb.ExportSubjectRequest
    ) -> AsyncIterator[pb.ExportSubjectResponse]:
        """Yields all that is stored, identity by identity; what is written meanwhile may miss.

        Links are told between these identities only: whose a device is, is a person's data.
        """
        told: set[tuple[ProfileKey, ProfileKey]] = set()
        keys = self._with_linked(self._keys(request.identities))
        for identity in identity_messages(keys, self._namespaces):
            key = ProfileKey(identity.namespace, identity.id)
            number = 0
            async for kind, data in self._pieces(key, keys, told):
                yield pb.ExportSubjectResponse(
                    kind=kind, identity=identity, data=data_to_struct(data)
                )
                number += 1
                if number % _BREATH == 0:
                    await asyncio.sleep(0)

    async def _pieces(
        self,
        key: ProfileKey,
        keys: Collection[ProfileKey],
        told: set[tuple[ProfileKey, ProfileKey]],
    ) -> AsyncIterator[Piece]:
        record = await asyncio.to_thread(self._state.profile, key, self._fold)
        if record is not None:
            for piece in self._of_record(record):
                yield piece
        for link in self._state.identities.links(key):
            if key in (link.one, link.other) and (link.one, link.other) not in told:
                other = link.other if link.one == key else link.one
                if other not in keys:
                    continue
                told.add((link.one, link.other))
                yield "link", {"other": other._asdict(), "time": format_instant(link.time_ns)}
        for event in await asyncio.to_thread(self._state.events, key):
            yield "event", self._of_event(event)
        for kind, data in self._state.identities.exported(key):
            yield kind, _plain(data)
        reader = self._state.journal.reader
        for found in reader.entries(Selection(profile=key)):
            yield "journal", {"sequence": found.sequence, **_plain(found.entry)}

    def _of_record(self, record: ProfileRecord) -> Iterator[Piece]:
        fields = {
            name: value
            for name, value in msgspec.structs.asdict(record).items()
            if name not in _INTERNAL and not (name.endswith("_ns") and value == 0)  # 0 is never
        }
        nested = to_nested(record.attributes, self._attributes)
        yield "profile", {"attributes": nested, **_plain(fields)}
        for counter, times in record.counted.items():
            yield "counter", {"counter": counter, "times": [format_instant(one) for one in times]}

    def _of_event(self, event: Event) -> dict[str, Any]:
        declared = self._properties.get(event.type, {})
        fields = _plain(msgspec.structs.replace(event, properties={}))
        return {**fields, "properties": to_nested(event.properties, declared)}

    def _keys(self, messages: Sequence[identity_pb2.Identity]) -> list[ProfileKey]:
        """Returns the identities that a request names, each once."""
        if not messages:
            raise InvalidArgument(
                Reason.MISSING_FIELD, "whose data? 1 to 20 identities expected", field="identities"
            )
        who = identities(messages, self._namespaces, "identities")
        keys = (profile_key(self._namespaces[one.namespace], one.id) for one in who)
        return list(dict.fromkeys(keys))

    def _with_linked(self, keys: Sequence[ProfileKey]) -> set[ProfileKey]:
        found = set(keys)
        for key in keys:
            if self._namespaces[key.namespace].type.names_person:
                found |= self._state.identities.graph(key)
        return found


def _plain(value: Any) -> Any:
    """Returns stored data for people: names instead of places, instants as RFC 3339.

    What is named `..._ns` is an instant and named `..._time` then. None is left out.
    """
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.structs.asdict(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return dict(_named(str(name), one) for name, one in value.items() if one is not None)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value


def _named(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith("_ns") and isinstance(value, int):
        stem = name.removesuffix("_ns")
        return stem if stem.endswith("time") else f"{stem}_time", format_instant(value)
    return name, _plain(value)
