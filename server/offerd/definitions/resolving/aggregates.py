"""Aggregates: their events and properties looked up, their types derived."""

from __future__ import annotations

from offerd.definitions.documents import AggregateDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry, Gathered
from offerd.definitions.resolving.aggregate_fields import check_fields
from offerd.definitions.resolving.declaring import distinct
from offerd.definitions.resolving.event_rules import EventRules, labels_of
from offerd.definitions.resolving.names import Kind
from offerd.definitions.resolving.rules import RuleTable
from offerd.definitions.resolving.sequences import SequenceResolver
from offerd.definitions.resolving.windows import STEPPED, Window, resolve_look_back, span_ns
from offerd.model.figures import (
    OF_GROUPS,
    TAKEN,
    USUAL_GROUPS,
    USUAL_SESSION_GAP_NS,
    figure_type,
)
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    EventType,
    Schema,
    ValueType,
)

_AGGREGATE = Kind("aggregate", "aggregates")


def aggregate_all(
    gathered: Gathered, schema: Schema, filters: RuleTable, findings: Findings
) -> tuple[Aggregate, ...]:
    """The aggregates that are right; what is wrong with the others is reported."""
    resolver = _Resolver(EventRules(schema, filters, findings), findings)
    found = []
    for entry in distinct(_AGGREGATE, gathered.aggregates, findings):
        aggregate = resolver.resolve(entry)
        if aggregate is None:
            findings.excuse(entry.document.id)
        else:
            found.append(aggregate)
    return tuple(found)


class _Resolver:
    def __init__(self, rules: EventRules, findings: Findings) -> None:
        self._rules = rules
        self._findings = findings
        self._sequences = SequenceResolver(rules, findings)

    def resolve(self, entry: Entry[AggregateDocument]) -> Aggregate | None:
        """The aggregate, or None if it can't be what it is meant to be."""
        check_fields(entry, self._findings)
        window = resolve_look_back(entry, self._findings)
        if entry.document.sequence is not None:
            return self._of_sequence(entry, window)
        return None if entry.document.events is None else self._of_events(entry, window)

    def _of_sequence(self, entry: Entry[AggregateDocument], window: Window) -> Aggregate | None:
        document = entry.document
        kind = figure_type(document.function, None, is_grouped=False)
        found = self._sequences.resolve(entry)
        if found is None or kind is None:
            return None
        least_ns = sum(step.after_ns or 0 for step in found.sequence.steps)
        is_steps = document.function is AggregateFunction.STEPS
        if is_steps and window.within_ns is not None and least_ns >= window.within_ns:
            message = "`window` must be more than what the steps wait `after` each other"
            self._findings.mistake(entry.place("window"), message)
        return Aggregate(
            document.id,
            tuple(dict.fromkeys(name for step in found.sequence.steps for name in step.events)),
            document.function,
            kind,
            within_ns=window.within_ns,
            calendar=window.calendar,
            sequence=found.sequence,
            labels=tuple(sorted(found.labels)),
        )

    def _of_events(self, entry: Entry[AggregateDocument], window: Window) -> Aggregate | None:
        document = entry.document
        names = document.events or ()
        events = self._rules.known(names, entry, ("events",))
        kind = self._type(entry, [] if events is None else events)
        where = self._rules.where(document.where, entry, ("where",), events or ())
        if kind is None or events is None:
            return None
        of_groups = document.function in OF_GROUPS
        return Aggregate(
            document.id,
            tuple(names),
            document.function,
            kind,
            document.value,
            document.group_by,
            self._rules.number(where),
            window.within_ns,
            window.calendar,
            count=(document.count or USUAL_GROUPS) if of_groups else None,
            half_life_ns=self._span(entry, "half_life"),
            session_gap_ns=self._session_gap_ns(entry),
            labels=tuple(sorted(labels_of(events, (document.value, document.group_by), where))),
        )

    def _type(self, entry: Entry[AggregateDocument], events: list[EventType]) -> ValueType | None:
        document = entry.document
        function = document.function
        value = grouped = None
        if document.value is not None:
            if function not in TAKEN:
                return None
            value = self._rules.property_type(entry, "value", events, TAKEN[function])
        if document.group_by is not None:
            allowed = (ValueType.STRING,)
            grouped = self._rules.property_type(entry, "group_by", events, allowed)
        if (document.value is None) is not (value is None):
            return None
        if (document.group_by is None) is not (grouped is None):
            return None
        kind = figure_type(function, value, is_grouped=grouped is not None)
        if kind is None and value is ValueType.BOOL:
            message = f"`{function}` of `bool` has no groups: the property `{document.value}`"
            self._findings.mistake(entry.key_place("group_by"), f"{message} is `bool`")
        return kind

    def _session_gap_ns(self, entry: Entry[AggregateDocument]) -> int | None:
        if entry.document.function is not AggregateFunction.AFFINITY:
            return None
        return self._span(entry, "session_gap") or USUAL_SESSION_GAP_NS

    def _span(self, entry: Entry[AggregateDocument], field: str) -> int | None:
        text: str | None = getattr(entry.document, field)
        return span_ns(text, entry, (field,), self._findings, allowed=STEPPED)
