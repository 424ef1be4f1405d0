"""One scope's turn: it takes the best offers that nothing keeps out."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable

from offerd.decision.arbitration import LookAhead
from offerd.decision.exclusions import KeptOut, ShownFor, first_full, show, show_apart
from offerd.decision.ranked import Found
from offerd.decision.remaining import Gone, Remaining
from offerd.decision.request import RequestState
from offerd.decision.turns import Obstacle, Turn
from offerd.decision.wording import cap_words, listed
from offerd.model.decision import Stage


class Choosing:
    """One scope's turn.

    `taken` are the offers that scopes of its domain took. A request that asks why has each offer
    of the ranking tested and worded; any other walks through what is left.
    """

    __slots__ = (
        "_gone",
        "_here",
        "_kept_out",
        "_look_ahead",
        "_remaining",
        "_state",
        "_taken",
        "_turn",
    )

    def __init__(
        self,
        turn: Turn,
        remaining: Remaining,
        gone: Gone,
        taken: dict[int, str],
        look_ahead: LookAhead | None,
    ) -> None:
        self._state = turn.state
        self._turn = turn
        self._remaining = remaining
        self._gone = gone
        self._taken = taken
        self._look_ahead = look_ahead
        self._here: ShownFor = {}
        shown = ChainMap(self._here, gone.shown) if turn.held_out else self._here
        self._kept_out = KeptOut(turn.state, shown, which=None if turn.held_out else False)

    def run(self) -> None:
        """Chooses; goes on to the end of the ranking if the request asks why."""
        robbing = self._look_ahead is not None and self._must_rob()
        if self._state.options.explain:
            self._explain(robbing=robbing)
        else:
            self._choose(self._remaining.walk(), robbing=robbing)

    def _choose(self, left: Iterable[Found], *, robbing: bool) -> None:
        turn = self._turn
        for found in left:
            if self._is_free(found, robbing=robbing and not turn.chosen):
                self._take(found)
                if len(turn.chosen) == turn.query.item_count:
                    return

    def _explain(self, *, robbing: bool) -> None:
        turn = self._turn
        for found in turn.choices.ranked:
            obstacle = self._obstacle(found, robbing=robbing and not turn.chosen)
            if obstacle is not None:
                turn.obstacles[found.candidate.number] = obstacle
            elif len(turn.chosen) < turn.query.item_count:
                self._take(found)

    def _must_rob(self) -> bool:
        """Whether the scope can have no offer but one that a later scope needs."""
        return not any(self._is_free(found, robbing=False) for found in self._remaining.walk())

    def _is_free(self, found: Found, *, robbing: bool) -> bool:
        """Whether nothing keeps out an offer that was left when the turn began."""
        number = found.candidate.number
        if self._kept_out.has(number) or (self._turn.chosen and self._remaining.is_gone(found)):
            return False
        ahead = self._look_ahead
        return ahead is None or robbing or not ahead.is_critical(number)

    def _obstacle(self, found: Found, *, robbing: bool) -> Obstacle | None:
        """Returns what keeps out an offer of the ranking, in words."""
        candidate, decision = found.candidate, self._turn.query.decision
        number = candidate.number
        if self._gone.is_capped(found, decision):
            reached = self._gone.taking.first_reached(
                candidate.offer, decision, candidate.placement, self._state.limit_of(number)
            )
            if reached is not None:
                return Obstacle(Stage.CAPS, cap_words(self._state, reached))
        holder = self._taken.get(number)
        if holder is not None:
            return Obstacle(Stage.EXCLUSION, f"already proposed in scope `{holder}`")
        request = self._gone.shown
        full = None
        if self._remaining.is_kept_out(number) or self._kept_out.has(number):
            if self._turn.held_out:
                apart = ChainMap(self._here, request)
                full = first_full(self._state, number, apart, self._here)
            else:
                full = first_full(self._state, number, request, self._here)
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

    def _take(self, found: Found) -> None:
        turn, state = self._turn, self._state
        number = found.candidate.number
        turn.chosen.append(found)
        if turn.held_out:
            show_apart(state, number, turn.label, self._gone.shown, self._here)
            return
        show(state, number, turn.label, self._gone.shown, self._here)
        if self._look_ahead is not None:
            self._look_ahead.take(number)
        self._taken[number] = turn.label
        self._gone.take(turn, found)


def _full(state: RequestState, exclusion: str, at_most: int, shown: dict[int, str]) -> str:
    if at_most == 0:
        return f"exclusion `{exclusion}` blocks it"
    offers = state.prepared.catalogue.offers
    names = listed(
        (f"`{offers[number].id}` in scope `{where}`" for number, where in shown.items()),
        len(shown),
    )
    return f"exclusion `{exclusion}` allows {at_most} at most: {names}"
