"""Which events caps need the times of, and how many of them.

A cap asks whether at least `limit` events lie between some instant and now. Of all the times of
an (offer, event type) pair the newest ones answer that, as many as the largest limit of the
pair's per-profile caps; how wide the caps' windows are doesn't matter. That holds for every now
at or after the newest event. Events dated later than now (senders' clocks differ) don't count
yet but would crowd out those that do: CAP_SLACK more times are kept, so that the answer also
holds while up to that many events lie in the future.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Final

from offerd.model.catalogue import CapSubject, Offer
from offerd.model.event import Event
from offerd.model.profile import ProfileRecord

CAP_SLACK: Final = 16

Retention = dict[tuple[str, str], int]
"""Offer id and event type → how many of the newest times are kept."""


def retention(offers: Iterable[Offer]) -> Retention:
    """Returns how many times to keep for each pair under a per-profile cap."""
    kept: Retention = {}
    for offer in offers:
        for cap in offer.caps:
            if cap.subject is CapSubject.PROFILE:
                pair = offer.id, cap.event
                kept[pair] = max(kept.get(pair, 0), cap.limit + CAP_SLACK)
    return kept


def take_cap_event(record: ProfileRecord, offer: str, event: Event, kept: Retention) -> None:
    """Adds the time of an event about an offer, if caps need it, and drops what they don't."""
    limit = kept.get((offer, event.type))
    if limit is None:
        return
    times = record.cap_events.setdefault(offer, {}).setdefault(event.type, [])
    insort(times, event.time_ns)
    del times[:-limit]
