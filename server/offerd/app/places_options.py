"""What the commands about places are told alike: where from, which, and around what."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from offerd.admission import InvalidInstant, parse_instant, quote
from offerd.admission.wording import suggestion
from offerd.app.simulate_options import bundle_of
from offerd.errors import DataError
from offerd.model.place import Place, Point
from offerd.places.hours import is_open
from offerd.places.index import Places
from offerd.places.terms import Description

SOURCES = click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True)
)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*")

_OPTIONS = (
    click.option("--library", "libraries", multiple=True, metavar="ID", help="Only of this one."),
    click.option(
        "--category", "categories", multiple=True, metavar="NAME", help="Only of this category."
    ),
    click.option(
        "--metadata", multiple=True, metavar="KEY=VALUE", help="Only what says so of itself."
    ),
    click.option("--open", "is_open", is_flag=True, help="Only what is known to be open."),
    click.option("--at", metavar="INSTANT", help="When, in RFC 3339, for --open. Default: now."),
)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which places are meant. Repeated, each of them may be."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """Which places are meant, as it is given."""

    libraries: tuple[str, ...]
    categories: tuple[str, ...]
    metadata: tuple[str, ...]
    is_open: bool
    at: str | None

    def chooser(self, places: Places) -> Callable[[Place | Description], bool]:
        """Returns what tells of a place whether it is meant; DataError for an unknown name."""
        if self.at is not None and not self.is_open:
            raise click.UsageError("--at is for --open")
        _require("library", self.libraries, [library.id for library in places.libraries])
        _require("category", self.categories, places.categories)
        pairs = [_pair(text) for text in self.metadata]
        now_ns = _instant(self.at)

        def is_meant(place: Place | Description) -> bool:
            if self.libraries and place.library not in self.libraries:
                return False
            if self.categories and place.category not in self.categories:
                return False
            if self.is_open and not (
                place.opening_hours is not None and is_open(place.opening_hours, now_ns)
            ):
                return False
            return all(place.metadata.get(key) == value for key, value in pairs)

        return is_meant


def as_point(_context: click.Context, _option: click.Parameter, text: str | None) -> Point | None:
    """Returns the point that LAT,LON in degrees names; raises BadParameter for another text."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(map(_NUMBER.fullmatch, parts)):
        raise click.BadParameter(f"{quote(text)} isn't LAT,LON such as `59.3326,18.0649`")
    latitude, longitude = map(float, parts)
    if not -90 <= latitude <= 90:
        swapped = " (the latitude comes first)" if abs(longitude) <= 90 else ""
        raise click.BadParameter(f"`{parts[0].strip()}` is no latitude from -90 to 90{swapped}")
    if not -180 <= longitude <= 180:
        raise click.BadParameter(f"`{parts[1].strip()}` is no longitude from -180 to 180")
    return Point(latitude, longitude)


@contextmanager
def places_of(sources: Sequence[Path]) -> Iterator[Places]:
    """Yields the places of a bundle or of folders; DataError if they have none."""
    with bundle_of(sources) as bundle:
        if not bundle.places.count:
            raise DataError(f"{title_of(sources)} has no places")
        yield bundle.places


def title_of(sources: Sequence[Path]) -> str:
    """Returns how people call what they gave."""
    return ", ".join(str(path) for path in sources)


def _require(kind: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise DataError(f"no place has the {kind} {quote(name)}{suggestion(name, known)}")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{quote(text)} isn't KEY=VALUE", param_hint="--metadata")
    return key, value


def _instant(text: str | None) -> int:
    if text is None:
        return time.time_ns()
    try:
        return parse_instant(text)
    except InvalidInstant as error:
        raise click.BadParameter(f"{quote(text)}: {error}", param_hint="--at") from error
