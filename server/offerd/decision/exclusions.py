"""Which exclusions apply, and which leave no room for another offer.

An exclusion counts different offers: one that is shown twice counts once, and may be shown once
more. Within a request it counts over the scopes in their order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from offerd.decision.request import RequestState
from offerd.expression import Failure
from offerd.model.selection import Exclusion

ShownFor = dict[int, dict[int, str]]
"""By exclusion the offers shown that count for it, number → where."""

_Shown = Mapping[int, dict[int, str]]


def applies(state: RequestState, number: int) -> bool:
    """Returns whether an exclusion applies to the customer: unless its rule is false."""
    known = state.applying.get(number)
    if known is None:
        when = state.prepared.catalogue.exclusions[number].when
        result = True if when is None else state.memberships.evaluate(state.rules[when])
        if when is not None and isinstance(result, Failure):
            state.exclusion_failures[number, when] = state.told(when, result)
        known = state.applying[number] = result is not False
    return known


def first_full(
    state: RequestState, offer: int, request: _Shown, scope: _Shown
) -> tuple[Exclusion, dict[int, str]] | None:
    """Returns the first exclusion that keeps an offer out and what it counts, or None.

    `request` and `scope` have what is shown so far in the request and in the scope.
    """
    for number in state.prepared.exclusions_of.get(offer, ()):
        exclusion = state.prepared.catalogue.exclusions[number]
        shown = (request if exclusion.across_scopes else scope).get(number, {})
        together = len(shown) + (offer not in shown)
        if together > exclusion.at_most and applies(state, number):
            return exclusion, shown
    return None


def is_blocked(state: RequestState, offer: int) -> bool:
    """Returns whether an exclusion that allows none of its offers applies to the customer."""
    exclusions = state.prepared.catalogue.exclusions
    return any(
        exclusions[number].at_most == 0 and applies(state, number)
        for number in state.prepared.exclusions_of.get(offer, ())
    )


class KeptOut:
    """The offers that full exclusions keep out; each exclusion is tested once it is full.

    Of all scopes: what exclusions over the request and those that allow none keep out. Of one
    scope: what the others do, and if it is apart, as one held out is, what all do.
    """

    __slots__ = ("_settled", "_shown", "_state", "_which", "offers")

    def __init__(
        self, state: RequestState, shown: Mapping[int, Collection[int]], which: bool | None
    ) -> None:
        self._state = state
        self._shown = shown
        self._which = which
        self._settled: set[int] = set()
        self.offers: set[int] = set()

    def has(self, offer: int) -> bool:
        """Returns whether an exclusion keeps an offer out."""
        if offer in self.offers:
            return True
        return any(
            number not in self._settled and self._fills(number, offer)
            for number in self._state.prepared.exclusions_of.get(offer, ())
        )

    def _fills(self, number: int, offer: int) -> bool:
        exclusion = self._state.prepared.catalogue.exclusions[number]
        of_all = exclusion.across_scopes or exclusion.at_most == 0
        if self._which is not None and of_all is not self._which:
            return False
        shown = self._shown.get(number, ())
        # Where an exclusion doesn't apply, because other data is withheld there, more may be shown
        # than it allows; where it does, none of those may then be shown again.
        exceeded = len(shown) > exclusion.at_most
        if not exceeded and (len(shown) < exclusion.at_most or offer in shown):
            return False
        applied = applies(self._state, number)
        if exceeded or not applied:
            self._settled.add(number)
        if applied:
            left = () if exceeded else shown
            self.offers.update(other for other in exclusion.offers if other not in left)
        return applied


def show(state: RequestState, offer: int, where: str, request: ShownFor, scope: ShownFor) -> None:
    """Counts an offer as shown, over the request or within the scope."""
    for number in state.prepared.exclusions_of.get(offer, ()):
        across = state.prepared.catalogue.exclusions[number].across_scopes
        shown = request if across else scope
        shown.setdefault(number, {}).setdefault(offer, where)


def show_apart(
    state: RequestState, offer: int, where: str, request: ShownFor, apart: ShownFor
) -> None:
    """Counts an offer as shown in a scope that counts what the request has, and adds nothing."""
    for number in state.prepared.exclusions_of.get(offer, ()):
        if number not in apart:
            across = state.prepared.catalogue.exclusions[number].across_scopes
            apart[number] = dict(request.get(number, {})) if across else {}
        apart[number].setdefault(offer, where)
