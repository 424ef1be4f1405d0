"""What may be shown, best first, found as far as anybody has looked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, starmap
from typing import Generic, NamedTuple, Protocol, TypeVar

from offerd.decision.candidates import PreparedOffer, PreparedStrategy
from offerd.model.catalogue import Representation
from offerd.model.decision import Item, Selection
from offerd.model.selection import Ranking

T = TypeVar("T")


class Found(NamedTuple):
    """A candidate that may be shown, and as what; `score` is 0 if it is listed by hand."""

    candidate: PreparedOffer
    item: Item
    score: float = 0.0


TooLow = dict[tuple[str, int], float]
"""Id of a strategy and number of an offer → its score there, less than the minimum."""


class Lazy(Generic[T]):
    """A list that is made as far as anybody has looked."""

    __slots__ = ("_found", "_rest")

    def __init__(self, rest: Iterable[T]) -> None:
        self._rest = iter(rest)
        self._found: list[T] = []

    def first(self, count: int) -> list[T]:
        """Returns as many of the first, or fewer if there aren't so many."""
        return self.some(0, count)

    def some(self, position: int, count: int) -> list[T]:
        """Returns as many from a position on, or fewer if there aren't so many."""
        missing = position + count - len(self._found)
        if missing > 0:
            self._found.extend(islice(self._rest, missing))
        return self._found[position : position + count]

    def since(self, position: int) -> Iterator[T]:
        """Yields all from a position on, which others have reached."""
        while True:
            if position == len(self._found):
                following = next(self._rest, None)
                if following is None:
                    return
                self._found.append(following)
            yield self._found[position]
            position += 1

    def __iter__(self) -> Iterator[T]:
        return self.since(0)


class Ranked(Protocol):
    """What may be shown, best first; walking over it again costs little.

    Of two that have the same `order` the one has the same offers as the other, in its order.
    """

    @property
    def order(self) -> object:
        """What this is in the order of."""

    def first(self, count: int) -> list[Found]:
        """Returns as many of the best, or fewer if there aren't so many."""

    def has(self, count: int) -> bool:
        """Returns whether there are so many."""

    def some(self, position: int, count: int) -> list[Found]:
        """Returns as many from a position on, or fewer if there aren't so many."""

    def since(self, position: int) -> Iterator[Found]:
        """Yields all from a position on, which others have reached."""

    def __iter__(self) -> Iterator[Found]:
        """Yields all."""


class Listed(Lazy[Found]):
    """Offers found one after the other."""

    __slots__ = ()

    @property
    def order(self) -> object:
        """Its own."""
        return self

    def has(self, count: int) -> bool:
        """Returns whether there are so many."""
        return len(self.first(count)) == count


class Shown:
    """The candidates of one strategy that ranks by priority, of which rules alone decide.

    `places` are theirs, shared with whoever has the same candidates at another placement.
    """

    __slots__ = ("_languages", "_places", "_prepared")

    def __init__(
        self, prepared: PreparedStrategy, languages: tuple[str, ...], places: Lazy[int]
    ) -> None:
        self._prepared = prepared
        self._languages = languages
        self._places = places

    @property
    def order(self) -> object:
        """That of the places."""
        return self._places

    def first(self, count: int) -> list[Found]:
        """Returns as many of the best, or fewer if there aren't so many."""
        return self.some(0, count)

    def has(self, count: int) -> bool:
        """Returns whether there are so many."""
        return len(self._places.first(count)) == count

    def some(self, position: int, count: int) -> list[Found]:
        """Returns as many from a position on, or fewer if there aren't so many."""
        known = self._prepared.found
        return [known.get(place) or self._at(place) for place in self._places.some(position, count)]

    def since(self, position: int) -> Iterator[Found]:
        """Yields all from a position on, which others have reached."""
        return map(self._at, self._places.since(position))

    def __iter__(self) -> Iterator[Found]:
        return self.since(0)

    def _at(self, place: int) -> Found:
        # Of most offers what is shown is the same for everybody.
        found: Found | None = self._prepared.found.get(place)
        if found is None:
            candidate = self._prepared.candidates.at[place]
            found = by_priority(self._prepared, place, shown_as(candidate, self._languages))
            if len(candidate.by_language) == 1:
                self._prepared.found[place] = found
        return found


class Scored:
    """The candidates of one strategy, of which rules alone decide, as its ranking scores them.

    `pairs` are their places and scores, shared with whoever has the same candidates and ranking
    at another placement.
    """

    __slots__ = ("_languages", "_pairs", "_prepared", "_ranking")

    def __init__(
        self,
        prepared: PreparedStrategy,
        ranking: Ranking,
        languages: tuple[str, ...],
        pairs: Lazy[tuple[int, float]],
    ) -> None:
        self._prepared = prepared
        self._ranking = ranking
        self._languages = languages
        self._pairs = pairs

    @property
    def order(self) -> object:
        """That of the places."""
        return self._pairs

    def first(self, count: int) -> list[Found]:
        """Returns as many of the best, or fewer if there aren't so many."""
        return self.some(0, count)

    def has(self, count: int) -> bool:
        """Returns whether there are so many."""
        return len(self._pairs.first(count)) == count

    def some(self, position: int, count: int) -> list[Found]:
        """Returns as many from a position on, or fewer if there aren't so many."""
        return list(starmap(self._at, self._pairs.some(position, count)))

    def since(self, position: int) -> Iterator[Found]:
        """Yields all from a position on, which others have reached."""
        return starmap(self._at, self._pairs.since(position))

    def __iter__(self) -> Iterator[Found]:
        return self.since(0)

    def _at(self, place: int, score: float) -> Found:
        prepared, ranking = self._prepared, self._ranking
        candidate = prepared.candidates.at[place]
        selection = Selection(prepared.strategy, ranking.method, ranking.id, score)
        shown = Item(candidate.offer, shown_as(candidate, self._languages), selection)
        return Found(candidate, shown, score)


def by_priority(prepared: PreparedStrategy, place: int, representation: Representation) -> Found:
    """Returns a candidate of a strategy that ranks by priority as it is shown."""
    candidate, items = prepared.candidates.at[place], prepared.items
    is_always = len(candidate.by_language) == 1
    item = items[place] if is_always else items.item(candidate, representation)
    return Found(candidate, item, float(candidate.offer.priority))


def shown_as(candidate: PreparedOffer, languages: tuple[str, ...]) -> Representation:
    """Returns the representation of a candidate that is known to have one."""
    return next(filter(None, map(candidate.by_language.get, languages)))
