"""Fences: circles, GeoJSON and lines to the model; what is wrong names its ring and vertex."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from offerd.definitions.documents.places import GeometryDocument, PlaceDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.wording import described, either
from offerd.model.place import Area, Circle, Corridor, Fence, Point, Polygon
from offerd.places.geometry import Fault, faults
from offerd.places.poles import spare_vertices

KINDS = ("circle", "geometry", "corridor")
_COUNTED = re.compile(r"\b(vertex|ring) (\d+)")
_MOST_FAULTS = 20
"""A fence in degrees of another system is wrong everywhere; nobody reads all of that."""


def resolve_fence(entry: Entry[PlaceDocument], findings: Findings) -> Fence | None:
    """The fence of a place; None if it is wrong, which is reported."""
    document = entry.document
    given = [kind for kind in KINDS if getattr(document, kind) is not None]
    if len(given) != 1:
        if given or not findings.is_doubtful(document.id):
            found = _all_of(given) if given else "none of them"
            message = f"a place has exactly one of {_all_of(KINDS)}: found {found}"
            findings.mistake(entry.key_place(given[-1]) if given else entry.place(), message)
        return None
    before = findings.count
    reading = _Reading(entry, findings)
    fence = reading.fence()
    if fence is None or findings.count > before:
        return None
    found_faults = list(faults(fence))
    for fault in found_faults[:_MOST_FAULTS]:
        _report(reading.as_written(fault), fence, entry, findings)
    if len(found_faults) > _MOST_FAULTS:
        more = len(found_faults) - _MOST_FAULTS
        findings.mistake(entry.place(given[0]), f"`{document.id}` has {more} more such mistakes")
    return None if found_faults else fence


def _all_of(names: Sequence[str]) -> str:
    return either(names).replace(" or ", " and ")


def _report(fault: Fault, fence: Fence, entry: Entry[PlaceDocument], findings: Findings) -> None:
    """Reports what is wrong with the geometry, at the vertex if there is one."""
    path: Path
    match fence:
        case Circle():
            path, names = ("circle",), []
        case Corridor():
            vertex = fault.vertex
            path = ("corridor",) if vertex is None else ("corridor", "line", vertex)
            names = [] if vertex is None else [f"vertex {vertex + 1}"]
        case Area():
            is_one = _is_polygon(entry.document)
            polygon = 0 if fault.polygon is None else fault.polygon
            inside = [one for one in (fault.ring, fault.vertex) if one is not None]
            path = ("geometry", "coordinates", *([] if is_one else [polygon]), *inside)
            shown = None if is_one else fault.polygon
            names = _where(shown, fault.ring, fault.vertex)
    where = f"{', '.join(names)}: " if names else ""
    # Faults count vertices and rings from 0, people from 1.
    told = _COUNTED.sub(lambda found: f"{found[1]} {int(found[2]) + 1}", fault.message)
    message = f"`{entry.document.id}` has a wrong fence: {where}{told}"
    findings.mistake(entry.place(*path), message)


def _is_polygon(document: PlaceDocument) -> bool:
    return document.geometry is None or document.geometry.type == "Polygon"


def _where(polygon: int | None, ring: int | None, vertex: int | None) -> list[str]:
    """The parts of a geometry in words, counted from 1."""
    names = [] if polygon is None else [f"polygon {polygon + 1}"]
    if ring is not None:
        names.append(f"ring {ring + 1}" + (" (a hole)" if ring else ""))
    return names if vertex is None else [*names, f"vertex {vertex + 1}"]


class _Reading:
    """Takes one fence out of its document."""

    def __init__(self, entry: Entry[PlaceDocument], findings: Findings) -> None:
        self._entry = entry
        self._findings = findings
        self._written: dict[tuple[int, int], list[int]] = {}

    def as_written(self, fault: Fault) -> Fault:
        """A fault with vertices counted as they are written, spare ones at the poles among them."""
        written = self._written.get((fault.polygon or 0, fault.ring or 0))
        if written is None or fault.vertex is None:
            return fault
        message = fault.message
        if "ring" not in message:
            message = _COUNTED.sub(lambda found: f"{found[1]} {written[int(found[2])]}", message)
        return fault._replace(vertex=written[fault.vertex], message=message)

    def fence(self) -> Fence | None:
        document = self._entry.document
        if document.circle is not None:
            circle = document.circle
            return Circle(Point(circle.latitude, circle.longitude), circle.radius_m)
        if document.corridor is not None:
            return self._corridor()
        if document.geometry is not None:
            return self._area(document.geometry)
        return None

    def _corridor(self) -> Corridor | None:
        document = self._entry.document.corridor
        if document is None:
            return None
        path = ("corridor", "line")
        points = [
            self._point(value, (*path, index), [f"vertex {index + 1}"])
            for index, value in enumerate(document.line)
        ]
        line = tuple(point for point in points if point is not None)
        if len(points) < 2:
            self._mistake(path, [], f"a line has at least 2 points: found {len(points)}")
        return Corridor(line, document.width_m)

    def _area(self, geometry: GeometryDocument) -> Area | None:
        path: Path = ("geometry", "coordinates")
        if geometry.type == "Polygon":
            polygon = self._polygon(geometry.coordinates, path, None)
            return None if polygon is None else Area((polygon,))
        polygons = [
            self._polygon(rings, (*path, number), number)
            for number, rings in enumerate(geometry.coordinates)
        ]
        if not polygons:
            self._mistake(path, [], "a MultiPolygon has at least one polygon")
        return Area(tuple(polygon for polygon in polygons if polygon is not None))

    def _polygon(self, rings: object, path: Path, polygon: int | None) -> Polygon | None:
        names = _where(polygon, None, None)
        if not isinstance(rings, list):
            self._mistake(path, names, f"expected a list of rings, found {described(rings)}")
            return None
        if not rings:
            self._mistake(path, names, "expected a list of rings, found an empty one")
            return None
        found = [self._ring(one, (*path, ring), polygon, ring) for ring, one in enumerate(rings)]
        sound = [ring for ring in found if ring is not None]
        return Polygon(sound[0], tuple(sound[1:])) if len(sound) == len(rings) else None

    def _ring(
        self, positions: object, path: Path, polygon: int | None, ring: int
    ) -> tuple[Point, ...] | None:
        names = _where(polygon, ring, None)
        if not isinstance(positions, list):
            found = described(positions)
            self._mistake(path, names, f"expected a list of `[longitude, latitude]`, found {found}")
            return None
        points = []
        for vertex, value in enumerate(positions):
            # The usual case first: there may be millions of them.
            if type(value) is list and len(value) == 2:
                longitude, latitude = value
                if type(longitude) is float and type(latitude) is float:
                    points.append(Point(latitude, longitude))
                    continue
            point = self._point(value, (*path, vertex), [*names, f"vertex {vertex + 1}"])
            if point is None:
                return None
            points.append(point)
        if len(points) < 4:
            found = f"{len(points)} positions"
            self._mistake(path, names, f"a ring has at least 4, the last the first: found {found}")
            return None
        if points[-1] != points[0]:
            last = (*path, len(points) - 1)
            where = [*names, f"vertex {len(points)}"]
            self._mistake(last, where, "a ring ends where it began: this isn't its first vertex")
            return None
        return self._told(tuple(points[:-1]), polygon or 0, ring)

    def _told(self, points: tuple[Point, ...], polygon: int, ring: int) -> tuple[Point, ...]:
        """The vertices of a ring without those that say nothing, at a pole."""
        spare = spare_vertices(points)
        if not spare:
            return points
        written = [vertex for vertex in range(len(points)) if vertex not in spare]
        self._written[polygon, ring] = written
        return tuple(points[vertex] for vertex in written)

    def _point(self, value: object, path: Path, names: Sequence[str]) -> Point | None:
        if not isinstance(value, list):
            found = described(value)
            self._mistake(path, names, f"expected `[longitude, latitude]`, found {found}")
            return None
        if not 2 <= len(value) <= 3 or not _are_numbers(value):
            shown = f"`{value}`" if _are_numbers(value) else "a list of something else"
            self._mistake(path, names, f"expected `[longitude, latitude]`, found {shown}")
            return None
        return Point(float(value[1]), float(value[0]))

    def _mistake(self, path: Path, names: Sequence[str], message: str) -> None:
        where = f"{', '.join(names)}: " if names else ""
        name = self._entry.document.id
        text = f"`{name}` has a wrong fence: {where}{message}"
        self._findings.mistake(self._entry.place(*path), text)


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(type(value) is float or type(value) is int for value in values)
