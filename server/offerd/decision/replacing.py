"""Which offers fall because another, which replaces them, is eligible in the same scope."""

from __future__ import annotations

from offerd.decision.candidates import PreparedGroup, PreparedOffer
from offerd.decision.exclusions import is_blocked
from offerd.decision.request import RequestState
from offerd.decision.stages import stage_of


class Replacing:
    """Who replaces whom among the groups of one decision at one placement.

    An offer is replaced where one that replaces it passes every stage up to CAPS, by any
    strategy or by hand, and no exclusion that allows none blocks it for the customer; whether or
    not it is shown in the end. So an offer that is itself replaced still replaces, and a chain
    leaves its last.
    """

    __slots__ = ("_eligible", "_groups", "_places", "_state")

    def __init__(self, state: RequestState, groups: tuple[PreparedGroup, ...]) -> None:
        self._state = state
        self._groups = groups
        self._eligible: dict[int, bool] = {}
        self._places: dict[int, list[tuple[int | None, PreparedOffer]]] | None = None

    def replaced_by(self, number: int) -> str | None:
        """Returns the id of the first offer that replaces one, or None."""
        replacers = self._state.prepared.replacers
        if number not in replacers:
            return None
        for replacer in replacers[number]:
            if self._is_eligible(replacer):
                return self._state.prepared.catalogue.offers[replacer].id
        return None

    def _is_eligible(self, number: int) -> bool:
        known = self._eligible.get(number)
        if known is None:
            places = self._found_places().get(number, ())
            known = any(
                stage_of(self._state, constraint, candidate) is None
                for constraint, candidate in places
            ) and not is_blocked(self._state, number)
            self._eligible[number] = known
        return known

    def _found_places(self) -> dict[int, list[tuple[int | None, PreparedOffer]]]:
        """Returns where offers that replace others are found, with the strategy's constraint."""
        if self._places is None:
            self._places = {}
            for group in self._groups:
                for candidate in group.offers:
                    self._add(None, candidate)
                for prepared in group.strategies:
                    for candidate in prepared.replacing:
                        self._add(prepared.strategy.constraint, candidate)
        return self._places

    def _add(self, constraint: int | None, candidate: PreparedOffer) -> None:
        if candidate.offer.replaces and self._places is not None:
            self._places.setdefault(candidate.number, []).append((constraint, candidate))
