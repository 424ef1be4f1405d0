"""Crossings: how locations and a phone's own region events become entries, exits and more.

`crossed` takes in where a customer was, `told` what a phone says of one place. Both are given what
was known before and return what is known then; docs/places-crossings.md has the rules in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from offerd.model.place import (
    PLACE_EVENTS,
    Fix,
    LocationSettings,
    Visit,
    Whereabouts,
)
from offerd.places.approaches import Approaching, Nearness, approach_m, bounded
from offerd.places.believed import in_order, news_ns, ttl_ns
from offerd.places.index import Places
from offerd.places.plausible import agree, exit_distance_m, is_sure_inside, is_too_fast
from offerd.places.terms import Terms

ENTRY, EXIT, DWELL, APPROACH, PASS_BY = PLACE_EVENTS

MOST_LASTING: Final = 50
"""The most places that a customer can be in at once."""

MOST_ENDED: Final = 20
"""So many visits that ended are remembered, those that ended last."""

LATE: Final = "older than what is known already"
INACCURATE: Final = "not accurate enough"
TOO_FAST: Final = "too far from where the customer was: believed once a second location agrees"
STILL_INSIDE: Final = "the customer was there already"
NOT_INSIDE: Final = "the customer wasn't known to be there"
NO_ROOM: Final = f"the customer is in {MOST_LASTING} places already"
NOTHING_NEW: Final = "no fence was crossed"
UNKNOWN: Final = "there is no such place"

_SECOND_NS: Final = 1_000_000_000


class Crossing(NamedTuple):
    """A crossing: `type` is that of its event (see PLACE_EVENTS), `place` the id of the place.

    `dwell_s` is the length of the stay, of exits and dwells. `distance_m` is to the edge of the
    fence: of approaches at that moment, of pass-bys the least.
    """

    type: str
    place: str
    time_ns: int
    dwell_s: float | None = None
    distance_m: float | None = None


class Region(NamedTuple):
    """What a phone says by itself: that it entered (ENTRY) or left (EXIT) a place, by its id."""

    type: str
    place: str
    time_ns: int


class Crossed(NamedTuple):
    """What came of some news: what is known now, what was crossed, and if nothing was, why not."""

    whereabouts: Whereabouts | None
    crossings: tuple[Crossing, ...] = ()
    why: str = ""


def crossed(
    before: Whereabouts | None, fix: Fix, places: Places, settings: LocationSettings
) -> Crossed:
    """Takes in a location.

    One that is no news, or isn't believed, crosses nothing; crossings are in order of time, and
    of one time exits come first.
    """
    known = before or Whereabouts()
    last = known.fix
    if last is not None and fix.time_ns <= last.time_ns:
        return Crossed(before, (), LATE)
    if fix.accuracy_m is not None and fix.accuracy_m > settings.worst_accuracy_m:
        return Crossed(before, (), INACCURATE)
    if last is not None and is_too_fast(last, fix, settings):
        doubted = known.doubted
        if doubted is None or not agree(doubted, fix, settings):
            newer = fix if doubted is None or doubted.time_ns <= fix.time_ns else doubted
            return Crossed(replace(known, doubted=newer), (), TOO_FAST)
    after, crossings = _Step(known, fix, places, settings).taken()
    return Crossed(after, crossings, "" if crossings else NOTHING_NEW)


def told(
    before: Whereabouts | None, region: Region, places: Places, settings: LocationSettings
) -> Crossed:
    """Takes in that a phone itself has entered or left a place.

    If that is news, the crossing of the same type and place is among those returned. That a stay
    has lasted may be in any case.
    """
    known = before or Whereabouts()
    number = places.number_of(region.place)
    if number is None:
        return Crossed(before, (), UNKNOWN)
    visit = _visit(known, region.place)
    latest_ns = [] if visit is None else [news_ns(visit)]
    if known.fix is not None:
        latest_ns.append(known.fix.time_ns)
    if region.time_ns < max(latest_ns, default=region.time_ns):
        return Crossed(before, (), LATE)
    place = places.terms(number)
    if region.type != EXIT:
        return _come(known, place, region.time_ns, places, settings)
    if visit is None or visit.exited_ns is not None:
        return Crossed(before, (), NOT_INSIDE)
    left = replace(visit, exited_ns=region.time_ns)
    others = [one for one in known.visits if one is not visit]
    visits = _kept([*others, left], region.time_ns, places, settings)
    pending = _without(known, place.id)
    if approach_m(place, settings) > 0:
        # Who comes out isn't coming nearer: the next location finds them near already.
        pending[place.id] = tuple(Nearness(0.0, 0.0, 0.0))
    dwelt = _dwelt(visit, region.time_ns, place, settings)
    after = replace(known, visits=visits, pending=bounded(pending))
    return Crossed(after, (*dwelt, _exit(left)))


def _come(
    known: Whereabouts, place: Terms, time_ns: int, places: Places, settings: LocationSettings
) -> Crossed:
    """A phone has entered a place."""
    visit = _visit(known, place.id)
    others = [one for one in known.visits if one is not visit]
    lasts = visit is not None and visit.exited_ns is None
    if visit is not None and lasts and time_ns < visit.seen_ns + ttl_ns(place, settings):
        dwelt = _dwelt(visit, time_ns, place, settings)
        visits = in_order([*others, replace(visit, seen_ns=time_ns)])
        return Crossed(replace(known, visits=visits), dwelt, STILL_INSIDE)
    if _is_full(others):
        others = _believed(others, time_ns, places, settings)
        if _is_full(others):
            return Crossed(known, (), NO_ROOM)
    entered = Visit(place.id, time_ns, time_ns)
    visits = _kept([*others, entered], time_ns, places, settings)
    after = replace(known, visits=visits, pending=_without(known, place.id))
    return Crossed(after, (Crossing(ENTRY, place.id, time_ns),))


def _is_full(visits: Iterable[Visit]) -> bool:
    return sum(one.exited_ns is None for one in visits) >= MOST_LASTING


def _visit(known: Whereabouts, place_id: str) -> Visit | None:
    return next((one for one in known.visits if one.place == place_id), None)


def _without(known: Whereabouts, place_id: str) -> dict[str, tuple[float, ...]]:
    return {name: told for name, told in known.pending.items() if name != place_id}


class _Step:
    """One location that is believed, on top of what was known."""

    def __init__(
        self, known: Whereabouts, fix: Fix, places: Places, settings: LocationSettings
    ) -> None:
        self._known = known
        self._fix = fix
        self._places = places
        self._settings = settings
        self._ended: dict[str, Visit] = {}
        self._lasting: dict[str, Visit] = {}
        self._crossings: list[Crossing] = []
        self._inside = places.within(fix.latitude, fix.longitude)

    def taken(self) -> tuple[Whereabouts, tuple[Crossing, ...]]:
        """Returns what is known then, and what was crossed."""
        fix, places, settings = self._fix, self._places, self._settings
        last, pending = self._known.fix, self._known.pending
        if last is None or fix.time_ns >= last.time_ns + settings.ttl_ns:
            last, pending = None, {}
        for visit in self._known.visits:
            self._go_on(visit)
        likely = self._enter({one for one, (*_, is_likely) in pending.items() if is_likely})
        near = Approaching(last, fix, places, settings).near(pending, self._lasting, likely)
        for event_type, found in ((APPROACH, near.approached), (PASS_BY, near.passed)):
            self._crossings += [
                Crossing(event_type, place_id, fix.time_ns, distance_m=distance_m)
                for place_id, distance_m in found
            ]
        visits = [*self._ended.values(), *self._lasting.values()]
        kept = _kept(visits, fix.time_ns, places, settings)
        crossings = sorted(self._crossings, key=lambda one: one.time_ns)
        return Whereabouts(fix, kept, near.pending), tuple(crossings)

    def _go_on(self, visit: Visit) -> None:
        """Has a visit last on, end, or be forgotten if nothing was heard of it for too long."""
        number = self._places.number_of(visit.place)
        if number is None:
            return
        time_ns, place = self._fix.time_ns, self._places.terms(number)
        if visit.exited_ns is not None:
            self._ended[visit.place] = visit
        elif time_ns <= visit.seen_ns:
            self._lasting[visit.place] = visit  # a phone has told what is newer
        elif time_ns < visit.seen_ns + ttl_ns(place, self._settings):
            if self._is_out(number):
                left = self._ended[visit.place] = replace(visit, exited_ns=time_ns)
                self._crossings.append(_exit(left))
            else:
                self._crossings += _dwelt(visit, time_ns, place, self._settings)
                self._lasting[visit.place] = replace(visit, seen_ns=time_ns)

    def _is_out(self, number: int) -> bool:
        """Whether the location is far enough outside of a fence to have left it."""
        if number in self._inside:
            return False
        fix = self._fix
        distance_m = self._places.distance_m(number, fix.latitude, fix.longitude)
        return distance_m > 0 and distance_m >= exit_distance_m(fix, self._settings)

    def _enter(self, was_likely: set[str]) -> set[str]:
        """Enters what the location is inside of; returns what it may be inside of by chance.

        By chance no longer, if the one before may have been inside too.
        """
        likely: set[str] = set()
        fix, time_ns = self._fix, self._fix.time_ns
        for number in self._inside:
            place = self._places.terms(number)
            ended = self._ended.get(place.id)
            outdated = ended is not None and time_ns <= news_ns(ended)
            if place.id in self._lasting or outdated:
                continue
            if len(self._lasting) >= MOST_LASTING:
                break
            if place.id in was_likely or is_sure_inside(fix, place):
                self._ended.pop(place.id, None)
                self._lasting[place.id] = Visit(place.id, time_ns, time_ns)
                self._crossings.append(Crossing(ENTRY, place.id, time_ns))
            else:
                likely.add(place.id)
        return likely


def _exit(left: Visit) -> Crossing:
    exited_ns = news_ns(left)
    return Crossing(EXIT, left.place, exited_ns, (exited_ns - left.entered_ns) / _SECOND_NS)


def _dwelt(
    visit: Visit, until_ns: int, place: Terms, settings: LocationSettings
) -> tuple[Crossing, ...]:
    """Returns the lengths of stay that are reached now and weren't when last heard of."""
    lengths_ns = settings.dwell_ns if place.dwell_ns is None else place.dwell_ns
    known_ns, now_ns = visit.seen_ns - visit.entered_ns, until_ns - visit.entered_ns
    return tuple(
        Crossing(DWELL, place.id, visit.entered_ns + length_ns, length_ns / _SECOND_NS)
        for length_ns in sorted(set(lengths_ns))
        if known_ns < length_ns <= now_ns
    )


def _kept(
    visits: Sequence[Visit], now_ns: int, places: Places, settings: LocationSettings
) -> tuple[Visit, ...]:
    """Returns the visits that last, and of those that ended the last recent ones."""
    lasting = [visit for visit in visits if visit.exited_ns is None]
    ended = [visit for visit in visits if visit.exited_ns is not None]
    recent = sorted(_believed(ended, now_ns, places, settings), key=news_ns)
    return in_order([*lasting, *recent[-MOST_ENDED:]])


def _believed(
    visits: Iterable[Visit], now_ns: int, places: Places, settings: LocationSettings
) -> list[Visit]:
    """Returns the visits of which the latest news are recent."""
    return [
        visit
        for visit in visits
        if (number := places.number_of(visit.place)) is not None
        and now_ns < news_ns(visit) + ttl_ns(places.terms(number), settings)
    ]
