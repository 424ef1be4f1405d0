"""Caps: what they count looked up and numbered, their limits compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from offerd.audience.place_questions import PlaceAsking
from offerd.definitions.documents import (
    CapDocument,
    OfferDocument,
    PlacementDocument,
    SharedCapDocument,
)
from offerd.definitions.documents.capping import About
from offerd.definitions.documents.forms import MAXIMUM_COMPUTED_LIMIT
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.resolving.counters import CounterTable, counter_key
from offerd.definitions.resolving.dates import Dates, resolve_dates
from offerd.definitions.resolving.declaring import EVENT
from offerd.definitions.resolving.event_rules import EventRules
from offerd.definitions.resolving.names import Names, Table
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.rules import INTEGER, Compiler, RuleTable
from offerd.definitions.resolving.windows import Window, resolve_window
from offerd.model.capping import DECISION_EVENT, Cap, CapSubject, Counter
from offerd.model.place import PlaceSelector
from offerd.model.schema import Schema, event_types

_EACH = "each"


class _Terms(NamedTuple):
    """What a cap says, looked up: whatever offers it is for."""

    document: CapDocument
    events: tuple[str, ...]
    window: Window
    dates: Dates
    limit: int
    limit_rule: int | None
    placements: tuple[str, ...]
    where: int | None
    visit: PlaceSelector | None
    id: str = ""


class CapResolver:
    """Resolves caps of offers and shared ones; what is wrong is reported and left out."""

    def __init__(
        self,
        *,
        schema: Schema,
        placements: Table[PlacementDocument],
        compiler: Compiler,
        rules: RuleTable,
        filters: RuleTable,
        counters: CounterTable,
        asking: PlaceAsking,
        findings: Findings,
    ) -> None:
        self._asking = asking
        self._schema = schema
        self._placements = placements
        self._compiler = compiler
        self._rules = rules
        self._findings = findings
        self._events = Names(EVENT, (*event_types(schema), DECISION_EVENT), findings)
        self._event_rules = EventRules(schema, filters, findings)
        self._counters = counters

    def own(self, entry: Entry[OfferDocument], number: int) -> tuple[Cap, ...]:
        """The caps of the offer of a number alone, in the order written."""
        document = entry.document
        if not document.caps:
            return ()
        shown = sorted({one.placement for one in document.representations})
        return tuple(
            cap
            for index, one in enumerate(document.caps)
            for cap in self._caps(
                self._terms(one, entry, ("caps", index)), f"offer/{document.id}", (number,), shown
            )
        )

    def shared(
        self, entry: Entry[SharedCapDocument], offers: Mapping[int, Sequence[str]]
    ) -> dict[int, tuple[Cap, ...]]:
        """A shared cap as each of its offers has it.

        `offers` are the placements at which each offer of the collection can be shown.
        """
        document = entry.document
        terms = self._terms(document, entry, ())._replace(id=document.id)
        over, numbers = f"cap/{document.id}", tuple(sorted(offers))
        return {
            number: self._caps(terms, over, numbers, sorted(set(offers[number])))
            for number in numbers
        }

    def _terms(self, document: CapDocument, entry: Entry[Any], path: Path) -> _Terms:
        events = self._events_of(document, entry, path)
        limit, limit_rule = self._limit(document, entry, path)
        return _Terms(
            document,
            events,
            resolve_window(document, entry, path, self._findings),
            resolve_dates(document.start, document.end, "the cap", entry, path, self._findings),
            limit,
            limit_rule,
            self._placements_of(document, entry, path),
            self._where(document, events, entry, path),
            self._visit(document, entry, path),
        )

    def _events_of(self, document: CapDocument, entry: Entry[Any], path: Path) -> tuple[str, ...]:
        """The types of event that count, sorted; at least one, if only of no meaning."""
        if document.event is not None and document.events is not None:
            message = "a cap has `event` or `events`: found both"
            self._findings.mistake(entry.key_place(*path, "events"), message)
        elif document.event is not None:
            if document.event not in self._events:  # to find the place takes a while
                self._events.check(document.event, entry.place(*path, "event"))
        elif document.events is None:
            if not self._findings.is_doubtful(entry.document.id):
                message = "a cap needs `event` or `events`"
                self._findings.mistake(entry.place(*path), message)
        else:
            report_repeated(document.events, entry, (*path, "events"), self._findings)
            for index, event in enumerate(document.events):
                place = entry.place(*path, "events", index)
                if event == DECISION_EVENT and len(document.events) > 1:
                    message = f"`{event}` counts by itself: what is shown was proposed before"
                    self._findings.mistake(place, message)
                else:
                    self._events.check(event, place)
        given = {document.event or DECISION_EVENT} if document.events is None else document.events
        return tuple(sorted(set(given)))

    def _caps(
        self, terms: _Terms, over: str, offers: tuple[int, ...], shown: Sequence[str]
    ) -> tuple[Cap, ...]:
        if terms.document.placements != _EACH:
            return (self._cap(terms, over, offers, terms.placements),)
        return tuple(self._cap(terms, over, offers, (placement,)) for placement in shown)

    def _cap(
        self, terms: _Terms, over: str, offers: tuple[int, ...], placements: tuple[str, ...]
    ) -> Cap:
        document = terms.document
        about_any = document.about is About.ANY
        where = None if document.where is None else document.where.strip()
        key = counter_key(
            document.per, terms.events, "any" if about_any else over, placements, where
        )
        counter = Counter(
            key,
            terms.events[0],
            document.per,
            None if about_any else offers,
            placements,
            terms.where,
            terms.events[1:],
        )
        return Cap(
            self._counters.number(counter),
            terms.limit,
            terms.window.within_ns,
            terms.window.calendar,
            terms.limit_rule,
            placements,
            terms.id,
            terms.dates.start_ns,
            terms.dates.end_ns,
            terms.visit,
        )

    def _limit(
        self, document: CapDocument, entry: Entry[Any], path: Path
    ) -> tuple[int, int | None]:
        if isinstance(document.limit, int):
            if document.at_most is not None:
                message = "`at_most` is for a `limit` that is a rule"
                self._findings.mistake(entry.key_place(*path, "at_most"), message)
            return document.limit, None
        checked = self._compiler.compile(document.limit, entry, *path, "limit", expected=INTEGER)
        number = None if checked is None else self._rules.number(checked)
        return document.at_most or MAXIMUM_COMPUTED_LIMIT, number

    def _visit(self, document: CapDocument, entry: Entry[Any], path: Path) -> PlaceSelector | None:
        """The places of a cap per visit; what is wrong is reported."""
        if document.visit is None:
            return None
        place = entry.key_place(*path, "visit")
        for other in ("within", "every"):
            if getattr(document, other) is not None:
                self._findings.mistake(place, f"a cap has `visit` or `{other}`: found both")
        if document.per is CapSubject.TOTAL:
            self._findings.mistake(place, "a visit is one customer's: `visit` is per profile")
        selector = self._asking.selector(document.visit)
        if isinstance(selector, str):
            self._findings.mistake(entry.place(*path, "visit"), selector)
            return None
        return selector

    def _placements_of(
        self, document: CapDocument, entry: Entry[Any], path: Path
    ) -> tuple[str, ...]:
        if document.placements is None or isinstance(document.placements, str):
            return ()
        names = document.placements
        numbers = self._placements.check_each(names, entry, self._findings, *path, "placements")
        known = list(self._placements.entries)
        return tuple(sorted(known[number] for number in numbers))

    def _where(
        self, document: CapDocument, events: tuple[str, ...], entry: Entry[Any], path: Path
    ) -> int | None:
        if document.where is None or not all(event in self._events for event in events):
            return None
        if DECISION_EVENT in events:
            message = f"`where` can't be with `event: {DECISION_EVENT}`: it has no properties"
            self._findings.mistake(entry.key_place(*path, "where"), message)
            return None
        types = event_types(self._schema)
        found = [types[event] for event in events]
        checked = self._event_rules.where(document.where, entry, (*path, "where"), found)
        return self._event_rules.number(checked)
