"""What is prepared of a catalogue: decisions at placements, their steps, strategies and offers."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, overload

from offerd.decision.shelves import Shelves
from offerd.model.catalogue import FallbackOffer, Offer, Placement, Representation
from offerd.model.decision import Item, Selection
from offerd.model.selection import Decision, Experiment, Ranking, RankingMethod, Strategy

ByLanguage = dict[str, Representation]
"""Language, lower-cased → the representation in it."""


class PreparedOffer(NamedTuple):
    """A candidate at one placement, with what the engine compares first.

    `number` is the offer's place in the catalogue; `live_from_ns` and `live_until_ns` are its
    dates, the open ones far away. An offer that isn't approved is never live. One that
    `is_settled` passes all stages if it is live, its rule holds and none of the counters of
    `capped_by`, by key, has counted anything of the customer.
    """

    number: int
    eligibility: int | None
    live_from_ns: int
    live_until_ns: int
    by_language: ByLanguage
    offer: Offer
    placement: str
    is_settled: bool
    capped_by: tuple[str, ...]


MOST_KEPT: Final = 16_384
"""So many candidates stay made, in equal shares of all strategies as long as these aren't small."""


_MOST_SCORED: Final = 1_024
"""So many scored items of a strategy are kept."""


class _Made(dict[int, PreparedOffer]):
    """Candidates by place, made when they are missing; emptied when there are too many."""

    __slots__ = ("_make", "_most", "_numbers", "followers")

    def __init__(
        self, numbers: Sequence[int], make: Callable[[int], PreparedOffer], most: int
    ) -> None:
        super().__init__()
        self._numbers = numbers
        self._make = make
        self._most = most
        self.followers: tuple[dict[int, Any], ...] = ()

    def __missing__(self, place: int) -> PreparedOffer:
        made = self._make(self._numbers[place])
        if len(self) >= self._most:
            self.clear()
            for follower in self.followers:
                follower.clear()
        self[place] = made
        return made


class Candidates(Sequence[PreparedOffer]):
    """Candidates in order, each made when it is looked at; `most` of those are kept.

    `numbers` are theirs, and `at` finds them by place, quickest. `to_keep` makes one that is kept,
    `make` one that isn't.
    """

    __slots__ = ("_make", "_most", "at", "numbers")

    def __init__(
        self,
        numbers: Iterable[int],
        make: Callable[[int], PreparedOffer],
        to_keep: Callable[[int], PreparedOffer],
        most: int,
    ) -> None:
        self.numbers = array("L", numbers)
        self._make = make
        self._most = most
        self.at = _Made(self.numbers, to_keep, most)

    def forget_with(self, *others: dict[int, Any]) -> None:
        """Has what was made of candidates, by place, emptied with them."""
        self.at.followers = others

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> PreparedOffer: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[PreparedOffer, ...]: ...

    def __getitem__(self, place: int | slice) -> PreparedOffer | tuple[PreparedOffer, ...]:
        if isinstance(place, slice):
            return tuple(map(self._make, self.numbers[place]))
        return self.at[range(len(self.numbers))[place]]

    def __iter__(self) -> Iterator[PreparedOffer]:
        if len(self.numbers) <= self._most:
            return map(self.at.__getitem__, range(len(self.numbers)))
        return map(self._make, self.numbers)


class Items(dict[int, Item]):
    """What the candidates of a strategy that ranks by priority are shown as, by place.

    Of those with a single representation, which is the same for everybody; made when first shown,
    and emptied when there are more than `most`.
    """

    __slots__ = ("_make", "_most", "_numbers", "_strategy")

    def __init__(
        self,
        strategy: Strategy,
        numbers: Sequence[int],
        make: Callable[[int], PreparedOffer],
        most: int,
    ) -> None:
        super().__init__()
        self._strategy = strategy
        # Not the candidates, which know these items: what isn't a cycle goes with its last user.
        self._numbers = numbers
        self._make = make
        self._most = most

    def __missing__(self, place: int) -> Item:
        candidate = self._make(self._numbers[place])
        (representation,) = candidate.by_language.values()
        if len(self) >= self._most:
            self.clear()
        made = self[place] = self.item(candidate, representation)
        return made

    def item(self, candidate: PreparedOffer, representation: Representation) -> Item:
        """Returns a candidate as it is shown by one of its representations."""
        score = float(candidate.offer.priority)
        selection = Selection(self._strategy, RankingMethod.PRIORITY, "", score)
        return Item(candidate.offer, representation, selection)


class ScoredItems(dict[tuple[int, float], Item]):
    """What the candidates of a strategy are shown as by their places and scores.

    Of those with a single representation; some of the last that were shown.
    """

    __slots__ = ("_candidates", "_ranking", "_strategy")

    def __init__(self, strategy: Strategy, ranking: Ranking, candidates: Candidates) -> None:
        super().__init__()
        self._strategy = strategy
        self._ranking = ranking
        self._candidates = candidates

    def __missing__(self, found: tuple[int, float]) -> Item:
        place, score = found
        candidate = self._candidates.at[place]
        (representation,) = candidate.by_language.values()
        selection = Selection(self._strategy, self._ranking.method, self._ranking.id, score)
        if len(self) >= _MOST_SCORED:
            self.clear()
        made = self[found] = Item(candidate.offer, representation, selection)
        return made


class PreparedStrategy(NamedTuple):
    """A strategy at one placement; `ranking` None is by priority.

    `minimum_score` is what an offer must score at least. Of its collection `candidates` have
    something to show there, by priority, highest first, then by id; `absent` have not. Those of
    `replacing` are the candidates that replace other offers.

    For speed: `shelves` have the candidates by rule. The strategy `is_settled` if its constraint
    reads no offer; it `is_ruled` if, besides, the rules of no candidate do, and all have a
    representation in the default language; it `is_plain` if, besides, all candidates are settled,
    `is_capped` if any has caps, and `is_in_one_language` if each has a single representation.
    `found` keeps what was made of candidates that were shown, by place, and so does `items`.
    Strategies with the same `order` have the same candidates in the same order, as far as rules
    alone decide. `orders` keeps how tables of scores order them, by segment, and `columns` and
    `arrays` attributes and places as formulas over many read them; these three are shared by
    strategies with the same candidates and table.
    """

    strategy: Strategy
    ranking: Ranking | None
    minimum_score: float
    candidates: Candidates
    absent: Candidates
    replacing: tuple[PreparedOffer, ...]
    shelves: Shelves
    is_settled: bool
    is_ruled: bool
    is_plain: bool
    is_capped: bool
    is_in_one_language: bool
    found: dict[int, Any]
    items: Items
    order: int
    orders: dict[str | None, Any]
    columns: dict[str, Any]
    arrays: dict[int, Any]


class PreparedGroup(NamedTuple):
    """A step of a decision at one placement: strategies that compete, or offers in order."""

    strategies: tuple[PreparedStrategy, ...]
    offers: tuple[PreparedOffer, ...]


class PreparedFallback(NamedTuple):
    """What can be shown at a placement if no offer is eligible; `number` is that of an offer."""

    offer: Offer | FallbackOffer
    number: int | None
    by_language: ByLanguage


class PreparedExperiment(NamedTuple):
    """An experiment at one placement, with the groups of each arm."""

    experiment: Experiment
    arms: dict[str, tuple[PreparedGroup, ...]]


class PreparedScope(NamedTuple):
    """A decision at one placement. `experiments` are those that aren't archived."""

    decision: Decision
    placement: Placement
    groups: tuple[PreparedGroup, ...]
    fallbacks: tuple[PreparedFallback, ...]
    experiments: tuple[PreparedExperiment, ...]


class PlainScope(NamedTuple):
    """A decision at a placement of which, from an instant until before another, rules alone decide.

    It has one step with one plain strategy, ties by id and no experiment, nothing is withheld
    there, and nothing that is shown elsewhere matters but de-duplication. `show` gives what is
    shown of a candidate by its place, or place and score, None where that depends on the request.
    """

    from_ns: int
    until_ns: int
    is_capped: bool
    order: int
    strategy: PreparedStrategy
    show: Callable[[Any], Item] | None
    has_fallbacks: bool
    top_up: bool
