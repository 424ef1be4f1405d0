"""Collections: which offers they hold, worked out once and for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from offerd.audience.environment import offer_environment
from offerd.definitions.documents import (
    CollectionDocument,
    ExclusionDocument,
    OfferDocument,
    OffersDocument,
)
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.rules import Compiler
from offerd.definitions.wording import nearest, quoted
from offerd.expression import Failure, plan
from offerd.model.catalogue import Collection, Offer
from offerd.model.schema import Schema

_SELECTING = ("offers", "any_tags", "all_tags", "where")


class Collector:
    """Resolves collections over all offers, which are numbered as in their table."""

    def __init__(
        self,
        table: Table[OfferDocument],
        offers: Sequence[Offer],
        schema: Schema,
        findings: Findings,
    ) -> None:
        self._table = table
        self._offers = offers
        self._findings = findings
        self._environment = offer_environment(schema)
        self._compiler = Compiler(self._environment, findings)
        self._tagged: dict[str, set[int]] = defaultdict(set)
        for number, offer in enumerate(offers):
            for tag in offer.tags:
                self._tagged[tag].add(number)

    def collect(self, entry: Entry[CollectionDocument]) -> Collection:
        """The collection with the numbers of its offers in ascending order."""
        document = entry.document
        return Collection(document.id, self._meant(entry, document.id, ""))

    def excluded(
        self,
        entry: Entry[ExclusionDocument],
        table: Table[CollectionDocument],
        collections: Sequence[Collection],
    ) -> tuple[int, ...]:
        """The numbers of an exclusion's offers in ascending order."""
        document = entry.document
        if document.collection is None:
            return self._meant(entry, document.id, "`collection`, ")
        given = [name for name in _SELECTING if getattr(document, name) is not None]
        if given:
            message = f"an exclusion names a `collection` or says its offers: found `{given[0]}`"
            self._findings.mistake(entry.key_place(given[0]), message + " too")
        if not table.check(document.collection, entry, "collection"):
            return ()
        return collections[table.numbers[document.collection]].offers

    def _meant(self, entry: Entry[OffersDocument], name: str, or_else: str) -> tuple[int, ...]:
        document = entry.document
        predicates = [name for name in _SELECTING[1:] if getattr(document, name) is not None]
        if document.offers is not None:
            if predicates:
                message = f"{document.noun} lists `offers` or has predicates: found"
                place = entry.key_place(predicates[0])
                self._findings.mistake(place, f"{message} `{predicates[0]}` too")
            listed = self._table.check_each(document.offers, entry, self._findings, "offers")
            return tuple(sorted(listed))
        if not predicates:
            if not self._findings.is_doubtful(name):
                needed = f"{or_else}`offers`, `any_tags`, `all_tags` or `where`"
                self._findings.mistake(entry.place(), f"{document.noun} needs {needed}")
            return ()
        return tuple(sorted(self._matching(entry)))

    def _matching(self, entry: Entry[OffersDocument]) -> set[int]:
        document = entry.document
        matching = set(range(len(self._offers)))
        if document.any_tags is not None:
            matching &= set().union(*self._tags(document.any_tags, entry, "any_tags"))
        if document.all_tags is not None:
            matching = matching.intersection(*self._tags(document.all_tags, entry, "all_tags"))
        if document.where is not None:
            matching = self._where(matching, document.where, entry)
        return matching

    def _tags(
        self, tags: Sequence[str], entry: Entry[OffersDocument], field: str
    ) -> list[set[int]]:
        for index, tag in enumerate(tags):
            if tag not in self._tagged and not self._findings.is_excused(tag):
                near = nearest(tag, self._tagged)
                advice = f": did you mean `{near}`?" if near else ""
                message = f"no offer has the tag {quoted(tag)}{advice}"
                self._findings.warn(entry.place(field, index), message)
        return [self._tagged.get(tag, set()) for tag in tags]

    def _where(self, numbers: set[int], source: str, entry: Entry[OffersDocument]) -> set[int]:
        checked = self._compiler.compile(source, entry, "where")
        if checked is None:
            return numbers
        rule = plan(checked, self._environment)
        matching = set()
        for number in sorted(numbers):
            result = rule.evaluate(_record(self._offers[number]))
            if result is True:
                matching.add(number)
            elif isinstance(result, Failure):
                offset = result.position.offset
                place = entry.origin.place_in_text(("where",), offset)
                offer = quoted(self._offers[number].id)
                self._findings.mistake(
                    place, f"`where` fails for the offer {offer}: {result.message}"
                )
                break
        return matching


def _record(offer: Offer) -> dict[str, Any]:
    """What rules read as `offer`: an absent date is left out, and so unknown."""
    record: dict[str, Any] = {
        **offer.attributes,
        "id": offer.id,
        "priority": offer.priority,
        "tags": list(offer.tags),
    }
    if offer.start_ns is not None:
        record["start"] = offer.start_ns
    if offer.end_ns is not None:
        record["end"] = offer.end_ns
    return record
