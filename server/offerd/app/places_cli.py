"""The commands that look at places: on a map, in a list, around a point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from offerd.app.journal_lines import json_line
from offerd.app.places_options import SOURCES, Asked, as_point, place_options, places_of, title_of
from offerd.app.places_tables import found_data, place_data, print_found, print_places
from offerd.app.simulate_options import write_file
from offerd.errors import DataError
from offerd.model.place import Point
from offerd.places.index import Wanted

_FILE = click.Path(path_type=Path, dir_okay=False)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
_POINT = click.option(
    "--point",
    required=True,
    callback=as_point,
    metavar="LAT,LON",
    help="Where, in degrees, north and east positive.",
)


def add_places_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    group.add_command(places_group)


@click.group("places")
def places_group() -> None:
    """Look at places: on a map, in a list, around a point.

    SOURCES are one bundle, or folders of definitions.
    """


@places_group.command("list")
@SOURCES
@place_options
@_JSON
def list_command(*, sources: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """List places in the order in which they are defined."""
    with places_of(sources) as places:
        found = filter(Asked(**options).chooser(places), map(places.place, range(places.count)))
        if as_json:
            _lines(found, place_data)
        else:
            print_places(list(found))


@places_group.command("within")
@SOURCES
@_POINT
@place_options
@_JSON
def within_command(
    *, sources: tuple[Path, ...], point: Point, as_json: bool, **options: Any
) -> None:
    """List the places that a point is in, the one that wins where they overlap first."""
    with places_of(sources) as places:
        inside = map(places.place, places.within(point.latitude, point.longitude))
        found = list(filter(Asked(**options).chooser(places), inside))
        if as_json:
            _lines(found, place_data)
        else:
            print_places(found)


@places_group.command("nearest")
@SOURCES
@_POINT
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    help="So many.",
)
@click.option("--within-m", type=click.FloatRange(min=0), help="At most so far, in metres.")
@place_options
@_JSON
def nearest_command(
    *,
    sources: tuple[Path, ...],
    point: Point,
    limit: int,
    within_m: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """List the places nearest to a point, by the distance to the edge, 0 inside."""
    with places_of(sources) as places:
        wanted = Wanted(test=Asked(**options).chooser(places))
        reach = float("inf") if within_m is None else within_m
        numbers = places.nearest(point.latitude, point.longitude, limit, wanted, reach)
        found = [(places.place(one.number), one.distance_m) for one in numbers]
        if as_json:
            _lines(found, lambda one: found_data(one[0], one[1], point))
        else:
            print_found(found, point)


@places_group.command("map")
@SOURCES
@click.option("--out", required=True, type=_FILE, help="The page to write.")
@click.option(
    "--near",
    callback=as_point,
    metavar="LAT,LON",
    help="Show what is nearest to this point, in degrees.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 50_000),
    default=5_000,
    show_default=True,
    help="Draw so many fences: the first that are defined, or the nearest to --near.",
)
@click.option("--title", help="The heading. Default: the sources.")
@place_options
def map_command(
    *,
    sources: tuple[Path, ...],
    out: Path,
    near: Point | None,
    limit: int,
    title: str | None,
    **options: Any,
) -> None:
    """Write a map of fences as one HTML page that loads nothing.

    It shows fences as they are, which of them overlap, and which place is nearest to which.
    """
    from offerd.simulation.places_map import Wish, places_map

    page = _page()
    with places_of(sources) as places:
        wish = Wish(limit, Asked(**options).chooser(places), near)
        drawn = places_map(places, wish, title or title_of(sources))
    if not drawn.places:
        raise DataError("no place is as it was asked for")
    write_file(out, page(drawn))
    count = "1 place" if len(drawn.places) == 1 else f"{len(drawn.places):,} places"
    overlaps = "1 overlap" if drawn.overlaps == 1 else f"{drawn.overlaps:,} overlaps"
    left_out = f", {drawn.left_out:,} left out" if drawn.left_out else ""
    click.echo(f"{out}: {count}{left_out}, {overlaps}")


def _page() -> Callable[[Any], str]:
    try:
        from offerd.simulation.map_page import map_page
    except ImportError as error:
        raise DataError(
            f"a map needs what `pip install 'offerd[simulate]'` installs: {error.name}"
        ) from error
    return map_page


def _lines(found: Iterable[Any], data: Callable[[Any], dict[str, Any]]) -> None:
    for one in found:
        click.echo(json_line(data(one)))
