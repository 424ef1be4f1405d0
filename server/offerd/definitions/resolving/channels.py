"""Channels: their addresses, quiet hours and caps, and consent that nobody gave or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from offerd.definitions.documents import ChannelCapDocument, ChannelDocument, ConsentDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.resolving.counters import CounterTable, counter_key
from offerd.definitions.resolving.governing import MarketingActions
from offerd.definitions.resolving.names import Kind, Names, Table
from offerd.definitions.resolving.quiet_hours import resolve_quiet_hours
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.windows import check_time_zone, resolve_window
from offerd.definitions.wording import hint, quoted
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.consent import ConsentDefaults, ConsentValue
from offerd.model.contact import CONTACT_EVENT, Channel
from offerd.model.schema import Attribute, Schema, ValueType

_CHANNEL = Kind("channel", "channels")
_NAMESPACE = Kind("namespace", "namespaces")
_ATTRIBUTE = Kind("profile attribute", "profile attributes")
_ANY = "any"


class ChannelResolver:
    """Resolves channels; what is wrong is reported and left out."""

    def __init__(
        self,
        entries: Sequence[Entry[ChannelDocument]],
        *,
        schema: Schema,
        actions: MarketingActions,
        counters: CounterTable,
        findings: Findings,
    ) -> None:
        self._table = Table(_CHANNEL, entries, findings)
        self._actions = actions
        self._counters = counters
        self._findings = findings
        self._namespaces = Names(_NAMESPACE, (one.id for one in schema.namespaces), findings)
        self._profile: dict[str, Attribute] = {one.path: one for one in schema.profile}
        self._attributes = Names(_ATTRIBUTE, self._profile, findings)

    def channels(self) -> tuple[Channel, ...]:
        """The channels by id."""
        return tuple(self._channel(entry) for entry in self._table)

    def consent(self, entries: Sequence[Entry[ConsentDocument]]) -> ConsentDefaults:
        """What holds for questions that were never answered."""
        if not entries:
            return ConsentDefaults()
        first, *others = entries
        for other in others:
            message = f"`consent` is defined twice: first at {first.place()}"
            self._findings.mistake(other.place(), message)
        document = first.document
        values = {
            "collect": document.collect,
            "personalize": document.personalize,
            "share": document.share,
            "precise_location": document.precise_location,
        }
        names = {_ANY, *(one.document.consent or one.document.id for one in self._table)}
        for name, value in document.marketing.items():
            if name not in names and not self._findings.is_excused(name):
                message = f"no channel asks for consent by the name {quoted(name)}"
                place = first.key_place("marketing", name)
                self._findings.mistake(place, message + hint(name, names))
            values[f"marketing.{name}"] = value
        given = {name: value for name, value in values.items() if value is not ConsentValue.YES}
        return ConsentDefaults(dict(sorted(given.items())))

    def _channel(self, entry: Entry[ChannelDocument]) -> Channel:
        document = entry.document
        report_repeated(document.namespaces, entry, ("namespaces",), self._findings)
        for index, name in enumerate(document.namespaces):
            self._namespaces.check(name, entry.place("namespaces", index))
        if document.consent == _ANY:
            message = f"`{_ANY}` stands for all channels: a channel has another name"
            self._findings.mistake(entry.place("consent"), message)
        if document.time_zone is not None:
            check_time_zone(document.time_zone, entry, ("time_zone",), self._findings)
        self._check_attribute(entry)
        return Channel(
            document.id,
            document.consent or document.id,
            tuple(document.namespaces),
            resolve_quiet_hours(entry, self._findings),
            document.time_zone,
            document.time_zone_attribute,
            tuple(
                self._cap(cap, entry, ("caps", index)) for index, cap in enumerate(document.caps)
            ),
            self._actions.named(entry),
        )

    def _check_attribute(self, entry: Entry[ChannelDocument]) -> None:
        path = entry.document.time_zone_attribute
        if path is None:
            return
        place = entry.place("time_zone_attribute")
        self._attributes.check(path, place)
        declared = self._profile.get(path)
        if declared is not None and declared.type is not ValueType.STRING:
            message = f"the profile attribute `{path}` is `{declared.type}`"
            message += ": the name of a time zone is `string`"
            self._findings.mistake(place, message)

    def _cap(self, document: ChannelCapDocument, entry: Entry[Any], path: Path) -> Cap:
        window = resolve_window(document, entry, path, self._findings)
        names: tuple[str, ...] = (entry.document.id,)
        if document.channels is not None:
            check = self._table.check_each
            numbers = check(document.channels, entry, self._findings, *path, "channels")
            known = list(self._table.entries)
            names = tuple(sorted(known[number] for number in numbers))
            if entry.document.id not in document.channels:
                message = "a cap of a channel counts that channel's own contacts: it isn't listed"
                self._findings.mistake(entry.place(*path, "channels"), message)
        key = counter_key(CapSubject.PROFILE, (CONTACT_EVENT,), _ANY, names, None)
        counter = Counter(key, CONTACT_EVENT, CapSubject.PROFILE, None, names)
        number = self._counters.number(counter)
        return Cap(number, document.limit, window.within_ns, window.calendar, placements=names)
