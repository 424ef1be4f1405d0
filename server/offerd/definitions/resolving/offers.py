"""Offers and fallback offers to the tables of the catalogue."""

from __future__ import annotations

from typing import Any

from offerd.definitions.documents import FallbackOfferDocument, OfferDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.instants import NotATime, duration_ns, instant_ns
from offerd.definitions.place import Path
from offerd.definitions.resolving.attributes import AttributeValues
from offerd.definitions.resolving.contents import Contents
from offerd.definitions.resolving.declaring import report_repeated
from offerd.definitions.resolving.names import Names
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.model.catalogue import Cap, CapSubject, FallbackOffer, Offer


class OfferResolver:
    """Resolves offers one by one; what is wrong is reported and left out."""

    def __init__(
        self,
        *,
        values: AttributeValues,
        contents: Contents,
        events: Names,
        compiler: Compiler,
        rules: RuleTable,
        findings: Findings,
    ) -> None:
        self._values = values
        self._contents = contents
        self._events = events
        self._compiler = compiler
        self._rules = rules
        self._findings = findings

    def offer(self, entry: Entry[OfferDocument]) -> Offer:
        """The offer, its representations in the order written."""
        document = entry.document
        if document.tags:
            report_repeated(document.tags, entry, ("tags",), self._findings)
        start_ns = self._instant(document.start, entry, "start")
        end_ns = self._instant(document.end, entry, "end")
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            message = f"the offer ends before it starts: `end` `{document.end}`"
            message += f" must be after `start` `{document.start}`"
            self._findings.mistake(entry.place("end"), message)
        return Offer(
            document.id,
            document.priority,
            start_ns,
            end_ns,
            self._eligibility(entry),
            tuple(document.tags),
            self._values.convert(document.attributes, entry),
            self._contents.resolve(document.representations, entry),
            tuple(self._caps(entry)),
        )

    def fallback(self, entry: Entry[FallbackOfferDocument]) -> FallbackOffer:
        """The fallback offer."""
        document = entry.document
        return FallbackOffer(
            document.id,
            self._values.convert(document.attributes, entry),
            self._contents.resolve(document.representations, entry),
        )

    def _instant(self, text: str | None, entry: Entry[Any], field: str) -> int | None:
        if text is None:
            return None
        try:
            return instant_ns(text)
        except NotATime as problem:
            self._findings.mistake(entry.place(field), str(problem))
            return None

    def _eligibility(self, entry: Entry[OfferDocument]) -> int | None:
        source = entry.document.eligibility
        if source is None:
            return None
        checked = self._compiler.compile(source, entry, "eligibility")
        return None if checked is None else self._rules.number(checked)

    def _caps(self, entry: Entry[OfferDocument]) -> list[Cap]:
        caps = []
        for index, cap in enumerate(entry.document.caps):
            path: Path = ("caps", index)
            if cap.event not in self._events:
                self._events.check(cap.event, entry.place(*path, "event"))
            within_ns = None
            if cap.within is not None and cap.per is CapSubject.TOTAL:
                message = "`within` can't be with `per: total`: a total counts all there ever were"
                self._findings.mistake(entry.key_place(*path, "within"), message)
            elif cap.within is not None:
                try:
                    within_ns = duration_ns(cap.within)
                except NotATime as problem:
                    self._findings.mistake(entry.place(*path, "within"), str(problem))
            caps.append(Cap(cap.event, cap.per, cap.limit, within_ns))
        return caps
