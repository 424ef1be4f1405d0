"""Until when a membership is certain if nothing happens."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from offerd.audience.changing import TRUE, Changing, outcomes_of
from offerd.audience.lines import Window
from offerd.audience.membership import LOOKUP
from offerd.audience.overtime import NOW, Answers, OverTime, grows
from offerd.audience.place_questions import ROOT as PLACES
from offerd.expression import Environment, Rule
from offerd.expression.functions.arithmetic import TIMESTAMP_MAXIMUM
from offerd.expression.plan.meter import Exhausted
from offerd.model.membership import Certainty

HORIZON_NS: Final = 100 * 365 * 86_400 * 1_000_000_000
"""So far ahead changes are looked for: what comes later counts as never."""

_LAST_NS: Final = TIMESTAMP_MAXIMUM - 7 * 86_400 * 1_000_000_000
"""Times after it may have no next day to look at."""

THOROUGH: Final = 2_000
"""Effort for an answer to a person: about the steps that are looked at one after another."""

BRIEF: Final = 16
"""Effort for keeping track of many profiles, which may look again later."""


class Reads(NamedTuple):
    """What a rule reads that may change with time alone, with the audiences that it asks."""

    aggregates: frozenset[str]
    scores: frozenset[str]
    audiences: frozenset[str]
    """Those without a rule: their members are loaded."""
    attributes: frozenset[str]
    context: frozenset[str]
    places: frozenset[str] = frozenset()


class Timeline(Protocol):
    """What rules read of one customer, as it is from a moment on if nothing happens."""

    def roots(self, reads: Reads, now_ns: int) -> tuple[Any, ...]:
        """What a rule is evaluated with at an instant, in the order of its environment.

        At the first instant that is asked for it is all, later only what `reads` names is as of
        then.
        """

    def next_edge(self, reads: Reads, after_ns: int) -> int | None:
        """The first instant after `after_ns` at which something of it may have changed.

        Until then only `now` is another. None: nothing changes any more.
        """


_FOR_GOOD: Final = Certainty(None, exact=True)


class Outlook(NamedTuple):
    """Whether somebody is a member, and until when that is certain."""

    member: bool
    certainty: Certainty


class Foresight:
    """The rules of a catalogue's audiences, as they are asked for the time to come.

    `rules` are the audiences' rules by id, `environment` what they were planned for. Audiences
    that are asked and have no rule are loaded ones.
    """

    def __init__(self, rules: Mapping[str, Rule], environment: Environment) -> None:
        self._rules = rules
        self._environment = environment
        self._place_of_now = environment.roots.index(NOW)
        self._place_of_places = environment.roots.index(PLACES)
        self._below: dict[str, tuple[str, ...]] = {}
        self._reads: dict[str, Reads] = {}
        self._forms: dict[str, OverTime] = {}
        self._moving = frozenset(one for one in rules if self._asks_for_now(one))
        self._asking = frozenset(
            one for one in rules if not self._moving.isdisjoint(self.below(one))
        )
        """Those that ask others which depend on the moment."""

    def below(self, audience: str) -> tuple[str, ...]:
        """The audiences with a rule that one asks, and those ask, each after all that it asks."""
        found = self._below.get(audience)
        if found is None:
            ordered: dict[str, None] = {}
            pending = list(reversed(self._asked(audience)))
            open_: set[str] = set()
            while pending:
                one = pending[-1]
                more = [] if one in open_ else [o for o in self._asked(one) if o not in ordered]
                open_.add(one)
                if more:
                    pending.extend(more)
                    continue
                ordered[pending.pop()] = None
            found = self._below[audience] = tuple(ordered)
        return found

    def _asked(self, audience: str) -> list[str]:
        names = self._rules[audience].checked.references.lookups.get(LOOKUP, ())
        return [name for name in names if name in self._rules]

    def _asks_for_now(self, audience: str) -> bool:
        whole = (audience, *self.below(audience))
        references = [self._rules[one].checked.references for one in whole]
        return any(
            NOW in one.variables or any(map(grows, one.attributes.get(PLACES, ())))
            for one in references
        )

    def reads(self, audience: str) -> Reads:
        """What an audience reads, and those that it asks."""
        found = self._reads.get(audience)
        if found is None:
            whole = (audience, *self.below(audience))
            references = [self._rules[one].checked.references for one in whole]
            found = self._reads[audience] = Reads(
                _gathered(one.attributes.get("aggregate", ()) for one in references),
                _gathered(one.lookups.get("score", ()) for one in references),
                _gathered(one.lookups.get(LOOKUP, ()) for one in references) - self._rules.keys(),
                _gathered(one.attributes.get("profile", ()) for one in references),
                _gathered(one.attributes.get("context", ()) for one in references),
                _gathered(one.attributes.get(PLACES, ()) for one in references),
            )
        return found

    def reads_of_loaded(self, audience: str) -> Reads:
        """What an audience without a rule is read from."""
        nothing: frozenset[str] = frozenset()
        return Reads(nothing, nothing, frozenset((audience,)), nothing, nothing)

    def asks_for_now(self, audience: str) -> bool:
        """Whether an audience, or one that it asks, reads `now` or how long a stay has been."""
        return audience in self._moving

    def certainty(
        self, audience: str, timeline: Timeline, now_ns: int, effort: int = THOROUGH
    ) -> Certainty:
        """Until when somebody's membership of an audience is as it is now: see `look`."""
        return self.look(audience, timeline, now_ns, effort).certainty

    def look(
        self, audience: str, timeline: Timeline, now_ns: int, effort: int = THOROUGH
    ) -> Outlook:
        """Whether somebody is in an audience, and until when that is certain.

        `effort` bounds the work: about so many moments are looked at before giving up with what
        is certain up to there.
        """
        reads = self.reads(audience)
        horizon_ns = min(now_ns + HORIZON_NS, _LAST_NS)
        if audience not in self._moving:
            return self._look_at_edges(audience, timeline, now_ns, horizon_ns, effort)
        first_ns, member = now_ns, None
        is_member = False
        while first_ns <= horizon_ns:
            edge_ns = timeline.next_edge(reads, first_ns)
            last_ns = horizon_ns if edge_ns is None else min(edge_ns - 1, horizon_ns)
            roots = timeline.roots(reads, first_ns)
            span = _Span(roots, first_ns, last_ns, effort)
            found = self._search(audience, span, member)
            if member is None:
                is_member = found.at_first
            if found.until_ns is not None:
                return Outlook(is_member, Certainty(found.until_ns, found.exact))
            if edge_ns is None:
                break
            member, effort, first_ns = found.member, found.effort - 1, edge_ns
            if effort < 0 and first_ns <= horizon_ns:
                return Outlook(is_member, Certainty(first_ns, exact=False))
        return Outlook(is_member, Certainty(None, exact=True))

    def _look_at_edges(
        self, audience: str, timeline: Timeline, now_ns: int, horizon_ns: int, effort: int
    ) -> Outlook:
        """As `look`, of an audience that only changes where its data does."""
        evaluate, reads = self._rules[audience].evaluate, self.reads(audience)
        member = evaluate(*timeline.roots(reads, now_ns)) is True
        edge_ns = timeline.next_edge(reads, now_ns)
        while edge_ns is not None and edge_ns <= horizon_ns:
            if effort < 0:
                return Outlook(member, Certainty(edge_ns, exact=False))
            if (evaluate(*timeline.roots(reads, edge_ns)) is True) is not member:
                return Outlook(member, Certainty(edge_ns, exact=True))
            effort -= 1
            edge_ns = timeline.next_edge(reads, edge_ns)
        return Outlook(member, _FOR_GOOD)

    def _search(self, audience: str, span: _Span, member: bool | None) -> _Found:
        """Looks for a change in a span over which only `now` goes on."""
        roots, at_ns, last_ns, effort = span
        first: bool | None = None
        while True:
            value, end_ns = self._over(audience, roots, at_ns, last_ns)
            now = (value.first if isinstance(value, Changing) else value) is True
            first = now if first is None else first
            member = now if member is None else member
            if now is not member:
                return _Found(at_ns, True, now, effort, at_first=first)
            at_ns = _certain_until(value, end_ns, member=member)
            if at_ns > last_ns:
                return _Found(None, True, member, effort, at_first=first)
            if self._turned(audience, roots, at_ns, member=member):
                return _Found(at_ns, True, not member, effort, at_first=first)
            effort -= 1
            if effort < 0:
                return _Found(at_ns, False, member, effort, at_first=first)

    def _turned(self, audience: str, roots: tuple[Any, ...], at_ns: int, *, member: bool) -> bool:
        """Whether somebody is no longer what they were; False if that can't be told quickly."""
        if audience in self._asking:
            return False
        outcome = self._rules[audience].evaluate(*self._as_of(roots, at_ns))
        return (outcome is True) is not member

    def _as_of(self, roots: tuple[Any, ...], at_ns: int) -> tuple[Any, ...]:
        """What rules read at another instant of the same span."""
        moved = list(roots)
        moved[self._place_of_now] = at_ns
        places = moved[self._place_of_places]
        if isinstance(places, Answers):
            moved[self._place_of_places] = places.at(at_ns)
        return tuple(moved)

    def _over(
        self, audience: str, roots: tuple[Any, ...], first_ns: int, last_ns: int
    ) -> tuple[Any, int]:
        """The truth over a window, and the first moment after that for which it was told."""
        window = Window(first_ns, last_ns)
        roots = self._as_of(roots, first_ns)
        try:
            for one in self.below(audience):
                if one in self._moving:
                    window.memberships[one] = self._form(one).over(roots, window)
            value = self._form(audience).over(roots, window)
        except (Exhausted, MemoryError):
            return self._rules[audience].evaluate(*roots), first_ns + 1
        return value, window.last_ns + 1

    def _form(self, audience: str) -> OverTime:
        form = self._forms.get(audience)
        if form is None:
            checked = self._rules[audience].checked
            form = self._forms[audience] = OverTime(checked, self._environment, self._moving)
        return form


class _Span(NamedTuple):
    roots: tuple[Any, ...]
    first_ns: int
    last_ns: int
    effort: int


class _Found(NamedTuple):
    until_ns: int | None
    exact: bool
    member: bool
    effort: int
    at_first: bool


def _certain_until(value: Any, end_ns: int, *, member: bool) -> int:
    """The first moment at which somebody may no longer be what they are."""
    outcomes = outcomes_of(value)
    if outcomes == TRUE if member else not outcomes & TRUE:
        return end_ns
    return min(value.until, end_ns) if isinstance(value, Changing) else end_ns


def _gathered(names: Iterable[Collection[str]]) -> frozenset[str]:
    return frozenset(name for some in names for name in some)
