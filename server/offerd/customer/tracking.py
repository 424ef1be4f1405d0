"""Who enters and leaves audiences, found by looking at customers when it may be so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Final, NamedTuple

from offerd.audience.certainty import BRIEF, THOROUGH, Foresight, Outlook
from offerd.customer.loaded import Found, LoadKind, LoadTarget
from offerd.customer.timeline import CustomerTimeline
from offerd.customer.view import Known
from offerd.events import FoldPlan
from offerd.expression import Environment, Rule
from offerd.model.catalogue import Audience
from offerd.model.identity import Subject
from offerd.model.membership import Certainty, MembershipStatus, TrackedMembership, Transition
from offerd.model.place import LOCATION_EVENT, PLACE_EVENTS
from offerd.model.profile import ProfileKey
from offerd.model.schema import Schema
from offerd.places.record import PlaceQuestions

LEAST_NS: Final = 60 * 1_000_000_000
"""Where nothing is certain for any length of time, somebody is looked at again after so long."""

_EXITED_NS: Final = 30 * 24 * 3_600_000_000_000
"""So long it is remembered that somebody has left."""

_MOST_FLIPS: Final = 1_000
"""So many times in a row somebody enters or leaves an audience before others are looked at."""


def load_cause(target: LoadTarget) -> str:
    """Returns what stands for a load of a target where causes of writes are told."""
    if target.kind is LoadKind.PROFILES:
        return _PROFILES
    return f"{_DATA}{target.kind.value}/{target.id}"


class Tracked(NamedTuple):
    """A subject's memberships by audience, and when to look at which of them again."""

    memberships: Mapping[str, TrackedMembership]
    timers: Mapping[str, int]


NOTHING: Final = Tracked({}, {})


class Looked(NamedTuple):
    """What looking at a subject has shown; transitions by time."""

    tracked: Tracked
    transitions: tuple[Transition, ...]


class AudienceTracking:
    """The audiences of a revision that are tracked, and how to look at a subject.

    Tracked are all but those that read, themselves or by audiences that they ask, the context of
    a request; loaded ones too. `rules` are the rules of the others by id, `places` is what they
    ask of places. `revision` names the definitions: what is tracked of places is another wherever
    these may be.
    """

    def __init__(
        self,
        audiences: Iterable[Audience],
        rules: Mapping[str, Rule],
        schema: Schema,
        environment: Environment,
        plan: FoldPlan,
        *,
        places: PlaceQuestions | None = None,
        revision: str = "",
    ) -> None:
        self.rules = rules
        self._revision = "" if places is None else revision
        self.places = places
        self.plan = plan
        self.foresight = Foresight(rules, environment)
        self._audiences = {audience.id: audience for audience in audiences}
        self.tracked = frozenset(one for one in self._audiences if self._is_tracked(one))
        self.external = self._audiences.keys() - rules.keys()
        self._by_cause = self._causes(schema)
        self.event_types = frozenset(c for c in self._by_cause if not c.startswith(_DATA))
        self.reads_data = bool(self._by_cause.get(_DATA))
        self.fingerprint = self._digest()

    def timeline(self, known: Known, begin_ns: int) -> CustomerTimeline:
        """What the rules read of a customer, from an instant on."""
        return CustomerTimeline(known, self.plan, self.rules, begin_ns, self.places)

    def concerned(self, causes: Collection[str]) -> frozenset[str]:
        """The audiences that writes may concern.

        Causes are types of events, `@` for data, what `load_cause` gives, and `*` for all.
        """
        if _ANYTHING in causes:
            return self.tracked
        several = [self._by_cause.get(cause, frozenset()) for cause in causes]
        if any(cause.startswith(_DATA) and cause != _DATA for cause in causes):
            several.append(self.of_anybody)
        nobody: frozenset[str] = frozenset()
        return nobody.union(*several)

    @property
    def loads(self) -> frozenset[str] | None:
        """The causes of the loads that may concern an audience, None for all loads."""
        if self.of_anybody:
            return None
        return frozenset(c for c in self._by_cause if c.startswith(_DATA) and c != _DATA)

    @cached_property
    def of_anybody(self) -> frozenset[str]:
        """The audiences that take in customers of whom nothing more is known than that they are.

        Whatever a load brings, it may bring such customers.
        """
        subject = Subject(_SOMEBODY, (_SOMEBODY,))
        known = Known(subject, self.plan, (), Found((), frozenset(self.external)))
        timeline = self.timeline(known, 0)
        looks = {
            audience: self.foresight.look(audience, timeline, 0, BRIEF)
            for audience in self.tracked & self.rules.keys()
        }
        return frozenset(
            audience
            for audience, (member, (until_ns, _)) in looks.items()
            if member or until_ns is not None
        )

    def look(
        self, known: Known, before: Tracked, at_ns: int, until_ns: int, concerned: Collection[str]
    ) -> Looked:
        """Looks at some audiences as of an instant, and on from there at all that is due.

        `known` is to be read for the earliest of these instants. What happens by itself up to
        `until_ns` is dated as of when it does.
        """
        subject = known.subject.unit
        if not known.records and not known.found.entries:
            return gone(subject, before, at_ns)
        timelines: dict[int, CustomerTimeline] = {}
        memberships = {a: m for a, m in before.memberships.items() if a in self.tracked}
        timers = {a: due for a, due in before.timers.items() if a in self.tracked}
        transitions: list[Transition] = []
        due = {audience for audience, due_ns in timers.items() if due_ns <= until_ns}
        for audience in due.union(concerned) & self.tracked:
            begin_ns = at_ns if audience in concerned else max(timers[audience], 0)
            membership = memberships.get(audience)
            if membership is not None and begin_ns < membership.since_ns <= until_ns:
                begin_ns = membership.since_ns  # what was before that is told already
            timeline = timelines.get(begin_ns)
            if timeline is None:
                timeline = timelines[begin_ns] = self.timeline(known, begin_ns)
            walk = _Walk(self, subject, audience, membership)
            next_ns = walk.go(timeline, known, begin_ns, until_ns)
            transitions += walk.transitions
            if walk.membership is None:
                memberships.pop(audience, None)
            else:
                memberships[audience] = walk.membership
            if next_ns is None:
                timers.pop(audience, None)
            else:
                timers[audience] = next_ns
        _forget_old(memberships, until_ns)
        transitions.sort(key=lambda one: (one.time_ns, one.audience))
        return Looked(Tracked(memberships, timers), tuple(transitions))

    def outlook(
        self, audience: str, timeline: CustomerTimeline, now_ns: int, effort: int = THOROUGH
    ) -> Outlook:
        """Whether somebody is in an audience, loaded or not, and until when that is certain."""
        if audience not in self.external:
            return self.foresight.look(audience, timeline, now_ns, effort)
        member = timeline.memberships[audience] is True
        reads = self.foresight.reads_of_loaded(audience)
        edge_ns = timeline.next_edge(reads, now_ns)
        while edge_ns is not None and timeline.is_loaded_member(audience, edge_ns) is member:
            edge_ns = timeline.next_edge(reads, edge_ns)
        return Outlook(member, Certainty(edge_ns, exact=True))

    def _is_tracked(self, audience: str) -> bool:
        return audience not in self.rules or not self.foresight.reads(audience).context

    def _causes(self, schema: Schema) -> dict[str, frozenset[str]]:
        types = {one.id: frozenset(one.events) for one in schema.aggregates}
        scores = {one.id for one in schema.scores}
        found: dict[str, set[str]] = {}
        for audience in self.tracked & self.rules.keys():
            reads = self.foresight.reads(audience)
            for name in reads.aggregates:
                for event_type in types.get(name, ()):
                    found.setdefault(event_type, set()).add(audience)
            if reads.places:
                for event_type in _MOVES:
                    found.setdefault(event_type, set()).add(audience)
            if reads.attributes or reads.scores:
                found.setdefault(_DATA, set()).add(audience)
            if reads.attributes:
                found.setdefault(_PROFILES, set()).add(audience)
            targets = [LoadTarget(LoadKind.MEMBERSHIPS, name) for name in reads.audiences]
            for name in reads.scores:
                whole = name if name in scores else name.rpartition(".")[0]
                targets.append(LoadTarget(LoadKind.SCORES, whole))
            for target in targets:
                found.setdefault(load_cause(target), set()).add(audience)
        for audience in self.external:
            loaded = LoadTarget(LoadKind.MEMBERSHIPS, audience)
            found.setdefault(load_cause(loaded), set()).add(audience)
        return {cause: frozenset(audiences) for cause, audiences in found.items()}

    def _digest(self) -> bytes:
        whole = blake2b(self.plan.fingerprint, digest_size=16)
        for audience in sorted(self._audiences):
            rule = self.rules.get(audience)
            source = "" if rule is None else rule.checked.source
            whole.update(f"\0{audience}\0{source}".encode())
            if rule is not None and self.foresight.reads(audience).places:
                whole.update(f"\0{self._revision}".encode())
        return whole.digest()


_MOVES: Final = (LOCATION_EVENT, *PLACE_EVENTS)
"""Events that may say that a customer is somewhere else."""
_DATA: Final = "@"
_PROFILES: Final = "@profiles"
_ANYTHING: Final = "*"
_SOMEBODY: Final = ProfileKey("", "")


class _Walk:
    """One audience of one subject, from an instant to another."""

    def __init__(
        self,
        tracking: AudienceTracking,
        subject: ProfileKey,
        audience: str,
        membership: TrackedMembership | None,
    ) -> None:
        self._tracking = tracking
        self._subject = subject
        self._audience = audience
        self.membership = membership
        self.transitions: list[Transition] = []

    def go(
        self, timeline: CustomerTimeline, known: Known, begin_ns: int, until_ns: int
    ) -> int | None:
        """Goes on until nothing more happens before `until_ns`; returns when something may."""
        at_ns = begin_ns
        for _ in range(_MOST_FLIPS):
            next_ns = self._step(timeline, at_ns)
            if next_ns is None or next_ns > until_ns:
                return next_ns
            at_ns = next_ns
            timeline = self._tracking.timeline(known, at_ns)
        return at_ns

    def _step(self, timeline: CustomerTimeline, at_ns: int) -> int | None:
        audience = self._audience
        look = self._tracking.outlook(audience, timeline, at_ns, BRIEF)
        self._set(at_ns, member=look.member)
        until_ns, exact = look.certainty
        if until_ns is None or exact:
            return until_ns
        return max(until_ns, at_ns + LEAST_NS)

    def _set(self, at_ns: int, *, member: bool) -> None:
        known = self.membership
        if (known is not None and known.status is MembershipStatus.REALIZED) is member:
            return
        status = MembershipStatus.REALIZED if member else MembershipStatus.EXITED
        self.membership = TrackedMembership(status, at_ns)
        self.transitions.append(Transition(self._subject, self._audience, status, at_ns))


def gone(subject: ProfileKey, before: Tracked, at_ns: int) -> Looked:
    """What becomes of a subject that isn't one any more: it leaves whatever it was in."""
    transitions = tuple(
        Transition(subject, audience, MembershipStatus.EXITED, at_ns)
        for audience, membership in sorted(before.memberships.items())
        if membership.status is MembershipStatus.REALIZED
    )
    return Looked(NOTHING, transitions)


def _forget_old(memberships: dict[str, TrackedMembership], now_ns: int) -> None:
    for audience, membership in list(memberships.items()):
        left = membership.status is MembershipStatus.EXITED
        if left and membership.since_ns < now_ns - _EXITED_NS:
            del memberships[audience]
