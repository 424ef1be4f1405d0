"""Sequences of events: their steps looked up, and what could never happen refused."""

from __future__ import annotations

from typing import NamedTuple

from offerd.definitions.documents import AggregateDocument, StepDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.resolving.event_rules import EventRules, labels_of
from offerd.definitions.resolving.windows import STEPPED, span_ns
from offerd.model.schema import Sequence, SequenceStep


class ResolvedSequence(NamedTuple):
    """A sequence, and the data usage labels of what its rules read."""

    sequence: Sequence
    labels: frozenset[str]


class _Step(NamedTuple):
    """A step; whether it says what happens or what doesn't, and of event types that there are."""

    step: SequenceStep
    labels: frozenset[str]
    is_one: bool
    is_known: bool


class SequenceResolver:
    """Resolves sequences; what is wrong with one is reported, and there is none."""

    def __init__(self, rules: EventRules, findings: Findings) -> None:
        self._rules = rules
        self._findings = findings

    def resolve(self, entry: Entry[AggregateDocument]) -> ResolvedSequence | None:
        """The sequence of an aggregate that has one."""
        found = self._findings.count
        resolved = [
            self._step(entry, ("sequence", index), step)
            for index, step in enumerate(entry.document.sequence or ())
        ]
        steps = tuple(one.step for one in resolved)
        within_ns = self._span(entry.document.sequence_within, entry, ("sequence_within",))
        gap_ns = self._span(entry.document.session_gap, entry, ("session_gap",))
        if all(one.is_one for one in resolved):
            _Order(entry, steps, within_ns, self._findings).check()
        if self._findings.count > found or not all(one.is_known for one in resolved):
            return None
        labels = frozenset().union(*(one.labels for one in resolved))
        return ResolvedSequence(Sequence(steps, within_ns, gap_ns), labels)

    def _step(
        self,
        entry: Entry[AggregateDocument],
        path: Path,
        document: StepDocument,
    ) -> _Step:
        negated = document.not_events is not None
        is_one = (document.events is None) is negated
        if not is_one and not self._findings.is_doubtful(entry.document.id):
            problem = "found both" if negated else "it has neither"
            message = f"a step of a sequence has `events` or `not`: {problem}"
            self._findings.mistake(entry.place(*path), message)
        names = document.not_events or document.events or ()
        events = self._rules.known(names, entry, (*path, "not" if negated else "events"))
        source = document.where if names else None
        where = self._rules.where(source, entry, (*path, "where"), events or ())
        step = SequenceStep(
            tuple(names),
            self._rules.number(where),
            negated,
            self._span(document.after, entry, (*path, "after")),
            self._span(document.within, entry, (*path, "within")),
        )
        labels = frozenset(labels_of(events or (), (), where))
        return _Step(step, labels, is_one=is_one, is_known=events is not None)

    def _span(self, text: str | None, entry: Entry[AggregateDocument], path: Path) -> int | None:
        return span_ns(text, entry, path, self._findings, allowed=STEPPED)


class _Order:
    """Whether steps can follow one another as they are written."""

    def __init__(
        self,
        entry: Entry[AggregateDocument],
        steps: tuple[SequenceStep, ...],
        within_ns: int | None,
        findings: Findings,
    ) -> None:
        self._entry = entry
        self._steps = steps
        self._within_ns = within_ns
        self._findings = findings

    def check(self) -> None:
        happening = [n for n, step in enumerate(self._steps) if not step.negated]
        if not happening:
            message = "a sequence needs a step with `events`: something that happens"
            self._mistake(message)
            return
        for number, step in enumerate(self._steps):
            if step.negated:
                is_first, is_last = number < happening[0], number > happening[-1]
                self._check_negated(number, is_first=is_first, is_last=is_last)
            else:
                self._check_happening(number, is_first=number == happening[0])
        least_ns = sum(self._steps[n].after_ns or 0 for n in happening)
        if self._within_ns is not None and least_ns > self._within_ns:
            message = "`sequence_within` is less than what the steps wait `after` each other"
            self._findings.mistake(self._entry.place("sequence_within"), message)

    def _check_negated(self, number: int, *, is_first: bool, is_last: bool) -> None:
        step = self._steps[number]
        outside = is_first or is_last
        if step.after_ns is not None:
            message = "`after` is for a step that happens: this one is `not`"
            self._mistake(message, number, "after")
        if outside and step.within_ns is None:
            message = "a step with `not` that is {} needs `within`: how long nothing happens"
            self._mistake(message.format("last" if is_last else "first"), number)
        elif not outside and step.within_ns is not None:
            message = "`within` can't be here: nothing happens until the next step, however long"
            self._mistake(message, number, "within")

    def _check_happening(self, number: int, *, is_first: bool) -> None:
        step = self._steps[number]
        for name, span_ns_ in (("after", step.after_ns), ("within", step.within_ns)):
            if is_first and span_ns_ is not None:
                message = f"`{name}` is the time since the step before: nothing happens before"
                self._mistake(message, number, name)
        if step.within_ns is not None and (step.after_ns or 0) > step.within_ns:
            message = "`after` is more than `within`: the step could never be reached"
            self._mistake(message, number, "after")

    def _mistake(self, message: str, number: int | None = None, *key: str) -> None:
        if number is None:
            place = self._entry.key_place("sequence")
        else:
            path: Path = ("sequence", number, *key)
            place = self._entry.key_place(*path) if key else self._entry.place(*path)
        self._findings.mistake(place, message)
