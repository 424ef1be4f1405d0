"""Places as tables for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from offerd.app.tables import console, print_table
from offerd.model.place import Area, Circle, Place, Point
from offerd.places.sphere import bearing_deg, distance_m

_COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


def print_places(found: Sequence[Place]) -> None:
    """Prints places, or that there are none."""
    if not found:
        click.echo("no places")
        return
    print_table(console(), "", ["id", "name", "category", "library", "fence", "centre"], 6,
                ((*_about(place), _fence(place), _centre(place)) for place in found))  # fmt: skip


def print_found(found: Sequence[tuple[Place, float]], point: Point) -> None:
    """Prints places with how far they are, in which direction."""
    if not found:
        click.echo("no places")
        return
    columns = ["id", "name", "category", "library", "to its edge", "to its centre", "towards"]
    rows = ((*_about(place), *_away(place, edge_m, point)) for place, edge_m in found)
    print_table(console(), "", columns, 4, rows)


def place_data(place: Place) -> dict[str, Any]:
    """Returns a place as JSON has it, without its fence and hours."""
    return {
        "id": place.id,
        "name": place.name,
        "category": place.category,
        "library": place.library,
        "parent": place.parent,
        "latitude": place.centre.latitude,
        "longitude": place.centre.longitude,
        "fence": _fence(place),
        "metadata": dict(place.metadata),
    }


def found_data(place: Place, edge_m: float, point: Point) -> dict[str, Any]:
    """Returns a place as JSON has it, and how far it is."""
    return {
        **place_data(place),
        "distance_m": round(edge_m, 3),
        "center_distance_m": round(_centre_distance(place, point), 3),
        "bearing_deg": round(_bearing(place, point), 1),
    }


def _about(place: Place) -> tuple[str, str, str, str]:
    return place.id, place.name, place.category, place.library


def _fence(place: Place) -> str:
    if isinstance(place.fence, Circle):
        return f"circle, {_metres(place.fence.radius_m)}"
    if isinstance(place.fence, Area):
        count = len(place.fence.polygons)
        return "polygon" if count == 1 else f"{count} polygons"
    return f"corridor, {_metres(place.fence.width_m)} wide"


def _centre(place: Place) -> str:
    return f"{place.centre.latitude:.5f}, {place.centre.longitude:.5f}"


def _away(place: Place, edge_m: float, point: Point) -> tuple[str, str, str]:
    centre_m = _centre_distance(place, point)
    compass = _COMPASS[round(_bearing(place, point) / 45) % 8] if centre_m >= 1 else ""
    return _metres(edge_m) if edge_m else "inside", _metres(centre_m), compass


def _centre_distance(place: Place, point: Point) -> float:
    centre = place.centre
    return distance_m(point.latitude, point.longitude, centre.latitude, centre.longitude)


def _bearing(place: Place, point: Point) -> float:
    centre = place.centre
    return bearing_deg(point.latitude, point.longitude, centre.latitude, centre.longitude)


def _metres(metres: float) -> str:
    return f"{metres:,.0f} m" if metres < 10_000 else f"{metres / 1000:,.1f} km"
