"""What rules are told of places: a record of answers, each worked out when it is first read.

Where a request says where the customer is, that is where they are, and what they are in is a
matter of geometry. Where it doesn't, the last position counts while it is believed, and they are
in the places in which they are believed to be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from offerd.model.place import (
    LocationSettings,
    PlaceFunction,
    PlaceRead,
    PlaceSelector,
    Point,
    Visit,
    Whereabouts,
)
from offerd.places import believed
from offerd.places.coarse import rounded
from offerd.places.distances import Distances
from offerd.places.fields import FIELDS, HOURS
from offerd.places.geometry import area_m2
from offerd.places.hours import next_close_ns, next_open_ns
from offerd.places.index import Places
from offerd.places.nearest import Nearest
from offerd.places.sphere import bearing_deg, distance_m
from offerd.places.terms import Description

_MINUTE_NS: Final = 60_000_000_000
_NOTHING: Final[frozenset[str]] = frozenset()


class PlaceQuestions:
    """What the rules of a revision ask of its places, by path, and how it is answered."""

    def __init__(
        self, reads: Iterable[PlaceRead], places: Places, settings: LocationSettings
    ) -> None:
        self.reads: Mapping[str, PlaceRead] = {read.path: read for read in reads}
        self.places = places
        self.settings = settings
        self.nearest = Nearest(places)

    def record(
        self,
        whereabouts: Whereabouts | None,
        location: Point | None,
        now_ns: int,
        *,
        withheld: Collection[str] = _NOTHING,
        coarse: bool = False,
    ) -> PlacesRecord:
        """Returns the answers for one customer at an instant.

        `location` is what the request says of where they are. `withheld` are paths that aren't
        answered. `coarse` says that positions are rounded before anything is asked of them.
        """
        if coarse and location is not None:
            location = rounded(location.latitude, location.longitude)
        return PlacesRecord(self, whereabouts, location, now_ns, withheld, coarse)

    def next_edge(
        self, paths: Iterable[str], whereabouts: Whereabouts | None, after_ns: int
    ) -> int | None:
        """Returns the first instant after `after_ns` at which some answer may be another.

        That is if nothing happens and no request says where the customer is. Of a stay that goes
        on the length grows all the time: that is no edge. None: nothing changes any more.
        """
        if whereabouts is None:
            return None
        found = [edge for edge in self._belief_edges(whereabouts) if edge > after_ns]
        record = self.record(whereabouts, None, after_ns)
        for path in paths:
            read = self.reads[path]
            if read.function is PlaceFunction.NEAREST_OPEN and record.position is not None:
                # Whatever opens or closes does so on a full minute.
                found.append(after_ns - after_ns % _MINUTE_NS + _MINUTE_NS)
            elif read.field in HOURS:
                found += record.hours_edges(read)
        return min(found, default=None)

    def _belief_edges(self, whereabouts: Whereabouts) -> set[int]:
        edges = set(believed.edges(whereabouts, self.places, self.settings))
        for visit in whereabouts.visits:
            edges.add(visit.entered_ns)
            if visit.exited_ns is not None:
                edges.add(visit.exited_ns)
        return edges


class _Answered(NamedTuple):
    """The place that answers a question; metres to its edge if known; the stay that it is about."""

    number: int
    distance_m: float | None = None
    visit: Visit | None = None


class PlacesRecord(dict[str, Any]):
    """Answers by path, each worked out when it is first read; what isn't known isn't there.

    To look at all of it shows what was read so far.
    """

    __slots__ = (
        "_answered",
        "_coarse",
        "_inside",
        "_location",
        "_now_ns",
        "_position",
        "_questions",
        "_stays",
        "_whereabouts",
        "_withheld",
    )

    def __init__(  # noqa: PLR0917 - made by `PlaceQuestions.record`, which names them
        self,
        questions: PlaceQuestions,
        whereabouts: Whereabouts | None,
        location: Point | None,
        now_ns: int,
        withheld: Collection[str],
        coarse: bool,
    ) -> None:
        super().__init__()
        self._questions = questions
        self._whereabouts = whereabouts
        self._location = location
        self._now_ns = now_ns
        self._withheld = withheld
        self._coarse = coarse
        self._position: Point | None = None
        self._inside: list[int] | None = None
        self._stays: tuple[Visit, ...] | None = None
        self._answered: dict[tuple[PlaceFunction, PlaceSelector], _Answered | None] = {}

    def __missing__(self, path: str) -> Any:
        read = self._questions.reads.get(path)
        if read is None or path in self._withheld:
            raise KeyError(path)
        value = self._value(read)
        if value is None:
            raise KeyError(path)
        self[path] = value
        return value

    def __contains__(self, path: object) -> bool:
        if path in self._withheld:
            # As a WithheldRecord does: whether it is there is unknown, too.
            raise KeyError(path)
        try:
            self[path]  # type: ignore[index]
        except KeyError:
            return False
        return True

    def get(self, path: str, default: Any = None) -> Any:
        """As of any dict."""
        try:
            return self[path]
        except KeyError:
            return default

    def at(self, now_ns: int) -> PlacesRecord:
        """Returns the answers for the same customer at another instant."""
        return PlacesRecord(
            self._questions,
            self._whereabouts,
            self._location,
            now_ns,
            self._withheld,
            self._coarse,
        )

    def since_ns(self, path: str) -> int | None:
        """Returns since when the stay goes on whose length a path tells; None if there is none."""
        read = self._questions.reads.get(path)
        visit = None if read is None or path in self._withheld else self._stay(read.selector)
        return None if visit is None else visit.entered_ns

    def hours_edges(self, read: PlaceRead) -> list[int]:
        """Returns when the place that answers next opens and closes."""
        answered = self._answer(read)
        hours = None if answered is None else self._description(answered.number).opening_hours
        if hours is None:
            return []
        edges = (next_open_ns(hours, self._now_ns), next_close_ns(hours, self._now_ns))
        return [edge for edge in edges if edge is not None]

    @property
    def position(self) -> Point | None:
        """Where the customer is, None if that isn't known."""
        if self._location is not None:
            return self._location
        if self._position is None and self._whereabouts is not None:
            fix = believed.fix(self._whereabouts, self._now_ns, self._questions.settings)
            if fix is not None:
                exact = Point(fix.latitude, fix.longitude)
                self._position = rounded(*_degrees(exact)) if self._coarse else exact
        return self._position

    def _value(self, read: PlaceRead) -> Any:
        match read.function:
            case PlaceFunction.INSIDE:
                return self._is_inside(read.selector)
            case PlaceFunction.DWELL:
                visit = self._stay(read.selector)
                return 0 if visit is None else self._now_ns - visit.entered_ns
            case PlaceFunction.APPROACHING:
                return self._is_approaching(read.selector)
            case PlaceFunction.DISTANCES:
                at = self.position
                return None if at is None else Distances(self._questions.places, at)
        answered = self._answer(read)
        return None if answered is None else self._field(answered, read.field)

    def _is_inside(self, selector: PlaceSelector) -> bool:
        if self._location is None:
            return self._stay(selector) is not None
        if selector.place:
            return self._is_in(selector.place)
        return any(self._is_meant(number, selector) for number in self._within())

    def _is_in(self, place_id: str) -> bool:
        """Whether the request's location is in a place."""
        places, at = self._questions.places, self._location
        number = places.number_of(place_id)
        return at is not None and number is not None and places.contains(number, *_degrees(at))

    def _within(self) -> list[int]:
        """The places that the request's location is in, by priority."""
        if self._inside is None:
            at = self._location
            places = self._questions.places
            self._inside = [] if at is None else places.within(at.latitude, at.longitude)
        return self._inside

    def _is_approaching(self, selector: PlaceSelector) -> bool:
        if self._whereabouts is None:
            return False
        settings = self._questions.settings
        coming = believed.approached(self._whereabouts, self._now_ns, settings)
        return any(self._matches(place, selector) for place in coming)

    def _believed(self) -> tuple[Visit, ...]:
        """The stays that go on, oldest first; only those that the request's location bears out."""
        if self._stays is None:
            known = self._whereabouts
            stays = () if known is None else self._recent(believed.visits)
            if self._location is not None:
                stays = tuple(visit for visit in stays if self._is_in(visit.place))
            self._stays = stays
        return self._stays

    def _stay(self, selector: PlaceSelector) -> Visit | None:
        """The longest stay that goes on at a place that is meant."""
        stays = (visit for visit in self._believed() if self._matches(visit.place, selector))
        return next(stays, None)

    def _recent(self, which: Callable[..., tuple[Visit, ...]]) -> tuple[Visit, ...]:
        questions = self._questions
        if self._whereabouts is None:
            return ()
        return which(self._whereabouts, self._now_ns, questions.places, questions.settings)

    def _answer(self, read: PlaceRead) -> _Answered | None:
        key = (read.function, read.selector)
        if key not in self._answered:
            self._answered[key] = self._found(read.function, read.selector)
        return self._answered[key]

    def _found(self, function: PlaceFunction, selector: PlaceSelector) -> _Answered | None:
        match function:
            case PlaceFunction.NEAREST:
                return self._nearest(selector)
            case PlaceFunction.NEAREST_OPEN:
                return self._nearest_open(selector)
            case PlaceFunction.CURRENT:
                return self._current(selector)
            case PlaceFunction.LAST_ENTERED:
                return self._last(believed.entries, selector)
            case PlaceFunction.LAST_EXITED:
                return self._last(believed.exits, selector)
        return None

    def _nearest(self, selector: PlaceSelector) -> _Answered | None:
        at = self.position
        found = None if at is None else self._questions.nearest.of(selector, at)
        return None if found is None else _Answered(found.number, found.distance_m)

    def _nearest_open(self, selector: PlaceSelector) -> _Answered | None:
        at = self.position
        if at is None:
            return None
        found = self._questions.nearest.open_of(selector, at, self._now_ns)
        return None if found is None else _Answered(found.number, found.distance_m)

    def _current(self, selector: PlaceSelector) -> _Answered | None:
        if self._location is not None:
            inside = (n for n in self._within() if self._is_meant(n, selector))
            number = next(inside, None)
            if number is None:
                return None
            place_id = self._description(number).id
            stay = next((v for v in self._believed() if v.place == place_id), None)
            return _Answered(number, 0.0, stay)
        places = self._questions.places
        found = [
            _Answered(number, None, visit)
            for visit in self._believed()
            if self._matches(visit.place, selector)
            and (number := places.number_of(visit.place)) is not None
        ]
        return min(found, key=self._priority) if len(found) > 1 else next(iter(found), None)

    def _priority(self, answered: _Answered) -> tuple[int, float, int]:
        place = self._questions.places.place(answered.number)
        ranks = {one.id: one.rank for one in self._questions.places.libraries}
        return (ranks[place.library], area_m2(place.fence), answered.number)

    def _last(
        self, which: Callable[..., tuple[Visit, ...]], selector: PlaceSelector
    ) -> _Answered | None:
        for visit in reversed(self._recent(which)):
            number = self._questions.places.number_of(visit.place)
            if number is not None and self._is_meant(number, selector):
                return _Answered(number, None, visit)
        return None

    def _field(self, answered: _Answered, field: str) -> Any:
        of_place = FIELDS.get(field)
        if of_place is not None:
            return of_place(self._description(answered.number), self._now_ns)
        if field == "entered_at":
            return None if answered.visit is None else answered.visit.entered_ns
        if field == "exited_at":
            return None if answered.visit is None else answered.visit.exited_ns
        at = self.position
        if at is None:
            return None
        if field == "distance_m":
            if answered.distance_m is not None:
                return answered.distance_m
            return self._questions.places.distance_m(answered.number, *_degrees(at))
        centre = self._description(answered.number).centre
        measure = bearing_deg if field == "bearing_deg" else distance_m
        return measure(*_degrees(at), *_degrees(centre))

    def _matches(self, place_id: str, selector: PlaceSelector) -> bool:
        number = self._questions.places.number_of(place_id)
        return number is not None and self._is_meant(number, selector)

    def _is_meant(self, number: int, selector: PlaceSelector) -> bool:
        return believed.matches(self._description(number), selector)

    def _description(self, number: int) -> Description:
        return self._questions.places.description(number)


def _degrees(point: Point) -> tuple[float, float]:
    return point.latitude, point.longitude
