"""What is left for the scopes that ask the same: their ranking without what is gone for good.

An offer that a scope of the domain took, that a full exclusion keeps out or whose cap the
request has reached is dropped once, not tested again by each scope that follows. `Gone` keeps
what happened in the order in which it did; a list catches up with it when it is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from offerd.decision.capping import Capping, Narrow
from offerd.decision.exclusions import KeptOut, ShownFor
from offerd.decision.ranked import Found
from offerd.decision.request import RequestState
from offerd.decision.turns import Choices, Turn


class Gone:
    """What the items of a request keep from others, whatever their domain.

    `shown` are the offers that exclusions over the whole request count; `most` is how many items
    there can be. `changes` has the numbers of the offers that may be kept out since, or not any
    longer, in the order of what was taken.
    """

    __slots__ = (
        "_full",
        "_kept_out",
        "_most",
        "_narrow",
        "_state",
        "_waiting",
        "changes",
        "shown",
        "taking",
    )

    def __init__(self, state: RequestState, taking: Capping, shown: ShownFor, most: int) -> None:
        self._state = state
        self._most = most
        self._full: set[int] = set()
        self._narrow: dict[tuple[int, str], tuple[Narrow, ...]] = {}
        self._waiting: dict[tuple[int, int], set[int]] = {}
        self._kept_out: dict[int, KeptOut] = {}
        self.taking = taking
        self.shown = shown
        self.changes: list[Collection[int]] = []

    def kept_out(self, state: RequestState) -> KeptOut:
        """Returns what exclusions over the request keep out of the scopes of a state."""
        known = self._kept_out.get(id(state))
        if known is None:
            known = self._kept_out[id(state)] = KeptOut(state, self.shown, which=True)
        return known

    def is_capped(self, found: Found, decision: str) -> bool:
        """Returns whether the request itself has reached a cap of an offer."""
        candidate = found.candidate
        if not candidate.offer.caps:
            return False
        key = candidate.number, candidate.placement
        narrow = self._narrow.get(key)
        if narrow is None:
            narrow = self._narrow[key] = self.taking.narrow(
                candidate.offer,
                candidate.placement,
                self._state.at(candidate.placement).limit_of(candidate.number),
                self._most,
            )
            for cap in narrow:
                self._waiting.setdefault((cap.number, cap.room), set()).add(candidate.number)
        if not narrow:
            return False
        return self.taking.is_reached(narrow, candidate.offer, decision, candidate.placement)

    def take(self, turn: Turn, found: Found) -> None:
        """Counts an offer as proposed in a scope."""
        state, candidate = turn.state, found.candidate
        number = candidate.number
        self.changes.append((number,))
        for counted in self.taking.take(
            turn.position,
            candidate.offer,
            turn.query.decision,
            candidate.placement,
            state.limit_of(number),
        ):
            waiting = self._waiting.get(counted)
            if waiting:
                self.changes.append(waiting)
        exclusions = state.prepared.catalogue.exclusions
        for place in state.prepared.exclusions_of.get(number, ()):
            exclusion = exclusions[place]
            full = len(self.shown.get(place, ())) >= exclusion.at_most
            if full and exclusion.across_scopes and place not in self._full:
                self._full.add(place)
                self.changes.append(exclusion.offers)


class Remaining:
    """The offers that the scopes of one domain that ask the same could still show.

    `offers` are those found so far, best first, by number. It changes only in `first` and while
    a walk finds more.
    """

    __slots__ = (
        "_capped",
        "_decision",
        "_gone",
        "_heeded",
        "_kept_out",
        "_places",
        "_rest",
        "_taken",
        "offers",
    )

    def __init__(self, choices: Choices, decision: str, taken: Collection[int], gone: Gone) -> None:
        self._rest = iter(choices.ranked)
        self._decision = decision
        self._taken = taken
        self._gone = gone
        self._kept_out = gone.kept_out(choices.state)
        self._heeded = len(gone.changes)
        self._places: dict[int, int] = {}
        self._capped: dict[int, Found] = {}
        self.offers: dict[int, Found] = {}

    def first(self, count: int) -> dict[int, Found]:
        """Returns what is left: as many of the best as asked for or more, or all there are."""
        self._catch_up()
        while len(self.offers) < count and self._find() is not None:
            pass
        return self.offers

    def walk(self) -> Iterator[Found]:
        """Yields what was left when the walk began, best first."""
        self._catch_up()
        yield from self.offers.values()
        while (found := self._find()) is not None:
            yield found

    def is_gone(self, found: Found) -> bool:
        """Returns whether an offer can't be had any longer."""
        number, gone = found.candidate.number, self._gone
        return (
            number in self._taken
            or self._kept_out.has(number)
            or gone.is_capped(found, self._decision)
        )

    def is_kept_out(self, number: int) -> bool:
        """Returns whether an exclusion over the request keeps an offer out."""
        return self._kept_out.has(number)

    def _find(self) -> Found | None:
        """Adds the next of the ranking that isn't gone."""
        for found in self._rest:
            number = found.candidate.number
            self._places[number] = len(self._places)
            if self.is_gone(found):
                self._drop(found)
            else:
                self.offers[number] = found
                return found
        return None

    def _drop(self, found: Found) -> None:
        # A decision that proposes an offer once may do it again: see `Capping`.
        number = found.candidate.number
        if number not in self._taken and not self._kept_out.has(number):
            self._capped[number] = found

    def _catch_up(self) -> None:
        changes = self._gone.changes
        while self._heeded < len(changes):
            change = changes[self._heeded]
            self._heeded += 1
            if self._capped:
                self._put_back(change)
            for number in _both(change, self.offers):
                if self.is_gone(self.offers[number]):
                    self._drop(self.offers.pop(number))

    def _put_back(self, change: Collection[int]) -> None:
        back = [n for n in _both(change, self._capped) if not self.is_gone(self._capped[n])]
        if back:
            self.offers.update((number, self._capped.pop(number)) for number in back)
            ordered = sorted(self.offers.items(), key=lambda item: self._places[item[0]])
            self.offers.clear()
            self.offers.update(ordered)


def _both(change: Collection[int], known: dict[int, Found]) -> Iterable[int]:
    """Returns what of a change a list may have, without walking through the longer of them."""
    if len(change) < len(known):
        return [number for number in change if number in known]
    return list(known)
