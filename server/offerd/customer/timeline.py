"""What rules read of a customer, from an instant on if nothing happens."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Final

from offerd.audience.certainty import HORIZON_NS, Reads
from offerd.audience.membership import NO_PLACES, Memberships
from offerd.customer.view import Known
from offerd.events import FoldPlan
from offerd.expression import Rule
from offerd.model.profile import ProfileView
from offerd.places.record import PlaceQuestions

_NO_NAMES: Final[frozenset[str]] = frozenset()
_FIRST_STRETCH_NS: Final = 2 * 86_400_000_000_000
_LONGER: Final = 16
"""How many times as far is looked for changes where there are none."""


class CustomerTimeline:
    """An `audience.certainty.Timeline` of what is known of a customer, from `begin_ns` on.

    `rules` are the audiences' rules by id, `places` is what they ask of places. Nothing is known
    of the context of any request.
    """

    def __init__(
        self,
        known: Known,
        plan: FoldPlan,
        rules: Mapping[str, Rule],
        begin_ns: int,
        places: PlaceQuestions | None = None,
    ) -> None:
        self._known = known
        self._features = plan.features
        self._rules = rules
        self._places = places
        self._begin_ns = begin_ns
        self._view = known.view(begin_ns)
        self._memberships = self._asked(self._view, begin_ns)
        self._first = self._memberships.roots()
        computed = self._features.names
        self._folded = {n: v for n, v in self._view.aggregates.items() if n not in computed}
        self._roots: dict[tuple[bool, frozenset[str], int], tuple[Any, ...]] = {}
        self._names: dict[frozenset[str], frozenset[str]] = {}
        self._edges: dict[frozenset[str], _Edges] = {}
        self._loaded_edges: tuple[int, ...] = tuple(known.loaded(begin_ns).edges_ns)

    @property
    def view(self) -> ProfileView:
        """What is seen at first."""
        return self._view

    @property
    def memberships(self) -> Memberships:
        """The memberships at first."""
        return self._memberships

    def roots(self, reads: Reads, now_ns: int) -> tuple[Any, ...]:
        """What rules read at an instant, not before the first."""
        if now_ns == self._begin_ns:
            return self._first
        wholly = bool(reads.scores or reads.audiences)
        names = _NO_NAMES if wholly else self._computed(reads.aggregates)
        key = (wholly, names, now_ns)
        found = self._roots.get(key)
        if found is None:
            if wholly:
                view = self._known.view(now_ns)
            else:
                view = self._view._replace(aggregates=self._aggregates(names, now_ns))
            found = self._roots[key] = self._asked(view, now_ns).roots()
        return found

    def is_loaded_member(self, audience: str, now_ns: int) -> bool:
        """Whether a load says, at an instant, that the customer is in an audience."""
        return self._known.loaded(now_ns).memberships.get(audience) is True

    def _computed(self, aggregates: frozenset[str]) -> frozenset[str]:
        """Those of some aggregates that may change by themselves."""
        names = self._names.get(aggregates)
        if names is None:
            names = self._names[aggregates] = aggregates & self._features.names
        return names

    def _aggregates(self, names: frozenset[str], now_ns: int) -> dict[str, Any]:
        found = self._folded | self._features.values(self._known.read, now_ns, names)
        return found if names else self._view.aggregates

    def next_edge(self, reads: Reads, after_ns: int) -> int | None:
        """The next instant at which something that is read may be another by itself."""
        found: list[int] = []
        if reads.scores or reads.audiences:
            place = bisect_right(self._loaded_edges, after_ns)
            found += self._loaded_edges[place : place + 1]
        names = self._computed(reads.aggregates)
        if reads.places and self._places is not None:
            edge_ns = self._places.next_edge(reads.places, self._view.whereabouts, after_ns)
            found += [] if edge_ns is None else [edge_ns]
        if names:
            edges = self._edges.get(names)
            if edges is None:
                edges = self._edges[names] = _Edges(self, names)
            found += edges.after(after_ns)
        return min(found, default=None)

    def edges(self, names: frozenset[str], after_ns: int, until_ns: int) -> list[int]:
        """The instants of a stretch at which one of some aggregates may change, ascending."""
        return list(self._features.edges(self._known.read, after_ns, until_ns, names))

    @property
    def begin_ns(self) -> int:
        """The first instant."""
        return self._begin_ns

    def _asked(self, view: ProfileView, now_ns: int) -> Memberships:
        places = self._places
        return Memberships(
            self._rules,
            view.attributes,
            {},
            view.aggregates,
            now_ns,
            view.scores,
            view.memberships,
            places=NO_PLACES if places is None else places.record(view.whereabouts, None, now_ns),
        )


class _Edges:
    """The instants at which some aggregates may change, found stretch by stretch."""

    def __init__(self, timeline: CustomerTimeline, names: frozenset[str]) -> None:
        self._timeline = timeline
        self._names = names
        self._found: list[int] = []
        self._until_ns = timeline.begin_ns
        self._stretch_ns = _FIRST_STRETCH_NS
        self._end_ns = timeline.begin_ns + HORIZON_NS

    def after(self, after_ns: int) -> list[int]:
        """The next one, or none."""
        while True:
            place = bisect_right(self._found, after_ns)
            if place < len(self._found):
                return [self._found[place]]
            if self._until_ns >= self._end_ns:
                return []
            until_ns = min(max(self._until_ns, after_ns) + self._stretch_ns, self._end_ns)
            self._found += self._timeline.edges(self._names, self._until_ns, until_ns)
            self._until_ns = until_ns
            self._stretch_ns *= _LONGER
