"""Offers and fallback offers to the tables of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from offerd.content.given import given_names
from offerd.definitions.documents import FallbackOfferDocument, OfferDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.attributes import AttributeValues
from offerd.definitions.resolving.audiences import find_cycles
from offerd.definitions.resolving.capping import CapResolver
from offerd.definitions.resolving.contents import Contents
from offerd.definitions.resolving.dates import resolve_dates
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.model.catalogue import FallbackOffer, Offer, Representation
from offerd.model.schema import Schema

_KNOWN = ("id", "priority", "tags")
"""What every offer has for its rules and placeholders to read."""


class OfferResolver:
    """Resolves offers one by one; what is wrong is reported and left out."""

    def __init__(
        self,
        *,
        schema: Schema,
        values: AttributeValues,
        contents: Contents,
        offers: Table[OfferDocument],
        caps: CapResolver,
        compiler: Compiler,
        rules: RuleTable,
        findings: Findings,
    ) -> None:
        self._schema = schema
        self._given: dict[tuple[str, ...], frozenset[str]] = {}
        self._values = values
        self._contents = contents
        self._offers = offers
        self._caps = caps
        self._compiler = compiler
        self._rules = rules
        self._findings = findings

    def offer(self, entry: Entry[OfferDocument]) -> Offer:
        """The offer, its representations in the order written."""
        document = entry.document
        if document.tags:
            report_repeated(document.tags, entry, ("tags",), self._findings)
        start_ns, end_ns = resolve_dates(
            document.start, document.end, "the offer", entry, (), self._findings
        )
        attributes = self._values.convert(document.attributes, entry)
        dates = {"start": start_ns, "end": end_ns}
        known = [*_KNOWN, *(name for name, value in dates.items() if value is not None)]
        return Offer(
            document.id,
            document.priority,
            start_ns,
            end_ns,
            self._eligibility(entry),
            tuple(document.tags),
            attributes,
            self._represent(entry, (*known, *attributes)),
            self._caps.own(entry, self._offers.numbers[document.id]),
            document.status,
            self._replaced(entry) if document.replaces else (),
        )

    def fallback(self, entry: Entry[FallbackOfferDocument]) -> FallbackOffer:
        """The fallback offer."""
        document = entry.document
        attributes = self._values.convert(document.attributes, entry)
        return FallbackOffer(document.id, attributes, self._represent(entry, ("id", *attributes)))

    def _represent(
        self, entry: Entry[OfferDocument] | Entry[FallbackOfferDocument], known: Iterable[str]
    ) -> tuple[Representation, ...]:
        names = tuple(known)
        given = self._given.get(names)
        if given is None:
            given = self._given[names] = given_names(self._schema, names)
        return self._contents.resolve(entry.document.representations, entry, given)

    def _eligibility(self, entry: Entry[OfferDocument]) -> int | None:
        source = entry.document.eligibility
        if source is None:
            return None
        checked = self._compiler.compile(source, entry, "eligibility")
        return None if checked is None else self._rules.number(checked)

    def _replaced(self, entry: Entry[OfferDocument]) -> tuple[int, ...]:
        names = entry.document.replaces
        return tuple(sorted(self._offers.check_each(names, entry, self._findings, "replaces")))


def report_circles(
    offers: Sequence[Offer], table: Table[OfferDocument], findings: Findings
) -> None:
    """Reports offers that replace each other in a circle, so that all of them would fall."""
    names = [offer.id for offer in offers]
    replaced = {o.id: [names[number] for number in o.replaces] for o in offers if o.replaces}
    asked = {name: [n for n in named if n in replaced] for name, named in replaced.items()}
    for circle in find_cycles(asked):
        entry = table.entries[circle[0]]
        following = circle[1] if len(circle) > 1 else circle[0]
        place = entry.place("replaces", entry.document.replaces.index(following))
        path = " → ".join(f"`{name}`" for name in (*circle, circle[0]))
        findings.mistake(place, f"the offer replaces itself: {path}")
