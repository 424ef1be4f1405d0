"""Which exclusions apply, and which leave no room for another offer.

An exclusion counts different offers: one that is shown twice counts once, and may be shown once
more. Within a request it counts over the scopes in their order.
"""

from __future__ import annotations

from offerd.decision.request import RequestState
from offerd.expression import Failure
from offerd.model.selection import Exclusion

ShownFor = dict[int, dict[int, str]]
"""By exclusion the offers shown that count for it, number → where."""


def applies(state: RequestState, number: int) -> bool:
    """Returns whether an exclusion applies to the customer: unless its rule is false."""
    known = state.applying.get(number)
    if known is None:
        when = state.prepared.catalogue.exclusions[number].when
        result = True if when is None else state.memberships.evaluate(state.prepared.rules[when])
        if when is not None and isinstance(result, Failure):
            state.exclusion_failures[number, when] = state.told(when, result)
        known = state.applying[number] = result is not False
    return known


def first_full(
    state: RequestState, offer: int, request: ShownFor, scope: ShownFor
) -> tuple[Exclusion, dict[int, str]] | None:
    """Returns the first exclusion that keeps an offer out and what it counts, or None.

    `request` and `scope` have what is shown so far in the request and in the scope.
    """
    for number in state.prepared.exclusions_of.get(offer, ()):
        exclusion = state.prepared.catalogue.exclusions[number]
        shown = (request if exclusion.across_scopes else scope).get(number, {})
        if len(shown) >= exclusion.at_most and offer not in shown and applies(state, number):
            return exclusion, shown
    return None


def show(state: RequestState, offer: int, where: str, request: ShownFor, scope: ShownFor) -> None:
    """Counts an offer as shown."""
    for number in state.prepared.exclusions_of.get(offer, ()):
        for shown in (request, scope):
            shown.setdefault(number, {}).setdefault(offer, where)
