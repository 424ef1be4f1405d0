"""Who shows what: the scopes of a request choose one after another, in its order.

Each takes the best offers of its ranking that nothing keeps out:

- a cap that the request itself has reached by what it chose before;
- de-duplication: a scope of the same domain has the offer;
- an exclusion of which as many as may be shown are;
- arbitration AVOID_FALLBACK: a later scope of the same domain couldn't have an offer without
  it. As many scopes as possible get an offer each; among the ways to do that the first scope
  has its best, then the second. For its first offer a scope may take what a later one needs if
  it has nothing else. What exclusions will take away during a scope's turn isn't foreseen.

Customers held out take nothing away from other scopes, and what is withheld from them uses up no
cap. Fallbacks come after all scopes have
chosen, so that they displace nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from offerd.decision.arbitration import LookAhead
from offerd.decision.capping import Capping
from offerd.decision.exclusions import ShownFor, first_full, show
from offerd.decision.request import RequestState
from offerd.decision.sequencing import Found
from offerd.decision.turns import Obstacle, Turn
from offerd.decision.wording import cap_words, listed
from offerd.model.decision import Arbitration, Deduplication, Stage

Domain = tuple[str | int, ...]
"""The scopes with an equal one share their offers out."""


class Arrangement:
    """What the scopes of a request have chosen so far.

    `taken` has by domain the offers that a scope took, number → label of the scope; `shown` the
    offers that exclusions over the whole request count.
    """

    __slots__ = ("_state", "_turns", "shown", "taken")

    def __init__(self, state: RequestState, turns: Sequence[Turn]) -> None:
        self._state = state
        self._turns = turns
        self.taken: dict[Domain, dict[int, str]] = {}
        self.shown: ShownFor = {}

    def domain(self, turn: Turn) -> Domain:
        """Returns the domain of de-duplication of a scope."""
        match self._state.options.deduplication:
            case Deduplication.DECISION:
                return (turn.query.decision,)
            case Deduplication.PLACEMENT:
                return (turn.query.placement,)
            case Deduplication.REQUEST:
                return ()
            case Deduplication.SCOPE:
                return (turn.position,)

    def choose(self) -> None:
        """Lets every scope choose."""
        options = self._state.options
        if (
            options.deduplication is Deduplication.SCOPE
            and not options.explain
            and not self._state.prepared.is_shared
        ):
            for turn in self._turns:
                turn.chosen = turn.choices.ranked.first(turn.query.item_count)
            return
        state = self._state
        state.taking = Capping(state.prepared.cap_rules, state.view, state.counts, state.now_ns)
        for turn in self._turns:
            _Choosing(self._state, self, turn, self._look_ahead(turn)).run()

    def _look_ahead(self, turn: Turn) -> LookAhead | None:
        """Returns what the later scopes can't spare, None if nothing needs to be spared.

        A later scope with so many offers that this one and all the others can't take all of
        them away is left out: it gets one in any case.
        """
        options = self._state.options
        if (
            options.arbitration is not Arbitration.AVOID_FALLBACK
            or options.deduplication is Deduplication.SCOPE
            or turn.held_out
        ):
            return None
        domain = self.domain(turn)
        later = [
            other
            for other in self._turns[turn.position + 1 :]
            if not other.held_out and self.domain(other) == domain
        ]
        enough = len(later) + turn.query.item_count
        taken = self.taken.get(domain, {})
        full: dict[int, bool] = {}
        needs = [self._free(other, taken, full, enough) for other in later]
        needy = [offers for offers in needs if len(offers) < enough]
        return LookAhead(needy) if any(needy) else None

    def _free(
        self, turn: Turn, taken: dict[int, str], full: dict[int, bool], enough: int
    ) -> list[int]:
        """Returns numbers of the best offers that a later scope could have, at most `enough`.

        `full` remembers, by offer, whether an exclusion keeps it out of a scope that has none.
        """
        if self._state.prepared.is_shared:
            free = (
                found.candidate.number
                for found in turn.choices.ranked
                if found.candidate.number not in taken and self._allowed(turn, found, full)
            )
            return list(islice(free, enough))
        best = turn.choices.ranked.first(enough + len(taken))
        return [n for found in best if (n := found.candidate.number) not in taken][:enough]

    def _allowed(self, turn: Turn, found: Found, full: dict[int, bool]) -> bool:
        """Whether neither caps nor exclusions keep an offer out of a scope that has none yet."""
        number = found.candidate.number
        if number not in full:
            full[number] = first_full(self._state, number, self.shown, {}) is not None
        return not full[number] and cap_obstacle(self._state, turn, found) is None


def cap_obstacle(state: RequestState, turn: Turn, found: Found) -> Obstacle | None:
    """Returns the cap that the request itself has reached, or None."""
    candidate, taking = found.candidate, state.taking
    if not candidate.offer.caps or taking is None or not taking.demands:
        return None
    reached = taking.first_reached(
        candidate.offer,
        turn.query.decision,
        candidate.placement,
        state.limit_of(candidate.number),
    )
    return None if reached is None else Obstacle(Stage.CAPS, cap_words(state, reached))


class _Choosing:
    """One scope's turn."""

    __slots__ = ("_look_ahead", "_request", "_shown", "_state", "_taken", "_turn")

    def __init__(
        self,
        state: RequestState,
        arrangement: Arrangement,
        turn: Turn,
        look_ahead: LookAhead | None,
    ) -> None:
        self._state = state
        self._turn = turn
        self._look_ahead = look_ahead
        self._taken = arrangement.taken.setdefault(arrangement.domain(turn), {})
        self._request = arrangement.shown
        if turn.held_out:
            self._request = {number: dict(shown) for number, shown in arrangement.shown.items()}
        self._shown: ShownFor = {}

    def run(self) -> None:
        """Chooses; goes on to the end of the ranking if the request asks why."""
        turn = self._turn
        wanted = turn.query.item_count
        explain = self._state.options.explain
        robbing = self._look_ahead is not None and self._must_rob()
        for found in turn.choices.ranked:
            obstacle = self._obstacle(found, robbing=robbing and not turn.chosen)
            if obstacle is None and len(turn.chosen) < wanted:
                self._take(found)
                if len(turn.chosen) == wanted and not explain:
                    return
            elif obstacle is not None and explain:
                turn.obstacles[found.candidate.number] = obstacle

    def _obstacle(self, found: Found, *, robbing: bool) -> Obstacle | None:
        number = found.candidate.number
        capped = cap_obstacle(self._state, self._turn, found)
        if capped is not None:
            return capped
        holder = self._taken.get(number)
        if holder is not None:
            return Obstacle(Stage.EXCLUSION, f"already proposed in scope `{holder}`")
        full = first_full(self._state, number, self._request, self._shown)
        if full is not None:
            exclusion, shown = full
            return Obstacle(
                Stage.EXCLUSION, _full(self._state, exclusion.id, exclusion.at_most, shown)
            )
        if self._look_ahead is not None and not robbing and self._look_ahead.is_critical(number):
            return Obstacle(
                Stage.EXCLUSION, "kept for a later scope that would have no other offer"
            )
        return None

    def _must_rob(self) -> bool:
        """Whether the scope can have no offer but one that a later scope needs."""
        return all(
            self._obstacle(found, robbing=False) is not None for found in self._turn.choices.ranked
        )

    def _take(self, found: Found) -> None:
        turn, state = self._turn, self._state
        candidate = found.candidate
        number = candidate.number
        turn.chosen.append(found)
        show(state, number, turn.label, self._request, self._shown)
        if turn.held_out:
            return
        if self._look_ahead is not None:
            self._look_ahead.take(number)
        self._taken[number] = turn.label
        if state.taking is not None:
            limit_of = state.limit_of(number)
            state.taking.take(
                turn.position, candidate.offer, turn.query.decision, candidate.placement, limit_of
            )


def _full(state: RequestState, exclusion: str, at_most: int, shown: dict[int, str]) -> str:
    if at_most == 0:
        return f"exclusion `{exclusion}` blocks it"
    offers = state.prepared.catalogue.offers
    names = listed(f"`{offers[number].id}` in scope `{where}`" for number, where in shown.items())
    return f"exclusion `{exclusion}` allows {at_most} at most: {names}"
