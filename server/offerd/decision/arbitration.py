"""Which offers the later scopes of a request can't spare.

Within a domain of de-duplication an offer goes to one scope. Whoever chooses first looks ahead:
an offer is critical if without it fewer of the later scopes could have an offer each. That is
asked of a maximum matching of later scopes and offers: an offer that isn't matched isn't
critical; one that is, is critical unless its scope can be matched otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping


class LookAhead:
    """A maximum matching of scopes, each with the numbers of the offers that it could show.

    Made anew for each turn, but `matched`, scope → offer, is kept from turn to turn: what still
    fits needn't be sought again.
    """

    __slots__ = ("_critical", "_gone", "_offer_of", "_offers_of", "_scope_of", "steps")

    def __init__(
        self, later: Mapping[int, Collection[int]], matched: dict[int, int] | None = None
    ) -> None:
        self._offers_of = later
        self._offer_of = {} if matched is None else matched
        self._scope_of: dict[int, int] = {}
        self._critical: set[int] = set()
        self._gone: set[int] = set()
        self.steps = 0
        """Offers looked at: what it has cost."""
        unmatched: list[int] = []
        for scope, offers in later.items():
            offer = self._offer_of.get(scope)
            if offer is None or offer not in offers or offer in self._scope_of:
                unmatched.append(scope)
            else:
                self._scope_of[offer] = scope
        for scope in unmatched:
            self._match(scope)

    def is_critical(self, offer: int) -> bool:
        """Returns whether fewer scopes could have an offer each without this one."""
        if offer in self._critical:
            return True
        scope = self._scope_of.pop(offer, None)
        if scope is None:
            return False
        if self._match(scope, avoid=offer):
            return False
        self._scope_of[offer] = scope
        self._critical.add(offer)
        return True

    def take(self, offer: int) -> None:
        """Removes an offer."""
        self._scope_of.pop(offer, None)
        self._gone.add(offer)

    def _match(self, start: int, avoid: int | None = None) -> bool:
        """Matches one more scope, moving others, if that can be done; breadth first.

        If not, all offers that it could have been matched to through others are critical: there
        are as many scopes that have nothing else. Scopes with the same offers are one.
        """
        came_from: dict[int, int] = {}
        unseen_in = [start]
        looked_in: set[int] = set()
        seen = self._critical | self._gone
        if avoid is not None:
            seen.add(avoid)
        for scope in unseen_in:
            offers = self._offers_of[scope]
            if id(offers) in looked_in:
                continue
            looked_in.add(id(offers))
            self.steps += len(offers)
            for offer in offers:
                if offer in seen:
                    continue
                seen.add(offer)
                came_from[offer] = scope
                holder = self._scope_of.get(offer)
                if holder is None:
                    self._move(offer, start, came_from)
                    return True
                unseen_in.append(holder)
        self._critical.update(came_from)
        return False

    def _move(self, offer: int, start: int, came_from: dict[int, int]) -> None:
        """Gives each scope on the way to a free offer the offer that was found from it."""
        while True:
            scope = came_from[offer]
            before = self._offer_of.get(scope)
            self._scope_of[offer] = scope
            self._offer_of[scope] = offer
            if scope == start or before is None:
                return
            offer = before
