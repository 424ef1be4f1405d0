"""That caps and counters can be counted: their limits, windows and keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from offerd.bundle.calendars import verify_calendar
from offerd.errors import BundleError
from offerd.model.capping import DECISION_EVENT, Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.contact import CONTACT_EVENT
from offerd.model.schema import BUILT_IN_EVENTS

MAXIMUM_KEY_BYTES = 400
MAXIMUM_LIMIT = 1_000_000_000

LONGEST_WITHIN_NS = 17_520 * 3_600 * 10**9


class CounterChecks:
    """Verifies that counters can count."""

    def __init__(self, catalogue: Catalogue) -> None:
        declared = (event.id for event in catalogue.schema.events)
        self._events = {*BUILT_IN_EVENTS, *declared, DECISION_EVENT, CONTACT_EVENT}

    def verify(self, counter: Counter, where: str) -> None:
        """Raises BundleError if a counter can't."""
        if not 1 <= len(counter.key.encode()) <= MAXIMUM_KEY_BYTES:
            raise BundleError(f"a counter's key is from 1 to {MAXIMUM_KEY_BYTES} bytes long")
        for event in counter.events:
            if event not in self._events:
                raise BundleError(f"{where} counts `{event}`, which isn't declared")
        if counter.also and not {DECISION_EVENT, CONTACT_EVENT}.isdisjoint(counter.events):
            raise BundleError(f"{where} counts what can't be counted with anything else")
        if counter.event in (DECISION_EVENT, CONTACT_EVENT) and counter.where is not None:
            what = "propositions" if counter.event == DECISION_EVENT else "contacts"
            raise BundleError(f"{where} filters {what}, which have no properties")
        if counter.event == CONTACT_EVENT:
            of_profile = counter.subject is CapSubject.PROFILE
            if not of_profile or counter.offers is not None or not counter.placements:
                raise BundleError(f"{where} counts contacts that aren't a profile's by channel")


def verify_caps_of(
    offer: Offer, where: str, totals: Sequence[int], contacts: Collection[int]
) -> None:
    """Raises BundleError at the first cap of an offer that can't be held.

    By the number of a counter, `totals` says whether it counts what all profiles do; `contacts`
    are the numbers of those that count contacts.
    """
    for cap in offer.caps:
        verify_cap(cap, where)
        if cap.visit is not None and totals[cap.counter]:
            raise BundleError(f"{where} has a cap per visit over all profiles")
        if cap.counter in contacts:
            raise BundleError(f"{where} has a cap that counts contacts")


def verify_cap(cap: Cap, where: str) -> None:
    """Raises BundleError if a cap's limit or window can't be held."""
    if not 1 <= cap.limit <= MAXIMUM_LIMIT:
        raise BundleError(f"{where} has a cap of {cap.limit}, 1 to {MAXIMUM_LIMIT} expected")
    windows = (cap.within_ns, cap.calendar, cap.visit)
    if sum(window is not None for window in windows) > 1:
        raise BundleError(f"{where} has a cap with two windows")
    if cap.within_ns is not None and not 1 <= cap.within_ns <= LONGEST_WITHIN_NS:
        raise BundleError(f"{where} has a cap whose time can't be counted")
    if cap.calendar is not None:
        verify_calendar(cap.calendar, f"{where}, in a cap,")
