"""What aggregates read of events: properties looked up, rules over `event` compiled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from offerd.audience.environment import event_environment
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.resolving.declaring import EVENT, PROPERTY
from offerd.definitions.resolving.names import Names
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.definitions.wording import either, hint, listed, quoted
from offerd.expression import Checked
from offerd.model.schema import EventType, Schema, ValueType, event_types


class EventRules:
    """Looks up event types and their properties; what isn't there is reported."""

    def __init__(self, schema: Schema, filters: RuleTable, findings: Findings) -> None:
        self._schema = schema
        self._filters = filters
        self._findings = findings
        self._events = event_types(schema)
        self._names = Names(EVENT, self._events, findings)
        self._compilers: dict[frozenset[str], Compiler] = {}

    def known(self, names: Sequence[str], entry: Entry[Any], path: Path) -> list[EventType] | None:
        """The event types of a list; None if one of them isn't there."""
        report_repeated(names, entry, path, self._findings)
        for index, name in enumerate(names):
            self._names.check(name, entry.place(*path, index))
        events = [self._events[name] for name in names if name in self._events]
        return events if len(events) == len(names) else None

    def property_type(
        self,
        entry: Entry[Any],
        field: str,
        events: Sequence[EventType],
        allowed: Sequence[ValueType],
    ) -> ValueType | None:
        """The type that a property has in all the events that have it; None if it is wrong."""
        name: str = getattr(entry.document, field)
        place = entry.place(field)
        types = {p.type: e.id for e in events for p in e.properties if p.path == name}
        if not types:
            valid = {p.path for e in events for p in e.properties}
            if events and not self._findings.is_excused(name):
                of = listed(e.id for e in events)
                message = f"no event of {of} has the property {quoted(name)}"
                self._findings.mistake(place, message + hint(name, valid, kind=PROPERTY.plural))
            return None
        if len(types) > 1:
            found = " and ".join(f"`{kind}` in `{event}`" for kind, event in types.items())
            self._findings.mistake(place, f"the property `{name}` has several types: {found}")
            return None
        kind, event = next(iter(types.items()))
        if kind not in allowed:
            expected = either(allowed)
            message = f"the property `{name}` of `{event}` is `{kind}`: `{field}` takes {expected}"
            self._findings.mistake(place, message)
            return None
        return kind

    def where(
        self, source: str | None, entry: Entry[Any], path: Path, events: Sequence[EventType]
    ) -> Checked | None:
        """The rule over `event` at a path; None if there is none, or it is wrong."""
        if source is None or not self._agree(source, entry, path, events):
            return None
        key = frozenset(event.id for event in events)
        if key not in self._compilers:
            environment = event_environment(self._schema, key)
            self._compilers[key] = Compiler(environment, self._findings)
        return self._compilers[key].compile(source, entry, *path)

    def number(self, checked: Checked | None) -> int | None:
        """The number of a filter, if there is one."""
        return None if checked is None else self._filters.number(checked)

    def _agree(
        self, source: str, entry: Entry[Any], path: Path, events: Sequence[EventType]
    ) -> bool:
        """Whether each property that a rule names has one type in all the events."""
        agree = True
        first: dict[str, tuple[ValueType, str]] = {}
        for event in events:
            for one in event.properties:
                if one.path not in source:
                    continue
                kind, where = first.setdefault(one.path, (one.type, event.id))
                agree = agree and kind is one.type
                if kind is not one.type and one.path != getattr(entry.document, "value", None):
                    found = f"`{kind}` in `{where}` and `{one.type}` in `{event.id}`"
                    message = f"the property `{one.path}` has several types: {found}"
                    self._findings.mistake(entry.place(*path), message)
        return agree


def labels_of(
    events: Iterable[EventType], properties: Iterable[str | None], rule: Checked | None
) -> set[str]:
    """The data usage labels of properties, and of those that a rule reads."""
    read = {name for name in properties if name is not None}
    if rule is not None:
        read.update(rule.references.attributes.get("event", ()))
    return {
        label
        for event in events
        for one in event.properties
        if one.path in read
        for label in one.labels
    }
