"""Collects places in the order in which they are defined, whatever they are read from."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, Final

from offerd.definitions.documents.places import PlaceDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Origin
from offerd.definitions.placing.fences import resolve_fence
from offerd.definitions.placing.hours import resolve_hours
from offerd.definitions.placing.origins import BulkFile, Origins
from offerd.definitions.resolving.names import Kind, report_twice
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.windows import Allowed, span_ns
from offerd.model.packed_places import PackedPlaces
from offerd.model.place import Circle, Place
from offerd.model.progress import Progress
from offerd.places.geometry import centre_of

PLACE: Final = Kind("place", "places")
STAYED: Final = Allowed(10**9, 720 * 3_600 * 10**9, "from `1s` to `720h`, 30 days")
BELIEVED: Final = Allowed(60 * 10**9, 720 * 3_600 * 10**9, "from `1m` to `720h`, 30 days")


class PlaceCollector:
    """All places so far; what is wrong with one on its own is reported when it is added.

    `numbers` are those of the places by id; `libraries` are the names of libraries that places
    have, in the order met, and `library_of` says which by the number of a place. `parents` are
    the ids of parents by the number of the place that has one. `labels` are all that places have,
    `widest_approach_m` is the greatest that one has of its own.
    """

    def __init__(self, findings: Findings, progress: Progress) -> None:
        self._findings = findings
        self._progress = progress
        self._origins = Origins()
        self.places = PackedPlaces()
        self.numbers: dict[str, int] = {}
        self.libraries: dict[str, int] = {}
        self.library_of = array("I")
        self.parents: dict[int, str] = {}
        self.labels: set[str] = set()
        self.widest_approach_m = 0.0

    def append(self, entry: Entry[PlaceDocument]) -> None:
        """Adds a place of a YAML or JSON file."""
        if self._add(entry):
            self._origins.add(entry.origin)

    def add_bulk(self, entry: Entry[PlaceDocument], file: BulkFile, row: int, offset: int) -> None:
        """Adds a place of a file of many; `file` can find it again."""
        if self._add(entry):
            self._origins.add_bulk(file, row, offset)
        self._progress.advance()

    def origin(self, number: int) -> Origin:
        """Where the place of a number was written."""
        return self._origins.origin(number)

    def _add(self, entry: Entry[PlaceDocument]) -> bool:
        document = entry.document
        first = self.numbers.get(document.id)
        if first is not None:
            places = entry.place("id"), self.origin(first).place(("id",))
            report_twice(PLACE, document.id, *places, self._findings)
            return False
        before = self._findings.count
        place = self._place(entry)
        if place is None:
            if self._findings.count > before or self._findings.is_doubtful(document.id):
                self._findings.excuse(document.id)
            return False
        number = len(self.places)
        self.places.append(place)
        self.numbers[place.id] = number
        self.library_of.append(self.libraries.setdefault(place.library, len(self.libraries)))
        if place.parent:
            self.parents[number] = place.parent
        self.labels.update(place.labels)
        self.widest_approach_m = max(self.widest_approach_m, place.approach_m or 0.0)
        return True

    def _place(self, entry: Entry[PlaceDocument]) -> Place | None:
        document, findings = entry.document, self._findings
        fence = resolve_fence(entry, findings)
        if document.labels:
            report_repeated(document.labels, entry, ("labels",), findings)
        hours = resolve_hours(entry, findings)
        dwell_ns = dwells(document.dwell, entry, findings)
        ttl_ns = span_ns(document.ttl, entry, ("ttl",), findings, allowed=BELIEVED)
        if fence is None:
            return None
        return Place(
            document.id,
            document.library,
            document.name or document.id,
            fence,
            fence.centre if isinstance(fence, Circle) else centre_of(fence),
            document.category or "",
            document.parent or "",
            dict(sorted(document.metadata.items())),
            hours,
            tuple(sorted(set(document.labels))),
            dwell_ns,
            document.approach_m,
            ttl_ns,
        )


def dwells(
    texts: Sequence[str] | None, entry: Entry[Any], findings: Findings
) -> tuple[int, ...] | None:
    """Lengths of stay in nanoseconds, ascending; None if the field isn't there."""
    if texts is None:
        return None
    report_repeated(texts, entry, ("dwell",), findings)
    found = (
        span_ns(text, entry, ("dwell", index), findings, allowed=STAYED)
        for index, text in enumerate(texts)
    )
    return tuple(sorted({one for one in found if one is not None}))
