"""Asking for places by where they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec

from offerd.model.place import EARTH_RADIUS_M, Library, Place, PlaceSelector
from offerd.places.boxes import BoxArea
from offerd.places.geometry import area_m2
from offerd.places.lookup import Lookup, check
from offerd.places.nearing import Nearing
from offerd.places.search import Bound, Exact, Match, Nodes, first_in_line, matches, roots
from offerd.places.shapes import CircleShape, Shape, shape_of
from offerd.places.sphere import Vector, along_m, chord2, vector
from offerd.places.terms import Description, Terms, described, terms_of
from offerd.places.ways import Way

_SPARE_M = 1.0
"""By so much bounds are less than they might be: arcs near the antipode are good to 0.2 m."""
_SHAPES_KEPT = 1024
"""How many fences are kept ready in memory."""
_CIRCLES_KEPT = 1 << 14
"""How many circles are, which take little."""
_DESCRIPTIONS_KEPT = 1 << 13
_TERMS_KEPT = 1 << 16
"""Of how many places all but the fence is."""
_STARTS_KEPT = 1 << 10
"""For so many choices of libraries and categories the roots of trees are kept in memory."""
_FEW_STARTS = 64
"""Of choices that take more trees they aren't: there may be thousands for one request."""

_Chosen = tuple[frozenset[int] | None, frozenset[int] | None]
"""Libraries and categories; None is any."""


class Found(NamedTuple):
    """A place by number, and metres to the edge of its fence, 0 inside."""

    number: int
    distance_m: float


class Ahead(NamedTuple):
    """A place on the way: metres along it to where its fence is nearest, and metres beside it."""

    number: int
    along_m: float
    beside_m: float


class Wanted(NamedTuple):
    """Which places are wanted: those that meet every condition; None is any.

    `places`, `categories` and `libraries` are numbers. `test` is asked last, of few.
    """

    places: frozenset[int] | None = None
    categories: frozenset[int] | None = None
    libraries: frozenset[int] | None = None
    test: Callable[[Description], bool] | None = None


ALL = Wanted()


class PlaceSource(Protocol):
    """Where places and the records of their index are kept.

    `libraries` and `categories` are numbered by their order, places from 0 to `count` - 1.
    """

    @property
    def libraries(self) -> Sequence[Library]:
        """The libraries."""
        ...

    @property
    def categories(self) -> Sequence[str]:
        """The categories that some place has, sorted, without ""."""
        ...

    @property
    def count(self) -> int:
        """How many places there are."""
        ...

    def record(self, number: int) -> bytes | None:
        """Returns a place as msgpack, None if there is none of that number."""
        ...

    def number_of(self, place_id: str) -> int | None:
        """Returns the number of a place, None if there is none of that id."""
        ...

    def index(self, key: bytes) -> bytes | None:
        """Returns a record that `building.index_records` made, None if there is none."""
        ...


class Places(Lookup):
    """The places of a source. Safe to be asked by several threads at once, if the source is.

    What is kept in memory is never changed once it is there, is put in and looked up by single
    steps of a dictionary, and may be thrown away at any time: whoever has it goes on with it, and
    who doesn't find it reads it again. So nothing is locked.
    """

    def __init__(self, source: PlaceSource) -> None:
        super().__init__(source.index)
        self._source = source
        self._nearing = Nearing(source.index)
        self._nodes = Nodes(source.index)
        self._decoder = msgspec.msgpack.Decoder(Place)
        self.libraries = source.libraries
        self.categories = source.categories
        self.count = source.count
        self._category_numbers = {name: n for n, name in enumerate(source.categories)}
        self._library_numbers = {library.id: n for n, library in enumerate(source.libraries)}
        self._starts: dict[_Chosen, list[tuple[int, int]]] = {}
        self._numbers: dict[str, int] = {}
        self._terms: dict[int, Terms] = {}
        self._descriptions: dict[int, Description] = {}
        self._shapes: dict[int, Shape] = {}
        self._circles: dict[int, CircleShape] = {}
        self._radii_m: dict[int, float] = {}

    def place(self, number: int) -> Place:
        """Returns a place. Raises KeyError if there is none of that number."""
        record = self._source.record(number)
        if record is None:
            raise KeyError(number)
        return self._decoder.decode(record)

    def terms(self, number: int) -> Terms:
        """Returns what of a place doesn't need its fence; raises KeyError as `place` does.

        Kept in memory, so that a fence of very many points is read once.
        """
        terms = self._terms.get(number)
        if terms is None:
            if len(self._terms) >= _TERMS_KEPT:
                self._terms.clear()
            terms = terms_of(self.place(number), lambda: self.radius_m(number))
            self._terms[number] = terms
        return terms

    def description(self, number: int) -> Description:
        """Returns what a place is called and when it is open; raises KeyError as `place` does.

        Kept in memory for a while, and read without the fence.
        """
        description = self._descriptions.get(number)
        if description is None:
            record = self._source.record(number)
            if record is None:
                raise KeyError(number)
            if len(self._descriptions) >= _DESCRIPTIONS_KEPT:
                self._descriptions.clear()
            description = self._descriptions[number] = described(record)
        return description

    def number_of(self, place_id: str) -> int | None:
        """Returns the number of a place, None if there is none of that id."""
        return self._source.number_of(place_id)

    def kept_number_of(self, place_id: str) -> int | None:
        """Returns the same, kept in memory: for who asks for thousands with each request."""
        number = self._numbers.get(place_id)
        if number is None:
            number = self.number_of(place_id)
            if number is not None:
                if len(self._numbers) >= _TERMS_KEPT:
                    self._numbers.clear()
                self._numbers[place_id] = number
        return number

    def contains(self, number: int, latitude: float, longitude: float) -> bool:
        """Returns whether a point is in a place's fence, on its edge included."""
        return self._shape(number).contains(latitude, longitude)

    def distance_m(self, number: int, latitude: float, longitude: float) -> float:
        """Returns metres to the edge of a place's fence from outside, 0 inside."""
        return self._shape(number).distance_m(latitude, longitude)

    def radius_m(self, number: int) -> float:
        """Returns the radius of the least circle around a place's centre that holds its fence.

        Kept in memory, as terms are.
        """
        radius_m = self._radii_m.get(number)
        if radius_m is None:
            if len(self._radii_m) >= _TERMS_KEPT:
                self._radii_m.clear()
            centre = self.place(number).centre
            radius_m = self._shape(number).farthest_m(centre.latitude, centre.longitude)
            self._radii_m[number] = radius_m
        return radius_m

    def nearest(
        self,
        latitude: float,
        longitude: float,
        limit: int,
        wanted: Wanted = ALL,
        within_m: float = math.inf,
    ) -> list[Found]:
        """Returns the nearest places, by distance to their edges, then by priority.

        Raises ValueError for what is no point.
        """
        check(latitude, longitude)
        p = vector(latitude, longitude)

        def bound(centre: Vector, radius_m: float) -> float | None:
            apart = chord2(p, centre)
            # The way straight through the Earth is shorter, and quicker to tell.
            if math.sqrt(apart) * EARTH_RADIUS_M - radius_m - _SPARE_M > within_m:
                return None
            least = max(along_m(apart) - radius_m - _SPARE_M, 0.0)
            return None if least > within_m else least

        def exact(number: int) -> tuple[float, float] | None:
            distance = self.distance_m(number, latitude, longitude)
            if distance > within_m or not self._passes(number, wanted):
                return None
            return distance, distance

        found = self._matches(wanted, bound, exact)
        return [Found(one.number, one.told) for one in islice(found, max(limit, 0))]

    def nearest_one(self, latitude: float, longitude: float, wanted: Wanted = ALL) -> Found | None:
        """Returns the first that `nearest` would, None if there is none."""
        if wanted.places is not None or wanted.test is not None:
            found = self.nearest(latitude, longitude, 1, wanted)
            return found[0] if found else None
        check(latitude, longitude)
        first = self._nearing.nearest(
            self._roots(wanted),
            vector(latitude, longitude),
            lambda number: self.distance_m(number, latitude, longitude),
        )
        return None if first is None else Found(*first)

    def in_box(  # noqa: PLR0917 - a box as it is written everywhere, and what is wanted of it
        self,
        south: float,
        west: float,
        north: float,
        east: float,
        limit: int,
        wanted: Wanted = ALL,
    ) -> list[int]:
        """Returns places whose fences have a point in a box, by priority.

        A box whose `west` is greater than its `east` goes across the antimeridian. Raises
        ValueError if its corners are no points, or `south` is greater than `north`.
        """
        box = BoxArea(south, west, north, east)
        if wanted.places is not None:
            numbers = iter(sorted(self._chosen(wanted), key=self._priority))
            found: Iterator[int] = (n for n in numbers if box.overlaps(self._shape(n)))
        else:
            found = first_in_line(
                self._nodes,
                self._roots(wanted),
                box.may_hold,
                lambda n: self._passes(n, wanted) and box.overlaps(self._shape(n)),
            )
        return list(islice(found, max(limit, 0)))

    def ahead(  # noqa: PLR0917 - where from, where to, how far, and what is wanted there
        self,
        latitude: float,
        longitude: float,
        bearing_deg: float,
        distance_m: float,
        beside_m: float,
        limit: int,
        wanted: Wanted = ALL,
    ) -> list[Ahead]:
        """Returns places along a great circle, in the order in which they are come nearest to.

        Those whose fences come within `beside_m` of the way of `distance_m`, at most 13,000 km,
        that sets out from the point with that bearing. Raises ValueError beyond, and for what is
        no point.
        """
        check(latitude, longitude)
        way = Way(latitude, longitude, bearing_deg, distance_m)

        def exact(number: int) -> tuple[float, float] | None:
            passed = way.passes(self._shape(number), beside_m)
            return passed if passed is not None and self._passes(number, wanted) else None

        found = self._matches(wanted, lambda c, r: way.bound(c, r, beside_m), exact)
        return [Ahead(*one) for one in islice(found, max(limit, 0))]

    def wanted(self, selector: PlaceSelector) -> Wanted:
        """Returns what a selector selects; nothing if it names what doesn't exist."""
        if selector.place:
            number = self.number_of(selector.place)
            return Wanted(places=frozenset(() if number is None else (number,)))
        if selector.category:
            category = self._category_numbers.get(selector.category)
            return Wanted(categories=frozenset(() if category is None else (category,)))
        if selector.library:
            library = self._library_numbers.get(selector.library)
            return Wanted(libraries=frozenset(() if library is None else (library,)))
        return ALL

    def _matches(self, wanted: Wanted, bound: Bound, exact: Exact) -> Iterator[Match]:
        """Yields wanted places in the order of their keys, then of their priority."""
        if wanted.places is None:
            yield from matches(self._nodes, self._roots(wanted), bound, exact)
            return
        told = [(n, exact(n)) for n in self._chosen(wanted)]
        found = [Match(n, *answer) for n, answer in told if answer is not None]
        found.sort(key=lambda one: (one.key, self._priority(one.number)))
        yield from found

    def _roots(self, wanted: Wanted) -> list[tuple[int, int]]:
        """Returns tree and root of the trees that hold what is wanted; few are kept in memory."""
        key = wanted.libraries, wanted.categories
        found = self._starts.get(key)
        if found is None:
            found = roots(self._source.index, *key)
            if len(found) <= _FEW_STARTS:
                if len(self._starts) >= _STARTS_KEPT:
                    self._starts.clear()
                self._starts[key] = found
        return found

    def _chosen(self, wanted: Wanted) -> Iterator[int]:
        """Yields the places named, of the libraries and categories that are wanted."""
        for number in sorted(wanted.places or ()):
            place = self.place(number)
            category = self._category_numbers.get(place.category)
            library = self._library_numbers[place.library]
            if (wanted.categories is None or category in wanted.categories) and (
                wanted.libraries is None or library in wanted.libraries
            ):
                yield number

    def _passes(self, number: int, wanted: Wanted) -> bool:
        return wanted.test is None or wanted.test(self.description(number))

    def _priority(self, number: int) -> tuple[int, float, int]:
        place = self.place(number)
        rank = self.libraries[self._library_numbers[place.library]].rank
        return rank, area_m2(place.fence), number

    def _shape(self, number: int) -> Shape:
        known = self._circles.get(number) or self._shapes.get(number)
        if known is not None:
            return known
        shape = shape_of(self.place(number).fence)
        if isinstance(shape, CircleShape):
            if len(self._circles) >= _CIRCLES_KEPT:
                self._circles.clear()
            self._circles[number] = shape
        else:
            if len(self._shapes) >= _SHAPES_KEPT:
                self._shapes.clear()
            self._shapes[number] = shape
        return shape
