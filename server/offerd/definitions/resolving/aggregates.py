"""Aggregates: their events and properties looked up, their types derived."""

from __future__ import annotations

from offerd.audience.environment import event_environment
from offerd.definitions.documents import AggregateDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry, Gathered
from offerd.definitions.resolving.declaring import (
    EVENT,
    PROPERTY,
    distinct,
    event_types,
    report_repeated,
)
from offerd.definitions.resolving.names import Kind, Names
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.definitions.wording import either, hint, listed, quoted
from offerd.model.schema import Aggregate, AggregateFunction, EventType, Schema, ValueType

_AGGREGATE = Kind("aggregate", "aggregates")
_SUMMED = (ValueType.INT, ValueType.DOUBLE)
_COMPARED = (ValueType.INT, ValueType.DOUBLE, ValueType.TIMESTAMP)
_MAPS = {
    ValueType.INT: ValueType.MAP_INT,
    ValueType.DOUBLE: ValueType.MAP_DOUBLE,
    ValueType.TIMESTAMP: ValueType.MAP_TIMESTAMP,
}


def aggregate_all(
    gathered: Gathered, schema: Schema, filters: RuleTable, findings: Findings
) -> tuple[Aggregate, ...]:
    """The aggregates that are right; what is wrong with the others is reported."""
    resolver = _Resolver(schema, filters, findings)
    found = []
    for entry in distinct(_AGGREGATE, gathered.aggregates, findings):
        aggregate = resolver.resolve(entry)
        if aggregate is None:
            findings.excuse(entry.document.id)
        else:
            found.append(aggregate)
    return tuple(found)


class _Resolver:
    def __init__(self, schema: Schema, filters: RuleTable, findings: Findings) -> None:
        self._schema = schema
        self._filters = filters
        self._findings = findings
        self._events = event_types(schema)
        self._names = Names(EVENT, self._events, findings)
        self._compilers: dict[frozenset[str], Compiler] = {}

    def resolve(self, entry: Entry[AggregateDocument]) -> Aggregate | None:
        document = entry.document
        report_repeated(document.events, entry, ("events",), self._findings)
        for index, name in enumerate(document.events):
            self._names.check(name, entry.place("events", index))
        events = [self._events[name] for name in document.events if name in self._events]
        kind = self._figure_type(entry, events)
        if document.group_by is not None:
            grouped = self._property(entry, "group_by", events, (ValueType.STRING,))
            kind = _MAPS[kind] if kind is not None and grouped is not None else None
        where = self._where(entry, events)
        if kind is None or len(events) < len(document.events):
            return None
        return Aggregate(
            document.id,
            tuple(document.events),
            document.function,
            kind,
            document.value,
            document.group_by,
            where,
        )

    def _figure_type(
        self, entry: Entry[AggregateDocument], events: list[EventType]
    ) -> ValueType | None:
        function, value = entry.document.function, entry.document.value
        if not function.needs_value:
            if value is not None:
                message = f"`value` is for `sum`, `min` and `max`: the function is `{function}`"
                self._findings.mistake(entry.key_place("value"), message)
            return ValueType.INT if function is AggregateFunction.COUNT else ValueType.TIMESTAMP
        if value is None:
            message = f"`{function}` needs `value`: the property that it takes"
            self._findings.mistake(entry.place("function"), message)
            return None
        allowed = _SUMMED if function is AggregateFunction.SUM else _COMPARED
        return self._property(entry, "value", events, allowed)

    def _property(
        self,
        entry: Entry[AggregateDocument],
        field: str,
        events: list[EventType],
        allowed: tuple[ValueType, ...],
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

    def _agree(self, entry: Entry[AggregateDocument], events: list[EventType]) -> bool:
        """Whether each property has one type in all the events, so that a rule can read it."""
        agree = True
        first: dict[str, tuple[ValueType, str]] = {}
        for event in events:
            for one in event.properties:
                kind, where = first.setdefault(one.path, (one.type, event.id))
                agree = agree and kind is one.type
                if kind is not one.type and one.path != entry.document.value:
                    found = f"`{kind}` in `{where}` and `{one.type}` in `{event.id}`"
                    message = f"the property `{one.path}` has several types: {found}"
                    self._findings.mistake(entry.place("where"), message)
        return agree

    def _where(self, entry: Entry[AggregateDocument], events: list[EventType]) -> int | None:
        if entry.document.where is None or not self._agree(entry, events):
            return None
        key = frozenset(event.id for event in events)
        if key not in self._compilers:
            environment = event_environment(self._schema, key)
            self._compilers[key] = Compiler(environment, self._findings)
        checked = self._compilers[key].compile(entry.document.where, entry, "where")
        return None if checked is None else self._filters.number(checked)
