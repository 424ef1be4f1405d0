"""How far all places are, without working it out for any that isn't asked for."""

from __future__ import annotations

from offerd.model.place import Point
from offerd.places.index import Places


class Distances(dict[str, float]):
    """Metres from a point to the edge of a place, by its id, worked out when first asked for."""

    __slots__ = ("_at", "_places")

    def __init__(self, places: Places, at: Point) -> None:
        super().__init__()
        self._places = places
        self._at = at

    def __missing__(self, place_id: str) -> float:
        number = self._places.kept_number_of(place_id)
        if number is None:
            raise KeyError(place_id)
        found = self[place_id] = self._places.distance_m(
            number, self._at.latitude, self._at.longitude
        )
        return found

    def __contains__(self, place_id: object) -> bool:
        known = super().__contains__(place_id)
        is_text = isinstance(place_id, str)
        return known or (is_text and self._places.number_of(str(place_id)) is not None)
