"""Questions about the places of a bundle, for rules that are written on the command line."""

from __future__ import annotations

from collections.abc import Iterator

from offerd.audience.place_names import PlaceNames
from offerd.audience.place_questions import PlaceAsking
from offerd.errors import DataError
from offerd.model.catalogue import Catalogue
from offerd.model.place import PlaceRead
from offerd.places.index import Places
from offerd.places.record import PlaceQuestions

_MOST_LISTED = 5_000
"""So many ids are gone through for the nearest one."""


class _Ids:
    """The ids of a bundle's places."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def __contains__(self, place_id: object) -> bool:
        return isinstance(place_id, str) and self._places.number_of(place_id) is not None

    def __iter__(self) -> Iterator[str]:
        count = min(self._places.count, _MOST_LISTED)
        return (self._places.place(number).id for number in range(count))


def asking_of(places: Places) -> PlaceAsking:
    """Answers what a rule asks of a bundle's places; their labels don't matter to it."""
    names = PlaceNames(
        _Ids(places),
        dict.fromkeys(places.categories, ()),
        {library.id: () for library in places.libraries},
        lambda _: (),
    )
    return PlaceAsking(lambda: names)


def questions_of(
    catalogue: Catalogue, places: Places | None, asked: tuple[PlaceRead, ...] = ()
) -> PlaceQuestions | None:
    """What the rules of a catalogue and one more ask of places, None if there are none."""
    if places is None:
        return None
    return PlaceQuestions((*catalogue.place_reads, *asked), places, catalogue.location)


def require_counted(asking: PlaceAsking, catalogue: Catalogue) -> None:
    """Raises DataError for visits that nobody counts: only those of definitions are counted."""
    counted = {one.id for one in catalogue.schema.aggregates}
    for written in asking.visits:
        if written not in counted:
            raise DataError(
                f"`{written}` isn't counted: no rule of the definitions asks for exactly that"
            )
