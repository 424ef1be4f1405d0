"""Counters of all profiles as data, so that they go on counting after their revisions are gone."""

from __future__ import annotations

import msgspec

from offerd.events.caps import Counting, no_caps, plain_offer
from offerd.model.capping import CapSubject, Counter


class CounterDefinition(msgspec.Struct, array_like=True, frozen=True):
    """What a counter of all profiles counts, and how many of its newest times are needed.

    `offers` and `placements` as in `Counter`, offers by id. `filtered` says that a rule over the
    event decides too, which isn't here.
    """

    event: str
    offers: tuple[str, ...] | None
    placements: tuple[str, ...]
    kept: int
    windowed: bool
    filtered: bool
    also: tuple[str, ...] = ()


def definition_of(counting: Counting) -> CounterDefinition:
    """Returns a counter as data."""
    counter = counting.counter
    return CounterDefinition(
        counter.event,
        counting.offers,
        counter.placements,
        counting.kept,
        counting.windowed,
        counting.where is not None,
        counter.also,
    )


def retained(key: str, definition: CounterDefinition) -> Counting | None:
    """Returns a counter to go on counting by, without caps.

    None if it can't, having had a filter, or needn't, being kept as the total of an offer.
    """
    if definition.filtered:
        return None
    offers = definition.offers
    numbers = None if offers is None else tuple(range(len(offers)))
    counter = Counter(
        key,
        definition.event,
        CapSubject.TOTAL,
        numbers,
        definition.placements,
        also=definition.also,
    )
    plain = plain_offer(counter, offers)
    if plain is not None and not definition.windowed:
        return None
    return Counting(counter, definition.kept, definition.windowed, None, offers, no_caps, (), plain)
