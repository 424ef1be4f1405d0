"""Whether a cap of an offer is reached."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from offerd.model.catalogue import Cap, CapSubject, Offer
from offerd.model.profile import ProfileView

TotalCount = Callable[[str, str], int]
"""Offer id and event type → how many such events about the offer there ever were."""


def first_reached(
    offer: Offer, view: ProfileView, total_count: TotalCount, now_ns: int
) -> tuple[Cap, int] | None:
    """Returns the first of the offer's caps that is reached, with its count, or None."""
    for cap in offer.caps:
        count = counted(cap, offer.id, view, total_count, now_ns)
        if count >= cap.limit:
            return cap, count
    return None


def counted(cap: Cap, offer: str, view: ProfileView, total_count: TotalCount, now_ns: int) -> int:
    """Returns how many events a cap counts at an instant.

    A window of w covers events later than now - w, up to and with now. Per profile the
    count may stop short of the truth once it is over the limit (see offerd.events.caps).
    """
    if cap.subject is CapSubject.TOTAL:
        return total_count(offer, cap.event)
    times = view.cap_events.get(offer, {}).get(cap.event, [])
    counted_until = bisect_right(times, now_ns)
    if cap.within_ns is None:
        return counted_until
    return counted_until - bisect_right(times, now_ns - cap.within_ns)
