"""What of a customer's whereabouts is believed at an instant, and when that ends by itself.

A visit that lasts is believed until `ttl_ns` after the customer was last known to be there, and so
is a position. An entry or exit is recent for as long. Belief that ends is no exit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from offerd.model.place import (
    Fix,
    LocationSettings,
    Place,
    PlaceSelector,
    Visit,
    Whereabouts,
)
from offerd.places.index import Places
from offerd.places.terms import Description, Terms


def ttl_ns(place: Place | Terms, settings: LocationSettings) -> int:
    """Returns how long news of a place are believed."""
    return settings.ttl_ns if place.ttl_ns is None else place.ttl_ns


def news_ns(visit: Visit) -> int:
    """Returns when the latest was heard of a visit: that it lasts, or that it ended."""
    return visit.seen_ns if visit.exited_ns is None else visit.exited_ns


def visits(
    whereabouts: Whereabouts, now_ns: int, places: Places, settings: LocationSettings
) -> tuple[Visit, ...]:
    """Returns the visits that are believed to last at an instant, oldest entry first.

    Those at places that the definitions no longer have are left out.
    """
    return tuple(
        visit
        for visit, place in _placed(whereabouts, places)
        if visit.exited_ns is None
        and visit.entered_ns <= now_ns < visit.seen_ns + ttl_ns(place, settings)
    )


def entries(
    whereabouts: Whereabouts, now_ns: int, places: Places, settings: LocationSettings
) -> tuple[Visit, ...]:
    """Returns the visits, ended or not, whose entry is recent, oldest first."""
    return tuple(
        visit
        for visit, place in _placed(whereabouts, places)
        if visit.entered_ns <= now_ns < visit.entered_ns + ttl_ns(place, settings)
    )


def exits(
    whereabouts: Whereabouts, now_ns: int, places: Places, settings: LocationSettings
) -> tuple[Visit, ...]:
    """Returns the visits whose exit is recent, oldest exit first."""
    found = (
        visit
        for visit, place in _placed(whereabouts, places)
        if visit.exited_ns is not None
        and visit.exited_ns <= now_ns < visit.exited_ns + ttl_ns(place, settings)
    )
    return tuple(sorted(found, key=lambda visit: (visit.exited_ns or 0, visit.place)))


def approached(
    whereabouts: Whereabouts, now_ns: int, settings: LocationSettings
) -> tuple[str, ...]:
    """Returns the ids of the places that are being approached: come nearer to, not yet entered."""
    if fix(whereabouts, now_ns, settings) is None:
        return ()
    return tuple(place for place, (_, near, _) in sorted(whereabouts.pending.items()) if near)


def fix(whereabouts: Whereabouts, now_ns: int, settings: LocationSettings) -> Fix | None:
    """Returns where the customer is believed to be at an instant, None if that isn't known."""
    found = whereabouts.fix
    if found is None or now_ns >= found.time_ns + settings.ttl_ns:
        return None
    return found


def matches(place: Place | Terms | Description, selector: PlaceSelector) -> bool:
    """Whether a place is one of those that are meant."""
    return (
        selector.place in ("", place.id)
        and selector.category in ("", place.category)
        and selector.library in ("", place.library)
    )


def visit_of(
    whereabouts: Whereabouts | None,
    selector: PlaceSelector,
    now_ns: int,
    places: Places,
    settings: LocationSettings,
) -> Visit | None:
    """Returns the longest believed visit to a place that is meant, None if there is none."""
    if whereabouts is None:
        return None
    for visit in visits(whereabouts, now_ns, places, settings):
        number = places.number_of(visit.place)
        if number is not None and matches(places.terms(number), selector):
            return visit
    return None


def edges(whereabouts: Whereabouts, places: Places, settings: LocationSettings) -> tuple[int, ...]:
    """Returns the instants at which something stops being believed by itself, ascending."""
    found: set[int] = set()
    if whereabouts.fix is not None:
        found.add(whereabouts.fix.time_ns + settings.ttl_ns)
    for visit, place in _placed(whereabouts, places):
        lasting_ns = ttl_ns(place, settings)
        found.add(visit.entered_ns + lasting_ns)
        found.add(news_ns(visit) + lasting_ns)
    return tuple(sorted(found))


def together(
    several: Iterable[Whereabouts], lasting_ns: Callable[[str], int] | None = None
) -> Whereabouts | None:
    """Returns the whereabouts of one customer who goes by several identities.

    The latest position counts, and what was being approached then. Of each place the latest news
    say whether the customer is there; if so, since the earliest entry that no exit followed and
    that was believed until others went on with it. `lasting_ns` gives how long news of a place, by
    its id, are believed; absent, for ever. What was doubted is left out, unless there is but one.
    """
    known = list(several)
    if len(known) < 2:
        return known[0] if known else None
    fixes = [(one.fix, one.pending) for one in known if one.fix is not None]
    by_place: dict[str, list[Visit]] = {}
    for one in known:
        for visit in one.visits:
            by_place.setdefault(visit.place, []).append(visit)
    visits = in_order(_merged(found, lasting_ns) for found in by_place.values())
    if not fixes:
        return Whereabouts(None, visits)
    latest, pending = max(fixes, key=lambda found: found[0].time_ns)
    approaching = {place: told for place, told in pending.items() if place not in by_place}
    return Whereabouts(latest, visits, approaching)


def in_order(found: Iterable[Visit]) -> tuple[Visit, ...]:
    """Returns visits as `Whereabouts` has them, oldest entry first."""
    return tuple(sorted(found, key=lambda visit: (visit.entered_ns, visit.place)))


def _merged(found: list[Visit], lasting_ns: Callable[[str], int] | None) -> Visit:
    latest = max(found, key=lambda visit: (news_ns(visit), visit.exited_ns is None))
    if latest.exited_ns is not None:
        return latest
    left_ns = max((v.exited_ns for v in found if v.exited_ns is not None), default=None)
    lasting = (
        visit
        for visit in found
        if visit.exited_ns is None and (left_ns is None or visit.entered_ns >= left_ns)
    )
    entered_ns = latest.entered_ns
    for visit in sorted(lasting, key=news_ns, reverse=True):
        # One that wasn't believed any more by then is another stay, which nobody saw end.
        if lasting_ns is None or entered_ns < visit.seen_ns + lasting_ns(visit.place):
            entered_ns = min(entered_ns, visit.entered_ns)
    return Visit(latest.place, entered_ns, latest.seen_ns)


def _placed(whereabouts: Whereabouts, places: Places) -> Iterator[tuple[Visit, Terms]]:
    for visit in whereabouts.visits:
        number = places.number_of(visit.place)
        if number is not None:
            yield visit, places.terms(number)
