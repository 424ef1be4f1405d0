"""What a location, only so accurate, can tell: how fast somebody went, and in or out of a fence."""

from __future__ import annotations

from offerd.model.place import Fix, LocationSettings
from offerd.places.sphere import distance_m
from offerd.places.terms import Terms

_SECOND_NS = 1_000_000_000


def is_too_fast(before: Fix, after: Fix, settings: LocationSettings) -> bool:
    """Whether nobody goes as fast as from one fix to a later one, whatever their errors are."""
    way_m = distance_m(before.latitude, before.longitude, after.latitude, after.longitude)
    way_m -= (before.accuracy_m or 0.0) + (after.accuracy_m or 0.0)
    return way_m > settings.highest_speed_mps * (after.time_ns - before.time_ns) / _SECOND_NS


def agree(doubted: Fix, after: Fix, settings: LocationSettings) -> bool:
    """Whether a fix bears out an earlier one that wasn't believed."""
    return doubted.time_ns < after.time_ns and not is_too_fast(doubted, after, settings)


def exit_distance_m(fix: Fix, settings: LocationSettings) -> float:
    """Returns how far outside of a fence a fix has to be for somebody to have left."""
    return max(settings.exit_margin_m, fix.accuracy_m or 0.0)


def is_sure_inside(fix: Fix, terms: Terms) -> bool:
    """Whether a fix inside of a fence isn't there by chance: its error no larger than the fence."""
    return fix.accuracy_m is None or fix.accuracy_m <= terms.size_m
