"""Which counters an event adds to, and how many of their times caps need.

A cap asks whether at least `limit` events of a counter lie between some instant and now. Of all
their times the newest ones answer that, as many as the largest limit of the counter's caps; how
wide the caps' windows are doesn't matter. That holds for every now at or after the newest event.
An event that is dated later than it came (senders' clocks differ) counts as of when it came.
Only if the service's own clock was set back do times lie in the future; they don't count yet but
would crowd out those that do: CAP_SLACK more times are kept, so that the answer also holds while
up to that many do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Any, Final, NamedTuple, Protocol

from offerd.model.capping import DECISION_EVENT, Cap, CapSubject, Counter
from offerd.model.contact import CONTACT_EVENT
from offerd.model.event import Event

CAP_SLACK: Final = 16

TOLD_CAPS: Final = 100
"""The most caps of a counter of which an event about none of their offers tells what it changed:
those with the lowest limits."""

REPEATED: Final = "repeated"
"""The property of a `decision` event that tells, by being true, that the same decision of the
same request proposed the offer elsewhere too: only counters of single placements count it."""


EXEMPT: Final = "exempt"
"""The property of a `contact` event that tells, by being true, that no cap counts it."""

REMEMBERED: Final = 20_000
"""Of so many kinds of events it is remembered at most what they add to."""

Likeness = tuple[str | None, ...]
"""What events have in common that add to the same counters."""


class EventFilter(Protocol):
    """A planned rule over `event`; anything but True keeps an event out."""

    def evaluate(self, *roots: Any) -> Any:
        """Returns what the rule says of an event's properties."""


CapsOf = Callable[[str], Sequence[Cap] | None]
"""Id of an offer → its caps, None if it has none."""


class Counting(NamedTuple):
    """A counter as events meet it.

    `kept` is how many of the newest times are needed, `windowed` whether any cap asks for
    less than all there ever were. `caps` gives those that count by it, by the offer that they
    keep out, and `shared` some of them (see TOLD_CAPS) once each, with one of those offers.
    `offers` are the ids of those that an event must be about; None counts events about none too.
    `plain` is an offer's id if every event of the type about that offer counts, of all profiles.
    """

    counter: Counter
    kept: int
    windowed: bool
    where: EventFilter | None
    offers: tuple[str, ...] | None
    caps: CapsOf
    shared: tuple[tuple[str, Cap], ...]
    plain: str | None

    def counts(self, event: Event) -> bool:
        """Whether an event of the counter's type about one of its offers counts."""
        placements = self.counter.placements
        if event.placement not in placements if placements else is_repeated(event):
            return False
        if event.type == CONTACT_EVENT and event.properties.get(EXEMPT) is True:
            return False
        return self.where is None or self.where.evaluate(event.properties) is True

    def caps_about(self, event: Event) -> Iterator[tuple[str, Cap]]:
        """Yields the caps that an event counts for, each with an offer that it keeps out.

        Those of the event's offer or, if it has none, the `shared` ones.
        """
        own = self.caps(event.offer or "")
        if own is None:
            yield from self.shared
        else:
            yield from ((event.offer or "", cap) for cap in own)


def without_caps(counting: Counting) -> Counting:
    """Returns a counter that goes on counting, of which nobody asks for a cap.

    It keeps nothing of the catalogue that it is from.
    """
    return counting._replace(caps=no_caps, shared=())


def no_caps(_offer: str) -> None:
    """As CapsOf, of no cap."""


def is_repeated(event: Event) -> bool:
    """Whether an event is a proposition that the request had made elsewhere too."""
    return event.type == DECISION_EVENT and event.properties.get(REPEATED) is True


def likeness(event: Event) -> Likeness | None:
    """Returns the same for events that add to the same counters; None if that isn't told.

    It is told of events without properties but those that the service itself gives: propositions,
    most displays and clicks.
    """
    properties = event.properties
    if not properties:
        return (event.type, event.offer, event.placement)
    marked = properties.get(REPEATED) is True or properties.get(EXEMPT) is True
    if not marked or len(properties) > 1:
        return None
    return (event.type, event.offer, event.placement, *properties)


class CountingsByEvent:
    """Counters, found by the events that they count."""

    def __init__(self) -> None:
        self._about: dict[tuple[str, str], list[Counting]] = {}
        self._any: dict[str, list[Counting]] = {}
        self._remembered: dict[Likeness, Sequence[Counting]] = {}

    def add(self, counting: Counting) -> None:
        """Makes a counter findable."""
        self._remembered.clear()
        for event in counting.counter.events:
            if counting.offers is None:
                self._any.setdefault(event, []).append(counting)
            for offer in counting.offers or ():
                self._about.setdefault((event, offer), []).append(counting)

    def of(self, event: Event) -> Sequence[Counting]:
        """Returns the counters that an event adds to."""
        like = likeness(event)
        if like is None:
            return self._found(event)
        known = self._remembered.get(like)
        if known is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            known = self._remembered[like] = self._found(event)
        return known

    def _found(self, event: Event) -> Sequence[Counting]:
        found: Sequence[Counting] = self._any.get(event.type, ())
        if event.offer is not None:
            about = self._about.get((event.type, event.offer))
            if about is not None:
                found = [*found, *about]
        return [one for one in found if one.counts(event)] if found else ()


def plain_offer(counter: Counter, offers: Sequence[str] | None) -> str | None:
    """Returns `Counting.plain` of a counter of events about `offers`."""
    if counter.subject is not CapSubject.TOTAL or offers is None or len(offers) != 1:
        return None
    narrowed = counter.placements or counter.also or counter.where is not None
    return None if narrowed else offers[0]


def shared_caps(offers: Mapping[Cap, str]) -> tuple[tuple[str, Cap], ...]:
    """Returns `Counting.shared` of the caps of a counter, each with the first of its offers."""
    lowest = nsmallest(TOLD_CAPS, offers, key=lambda cap: cap.limit)
    return tuple((offers[cap], cap) for cap in lowest)
