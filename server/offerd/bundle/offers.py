"""One walk over the counters of a bundle and one over its offers, in which all is verified of each.

They stay encoded, so that whoever walks over them decodes them: not once for each question.
"""

from __future__ import annotations

from collections.abc import Sequence

from offerd import expression as ex
from offerd.bundle.caps import CounterChecks, verify_caps_of
from offerd.bundle.chains import verify_replaced
from offerd.bundle.ranges import OfferRanges
from offerd.bundle.references import CounterReferences, OfferReferences, verify_distinct
from offerd.bundle.rules import verify_rules_of
from offerd.errors import BundleError
from offerd.model.capping import CapSubject
from offerd.model.catalogue import Catalogue
from offerd.model.contact import CONTACT_EVENT


def verify_offers(
    catalogue: Catalogue, content_count: int, trees: Sequence[ex.Checked]
) -> frozenset[str]:
    """Raises BundleError at the first offer, fallback offer or counter that can't be used.

    `trees` are the decoded rules by number. Returns the ids that decisions fall back on, as far as
    any offer has them.
    """
    totals, contacts = _verify_counters(catalogue)
    references, ranges = OfferReferences(catalogue, content_count), OfferRanges(catalogue)
    wanted = {name for decision in catalogue.decisions for name in decision.fallbacks}
    fallbacks = {fallback.id for fallback in catalogue.fallback_offers}
    shown = wanted & fallbacks
    replaced: dict[int, Sequence[int]] = {}
    order = _Ascending()
    for number, offer in enumerate(catalogue.offers):
        where = f"offer `{offer.id}`"
        order.add(offer.id)
        if offer.id in fallbacks:
            raise BundleError(f"{where} is there twice")
        if offer.id in wanted:
            shown.add(offer.id)
        references.verify(offer, where)
        ranges.verify(offer, where)
        verify_caps_of(offer, where, totals, contacts)
        verify_rules_of(offer, trees, where)
        if offer.replaces:
            replaced[number] = offer.replaces
    if not order.is_kept:
        verify_distinct("offer", (offer.id for offer in catalogue.offers))
    for fallback in catalogue.fallback_offers:
        where = f"offer `{fallback.id}`"
        references.verify(fallback, where)
        ranges.verify(fallback, where)
    verify_replaced(catalogue, replaced)
    return frozenset(shown)


def _verify_counters(catalogue: Catalogue) -> tuple[bytearray, frozenset[int]]:
    """Returns whether each counter counts what all profiles do, and those that count contacts."""
    references, checks = CounterReferences(catalogue), CounterChecks(catalogue)
    totals = bytearray(len(catalogue.counters))
    contacts: set[int] = set()
    order = _Ascending()
    for number, counter in enumerate(catalogue.counters):
        where = f"counter `{counter.key}`"
        order.add(counter.key)
        references.verify(counter, where)
        checks.verify(counter, where)
        totals[number] = counter.subject is CapSubject.TOTAL
        if counter.event == CONTACT_EVENT:
            contacts.add(number)
    if not order.is_kept:
        verify_distinct("counter", (counter.key for counter in catalogue.counters))
    return totals, frozenset(contacts)


class _Ascending:
    """Whether names ascend, so that none of them is there twice."""

    def __init__(self) -> None:
        self._last = ""
        self.is_kept = True

    def add(self, name: str) -> None:
        """Takes the next."""
        self.is_kept = self.is_kept and self._last < name
        self._last = name
