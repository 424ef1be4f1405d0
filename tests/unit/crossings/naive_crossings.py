"""The rules of crossings once more: place by place, over all that was ever heard.

Nothing is kept from one piece of news to the next: whatever comes, everything is gone through from
the beginning, and every place is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from offerd.model.place import Circle, Corridor, Fix, LocationSettings
from offerd.places.crossings import Crossing, Region
from offerd.places.index import Places
from offerd.places.sphere import distance_m

News = Fix | Region
NS = 1_000_000_000


class Believed(NamedTuple):
    """A location that counts; the one before it, if that is believed still."""

    place_in_history: int
    fix: Fix
    before: Fix | None


class Stay(NamedTuple):
    """A visit as `Visit` has it."""

    entered_ns: int
    seen_ns: int
    exited_ns: int | None


class PlaceHistory(NamedTuple):
    """What became of one place: the last stay, and all crossings with the news that told them."""

    stay: Stay | None
    crossings: list[tuple[int, Crossing]]


def speed_mps(one: Fix, other: Fix) -> float:
    """The least speed that would have been needed, infinite in no time."""
    way_m = distance_m(one.latitude, one.longitude, other.latitude, other.longitude)
    way_m = max(0.0, way_m - (one.accuracy_m or 0) - (other.accuracy_m or 0))
    took_s = (other.time_ns - one.time_ns) / NS
    return 0.0 if way_m == 0 else way_m / took_s


def believed(history: Sequence[News], settings: LocationSettings) -> list[Believed]:
    """The locations that count, in the order in which they came."""
    found: list[Believed] = []
    suspicious: Fix | None = None
    for number, fix in enumerate(history):
        if isinstance(fix, Region):
            continue
        last = found[-1].fix if found else None
        if (last is not None and fix.time_ns <= last.time_ns) or (
            fix.accuracy_m is not None and fix.accuracy_m > settings.worst_accuracy_m
        ):
            continue
        if last is not None and speed_mps(last, fix) > settings.highest_speed_mps:
            borne_out = (
                suspicious is not None
                and suspicious.time_ns < fix.time_ns
                and speed_mps(suspicious, fix) <= settings.highest_speed_mps
            )
            if not borne_out:
                if suspicious is None or suspicious.time_ns <= fix.time_ns:
                    suspicious = fix
                continue
        suspicious = None
        fresh = last is not None and fix.time_ns - last.time_ns < settings.ttl_ns
        found.append(Believed(number, fix, last if fresh else None))
    return found


def of_all(
    history: Sequence[News], places: Places, settings: LocationSettings
) -> dict[str, PlaceHistory]:
    """What all that was ever heard makes of every place, by id."""
    counted = {one.place_in_history: one for one in believed(history, settings)}
    return {
        places.place(number).id: of_place(number, history, counted, places, settings)
        for number in range(places.count)
    }


def of_place(
    number: int,
    history: Sequence[News],
    counted: Mapping[int, Believed],
    places: Places,
    settings: LocationSettings,
) -> PlaceHistory:
    """What all that was ever heard makes of one place; `counted` are the locations that count."""
    place = places.place(number)
    ttl_ns = settings.ttl_ns if place.ttl_ns is None else place.ttl_ns
    ring_m = settings.approach_m if place.approach_m is None else place.approach_m
    lengths = settings.dwell_ns if place.dwell_ns is None else place.dwell_ns
    crossings: list[tuple[int, Crossing]] = []
    stay: Stay | None = None
    near: list[float] = []  # the distances since the customer came near
    coming = maybe = False
    latest_fix_ns: int | None = None

    def tell(index: int, kind: str, time_ns: int, **more: float) -> None:
        crossings.append((index, Crossing(kind, place.id, time_ns, **more)))

    def stayed(index: int, before: Stay, until_ns: int) -> None:
        for length in lengths:
            if before.seen_ns - before.entered_ns < length <= until_ns - before.entered_ns:
                tell(index, "place_dwell", before.entered_ns + length, dwell_s=length / NS)

    for index, news in enumerate(history):
        heard_ns = None
        if stay is not None:
            heard_ns = stay.seen_ns if stay.exited_ns is None else stay.exited_ns
        if isinstance(news, Region):
            now_ns = news.time_ns
            old = [one for one in (heard_ns, latest_fix_ns) if one is not None and one > now_ns]
            if news.place != place.id or old:
                continue
            inside = stay is not None and stay.exited_ns is None
            if news.type == "place_exit":
                if stay is not None and inside:
                    stayed(index, stay, now_ns)
                    tell(index, news.type, now_ns, dwell_s=(now_ns - stay.entered_ns) / NS)
                    stay = Stay(stay.entered_ns, stay.seen_ns, now_ns)
                    near, coming, maybe = ([0.0] if ring_m > 0 else []), False, False
            elif stay is not None and inside and now_ns - stay.seen_ns < ttl_ns:
                stayed(index, stay, now_ns)
                stay = Stay(stay.entered_ns, now_ns, None)
            else:
                stay = Stay(now_ns, now_ns, None)
                tell(index, "place_entry", now_ns)
                near, coming, maybe = [], False, False
            continue
        if index not in counted:
            continue
        fix, before = counted[index].fix, counted[index].before
        now_ns = latest_fix_ns = fix.time_ns
        if before is None:
            near, coming, maybe = [], False, False
        away_m = places.distance_m(number, fix.latitude, fix.longitude)
        slack_m = max(settings.exit_margin_m, fix.accuracy_m or 0)
        if stay is not None and stay.exited_ns is None and now_ns > stay.seen_ns:
            if now_ns - stay.seen_ns >= ttl_ns:
                stay = None
            elif away_m > 0 and away_m >= slack_m:
                tell(index, "place_exit", now_ns, dwell_s=(now_ns - stay.entered_ns) / NS)
                stay = Stay(stay.entered_ns, stay.seen_ns, now_ns)
            else:
                stayed(index, stay, now_ns)
                stay = Stay(stay.entered_ns, now_ns, None)
        is_old = stay is not None and stay.exited_ns is not None and now_ns <= stay.exited_ns
        can_enter = away_m == 0 and not is_old and (stay is None or stay.exited_ns is not None)
        doubtful = False
        if can_enter:
            if fix.accuracy_m is None or fix.accuracy_m <= size_m(number, places) or maybe:
                stay = Stay(now_ns, now_ns, None)
                tell(index, "place_entry", now_ns)
            else:
                doubtful = True
        if stay is not None and stay.exited_ns is None:
            near, coming, maybe = [], False, False
            continue
        was_near = bool(near)
        if was_near and ring_m > 0 and away_m < ring_m + slack_m:
            near.append(away_m)
        elif was_near or (maybe and ring_m <= 0):
            if coming:
                tell(index, "place_pass_by", now_ns, distance_m=min([*near, away_m]))
            near, coming = [], False
        elif ring_m > 0 and away_m <= ring_m:
            near = [away_m]
            if before is not None:
                coming = places.distance_m(number, before.latitude, before.longitude) > ring_m
            if coming:
                tell(index, "place_approach", now_ns, distance_m=away_m)
        maybe = doubtful
        if stay is not None and stay.exited_ns is not None and now_ns - stay.exited_ns >= ttl_ns:
            stay = None
    return PlaceHistory(stay, crossings)


def size_m(number: int, places: Places) -> float:
    """How inaccurate a location inside of a fence may be to be sure."""
    fence = places.place(number).fence
    if isinstance(fence, Circle):
        return fence.radius_m
    if isinstance(fence, Corridor):
        return fence.width_m / 2
    return places.radius_m(number)
