"""A feature of GeoJSON as the fields of a place, and back to where each is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from offerd.definitions.place import Path
from offerd.definitions.reading.tree import Mapping as MappingNode
from offerd.definitions.reading.tree import TreeOrigin
from offerd.definitions.wording import described, quoted

FIELDS: Final = (
    *("id", "library", "name", "description", "category", "radius_m", "width_m", "parent"),
    *("metadata", "opening_hours", "labels", "dwell", "approach_m", "ttl"),
)
"""The properties that a feature may have, beside `metadata.<name>`."""

_METADATA: Final = "metadata."
_GEOMETRY: Path = ("geometry",)
_COORDINATES: Path = ("geometry", "coordinates")
_EXPECTED: Final = (
    "expected a Point with `radius_m`, a LineString with `width_m`, a Polygon or a MultiPolygon"
)


class NoPlace(Exception):
    """A feature is no place; says which part of it is wrong, as the feature has it, and how."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def is_field(name: str) -> bool:
    """Whether places have a property of that name."""
    return name in FIELDS or (name.startswith(_METADATA) and name != _METADATA)


def as_place(feature: object, library: object) -> dict[str, Any]:
    """The fields of a place, those without a value left out; raises NoPlace.

    `library` is that of features that don't say. Properties that places don't have are left out.
    """
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        found = quoted(str(feature.get("type"))) if isinstance(feature, dict) else None
        raise NoPlace((), f"expected a Feature, found {found or described(feature)}")
    properties = feature.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        message = f"`properties` must be a mapping: found {described(properties)}"
        raise NoPlace(("properties",), message)
    place = {
        name: value
        for name, value in properties.items()
        if value is not None and name in FIELDS and name not in ("radius_m", "width_m")
    }
    _add_metadata(properties, place)
    if "id" not in place and feature.get("id") is not None:
        place["id"] = feature["id"]
    if type(place.get("id")) is int:
        place["id"] = str(place["id"])
    if library is not None:
        place.setdefault("library", library)
    _add_fence(feature.get("geometry"), properties, place)
    return place


def _add_metadata(properties: Mapping[str, Any], place: dict[str, Any]) -> None:
    flat = {
        name.removeprefix(_METADATA): value
        for name, value in properties.items()
        if name.startswith(_METADATA) and name != _METADATA and value is not None
    }
    if not flat:
        return
    nested = place.get("metadata", {})
    if isinstance(nested, dict):
        place["metadata"] = {**flat, **nested}


def _add_fence(geometry: object, properties: Mapping[str, Any], place: dict[str, Any]) -> None:
    if not isinstance(geometry, dict):
        raise NoPlace(_GEOMETRY, f"{_EXPECTED}: found {described(geometry)}")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    sizes = {
        name: properties[name]
        for name in ("radius_m", "width_m")
        if properties.get(name) is not None
    }
    own = {"Point": "radius_m", "LineString": "width_m"}.get(str(kind))
    for name in sizes:
        if name != own:
            kinds = "a Point" if name == "radius_m" else "a LineString"
            raise NoPlace(
                ("properties", name), f"`{name}` is for {kinds}: found {quoted(str(kind))}"
            )
    if kind == "Point":
        if not isinstance(coordinates, list) or len(coordinates) not in (2, 3):
            raise NoPlace(
                _COORDINATES, f"a Point has `[longitude, latitude]`, {_found(coordinates)}"
            )
        longitude, latitude = coordinates[:2]
        place["circle"] = {"latitude": latitude, "longitude": longitude, **sizes}
    elif kind == "LineString":
        place["corridor"] = {"line": coordinates, **sizes}
    elif kind in ("Polygon", "MultiPolygon"):
        place["geometry"] = {"type": kind, "coordinates": coordinates}
    else:
        found = "nothing" if kind is None else quoted(str(kind))
        raise NoPlace((*_GEOMETRY, "type"), f"{_EXPECTED}: found {found}")


def _found(coordinates: object) -> str:
    return f"found {described(coordinates)}"


def written_path(path: Path, tree: TreeOrigin) -> Path:
    """Where in a feature the part at a path of its place is written."""
    match path:
        case ("circle", "latitude", *_):
            return (*_COORDINATES, 1)
        case ("circle", "longitude", *_):
            return (*_COORDINATES, 0)
        case ("circle" | "corridor", ("radius_m" | "width_m") as name, *_):
            return ("properties", name)
        case ("corridor", "line", *rest):
            return (*_COORDINATES, *rest)
        case ("circle" | "corridor", *_):
            return _GEOMETRY
        case ("geometry", *_):
            return path
        case ("id",) if not _has(tree, "id"):
            return path
        case ("metadata", name) if _has(tree, f"{_METADATA}{name}"):
            return ("properties", f"{_METADATA}{name}")
        case () | ("properties", *_) | ("type", *_):
            return path
    return ("properties", *path)


def _has(tree: TreeOrigin, name: str) -> bool:
    """Whether a feature has a property of that name."""
    if not isinstance(tree.root, MappingNode):
        return False
    _, properties = tree.root.pairs.get("properties", (None, None))
    return isinstance(properties, MappingNode) and name in properties.pairs
