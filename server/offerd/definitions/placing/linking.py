"""Libraries, parents and settings of places: what they name has to be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from offerd.definitions.documents.places import LibraryDocument, LocationDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry, Gathered
from offerd.definitions.place import Place
from offerd.definitions.placing.caps import Caps
from offerd.definitions.placing.collector import (
    BELIEVED,
    PLACE,
    PlaceCollector,
    dwells,
)
from offerd.definitions.placing.overlaps import warn_of_overlaps
from offerd.definitions.placing.reaching import warn_of_reach
from offerd.definitions.resolving.names import Kind, Names, Table
from offerd.definitions.resolving.windows import span_ns
from offerd.definitions.wording import quoted
from offerd.model.catalogue import Catalogue
from offerd.model.place import Library, LocationSettings

LIBRARY: Final = Kind("library", "libraries")
_SHOWN = 20
"""So many places of one unknown library or parent are named, the others counted."""


def resolve_libraries(
    entries: Iterable[Entry[LibraryDocument]], findings: Findings
) -> tuple[Library, ...]:
    """The libraries, of best rank first; ranks that don't order them are reported."""
    declared = list(entries)
    table = Table(LIBRARY, declared, findings)
    ordered = [entry for entry in declared if table.entries[entry.document.id] is entry]
    ranked = [entry for entry in ordered if entry.document.rank is not None]
    if ranked and len(ranked) < len(ordered):
        for entry in ordered:
            if entry.document.rank is None and not findings.is_doubtful(entry.document.id):
                message = f"`{entry.document.id}` has no `rank`, and others have: all have one"
                findings.mistake(entry.place(), f"{message}, or none")
    first: dict[int, Entry[LibraryDocument]] = {}
    for entry in ranked:
        rank = entry.document.rank or 0
        if first.setdefault(rank, entry) is not entry:
            other = first[rank].document.id
            message = f"`{other}` and `{entry.document.id}` both have the rank `{rank}`"
            findings.mistake(entry.place("rank"), f"{message}: neither would come first")
    libraries = [
        Library(
            entry.document.id,
            entry.document.name or entry.document.id,
            entry.document.rank or number,
        )
        for number, entry in enumerate(ordered, start=1)
    ]
    return tuple(sorted(libraries, key=lambda library: library.rank))


def resolve_location(
    entries: Sequence[Entry[LocationDocument]], widest_approach_m: float, findings: Findings
) -> LocationSettings:
    """The settings for locations; what is wrong with them is reported.

    `widest_approach_m` is the greatest that a place has of its own.
    """
    if not entries:
        return LocationSettings(widest_approach_m=widest_approach_m)
    first, *others = entries
    for other in others:
        message = f"`location` is defined twice: first at {first.place()}"
        findings.mistake(other.place(), message)
    document = first.document
    dwell_ns = dwells(document.dwell, first, findings)
    ttl_ns = span_ns(document.ttl, first, ("ttl",), findings, allowed=BELIEVED)
    defaults = LocationSettings()
    return LocationSettings(
        document.worst_accuracy_m,
        document.highest_speed_mps,
        document.exit_margin_m,
        defaults.dwell_ns if dwell_ns is None else dwell_ns,
        document.approach_m,
        defaults.ttl_ns if ttl_ns is None else ttl_ns,
        widest_approach_m,
    )


def resolve_places(
    gathered: Gathered, collected: PlaceCollector, catalogue: Catalogue, findings: Findings
) -> Catalogue:
    """The catalogue with libraries, places and the settings for locations."""
    libraries = resolve_libraries(gathered.libraries, findings)
    location = resolve_location(gathered.location, collected.widest_approach_m, findings)
    _link(collected, Table(LIBRARY, gathered.libraries, findings), findings)
    if not findings.count:
        caps = Caps(collected.places)
        warn_of_reach(collected, caps, location, findings)
        warn_of_overlaps(collected, caps, libraries, findings)
    return msgspec.structs.replace(
        catalogue,
        libraries=libraries,
        location=location,
        places=collected.places,
    )


def _link(
    collected: PlaceCollector,
    libraries: Table[LibraryDocument],
    findings: Findings,
) -> None:
    """Reports libraries and parents that aren't there, and places that lie in themselves."""
    _report_libraries(collected, libraries, findings)
    _report_parents(collected, findings)
    _report_circles(collected, findings)
    for entry in libraries:
        name = entry.document.id
        if name not in collected.libraries and not findings.is_doubtful(name):
            findings.warn(entry.place("id"), f"no place is in the library `{name}`")


def _report_libraries(
    collected: PlaceCollector, libraries: Table[LibraryDocument], findings: Findings
) -> None:
    unknown = {
        number: name for name, number in collected.libraries.items() if name not in libraries
    }
    if not unknown:
        return
    found = ((place, unknown.get(one)) for place, one in enumerate(collected.library_of))
    named = ((place, name) for place, name in found if name is not None)
    _report_unknown(named, libraries.names, "library", collected, findings)


def _report_parents(collected: PlaceCollector, findings: Findings) -> None:
    unknown = [
        (place, parent)
        for place, parent in collected.parents.items()
        if parent not in collected.numbers
    ]
    if unknown:
        names = Names(PLACE, collected.numbers, findings)
        _report_unknown(unknown, names, "parent", collected, findings)


def _report_unknown(
    named: Iterable[tuple[int, str]],
    names: Names,
    field: str,
    collected: PlaceCollector,
    findings: Findings,
) -> None:
    """Reports the first places of each name that isn't there, and how many more there are."""
    counts: Counter[str] = Counter()
    last: dict[str, Place] = {}
    for number, name in named:
        if findings.is_excused(name):
            continue
        counts[name] += 1
        if counts[name] <= _SHOWN:
            last[name] = collected.origin(number).place((field,))
            names.check(name, last[name])
    for name, count in counts.items():
        if count > _SHOWN:
            more = f"{count - _SHOWN:,} more places name the {names.kind.singular} {quoted(name)}"
            findings.mistake(last[name], more)


def _report_circles(collected: PlaceCollector, findings: Findings) -> None:
    """Reports, once each, the circles of places that lie in each other."""
    known: set[int] = set()
    for start in collected.parents:
        path: dict[int, None] = {}
        place: int | None = start
        while place is not None and place not in known and place not in path:
            path[place] = None
            parent = collected.parents.get(place)
            place = None if parent is None else collected.numbers.get(parent)
        if place is not None and place in path:
            numbers = list(path)
            circle = numbers[numbers.index(place) :]
            _report_circle(circle, collected, findings)
        known.update(path)


def _report_circle(circle: Sequence[int], collected: PlaceCollector, findings: Findings) -> None:
    names = [collected.parents[number] for number in circle]
    where = collected.origin(circle[0]).place(("parent",))
    if len(circle) == 1:
        findings.mistake(where, f"`{names[0]}` can't lie in itself")
        return
    chain = " in ".join(f"`{name}`" for name in (names[-1], *names[:6]))
    cut = " and so on" if len(names) > 6 else ""
    findings.mistake(where, f"places lie in each other in a circle: {chain}{cut}")
