"""What is shown where no offer is eligible, or fewer than were asked for.

The decision's fallbacks in their order: first those that no scope of the same domain of
de-duplication shows, then those that one does, because it is better to repeat than to show
nothing; never one twice in a scope. Dates, rules and caps of an offer that serves as a fallback
are ignored; exclusions are not, so that what they promise always holds, and an offer isn't shown
next to one that replaces it.
"""

from __future__ import annotations

from offerd.decision.arranging import Arrangement, Domain
from offerd.decision.candidates import PreparedFallback
from offerd.decision.exclusions import ShownFor, first_full, show
from offerd.decision.languages import best
from offerd.decision.turns import Turn
from offerd.model.decision import Item


class Fallbacks:
    """Fills scopes after all of them have chosen."""

    __slots__ = ("_arrangement", "_shown")

    def __init__(self, arrangement: Arrangement) -> None:
        self._arrangement = arrangement
        self._shown: dict[Domain, set[str]] = {}

    def fill(self, turn: Turn) -> None:
        """Adds fallbacks to a scope that has none or, if topped up, too few offers."""
        shown = [] if turn.held_out else turn.chosen
        room = turn.query.item_count - len(shown)
        if not room or not turn.scope.fallbacks or (shown and not _tops_up(turn)):
            return
        domain = self._arrangement.domain(turn)
        taken = self._arrangement.taken.get(domain, {})
        repeated = self._shown.setdefault(domain, set())
        kept_out = {found.candidate.number for found in shown}
        kept_out.update(*(found.candidate.offer.replaces for found in shown))
        candidates = [one for one in turn.scope.fallbacks if one.number not in kept_out]
        candidates.sort(
            key=lambda fallback: fallback.offer.id in repeated or fallback.number in taken
        )
        # What exclusions within a scope count of this one.
        counted: ShownFor = {}
        for found in shown:
            show(turn.state, found.candidate.number, turn.label, {}, counted)
        for fallback in candidates:
            item = self._item(turn, fallback, counted)
            if item is not None:
                turn.fallbacks.append(item)
                repeated.add(fallback.offer.id)
                if len(turn.fallbacks) == room:
                    return

    def _item(self, turn: Turn, fallback: PreparedFallback, counted: ShownFor) -> Item | None:
        representation = best(fallback.by_language, turn.state.languages)
        if representation is None:
            return None
        if fallback.number is not None:
            request = self._arrangement.shown
            if first_full(turn.state, fallback.number, request, counted) is not None:
                return None
            show(turn.state, fallback.number, turn.label, request, counted)
        return Item(fallback.offer, representation, None)


def _tops_up(turn: Turn) -> bool:
    asked = turn.query.top_up
    return turn.scope.decision.top_up if asked is None else asked
