"""Comparing two revisions: the same question about the same profiles, asked of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from offerd.admission import format_instant
from offerd.bundle import Bundle
from offerd.decision.engine import Answer
from offerd.model.decision import Candidate, Item, Outcome, Proposition, Stage
from offerd.simulation.changes import definition_changes
from offerd.simulation.differences import (
    Because,
    Difference,
    Example,
    Gain,
    ScopeDifference,
    Transition,
)
from offerd.simulation.mistakes import Mistake, Mistakes
from offerd.simulation.portrait import described_content
from offerd.simulation.profiles import ProfileAdmission, Subject
from offerd.simulation.question import Question, ask, label
from offerd.simulation.run import Reading, Source
from offerd.simulation.tally import scope_answer

_PATTERNS: Final = 50
"""Of so many transitions of a scope an example is kept, those met first."""


class Side(NamedTuple):
    """One of the two: definitions, the question for them, and how they read profiles."""

    source: Source
    question: Question
    admission: ProfileAdmission

    def ask(self, subject: Subject, *, explain: bool) -> list[Answer]:
        """Returns the answers for a profile."""
        return ask(self.source.bundle.prepared, self.question, subject, explain=explain)


def compare(
    old: Side,
    new: Side,
    reading: Reading,
    *,
    examples: int = 5,
    hidden_labels: Sequence[str] = (),
) -> Difference:
    """Decides for every profile on both sides and returns what differs.

    The two questions must have the same scopes, in the same order. What only one side declares,
    or declares otherwise, is left out on the other, as a service does with stored profiles.
    Raises ProfilesError for lines that are wrong on both.
    """
    comparing = _Comparing(old, new)
    mistakes = Mistakes(str(reading.path))
    for line in reading.lines(_either(old.admission, new.admission)):
        if line.mistake is not None:
            mistakes.add(line.number, line.mistake)
            continue
        before, wrong_before = old.admission.admit(line.number, line.record)
        after, wrong_after = new.admission.admit(line.number, line.record)
        for mistake in _on_both(wrong_before, wrong_after):
            mistakes.add(line.number, mistake)
        if not mistakes.count:
            comparing.left_out("old", wrong_before)
            comparing.left_out("new", wrong_after)
            comparing.take(before, after)
    mistakes.verify()
    return comparing.difference(reading, examples, hidden_labels)


def _on_both(old: Iterable[Mistake], new: Iterable[Mistake]) -> list[Mistake]:
    paths = {mistake.path for mistake in old}
    return [mistake for mistake in new if mistake.path in paths]


def _either(old: ProfileAdmission, new: ProfileAdmission) -> Any:
    def is_text(column: str) -> bool:
        try:
            return new.is_text(column)
        except LookupError:
            return old.is_text(column)

    return is_text


class _Comparing:
    def __init__(self, old: Side, new: Side) -> None:
        self._old = old
        self._new = new
        contents = _Contents(old.source, new.source)
        self._scopes = [_ScopeComparison(label(q), contents) for q in old.question.scopes]
        self._left_out: dict[str, Counter[str]] = {"old": Counter(), "new": Counter()}
        self._profiles = 0
        self._changed = 0

    def left_out(self, side: str, mistakes: Iterable[Mistake]) -> None:
        self._left_out[side].update(mistake.path for mistake in mistakes)

    def take(self, old: Subject, new: Subject) -> None:
        """Compares the answers for one profile, as each side reads it."""
        self._profiles += 1
        before = _propositions(self._old.ask(old, explain=False))
        after = _propositions(self._new.ask(new, explain=False))
        wanted: list[int] = []
        differs = False
        for place, (scope, one, other) in enumerate(zip(self._scopes, before, after, strict=True)):
            differs |= scope.take(one, other)
            if scope.wants_example(one, other):
                wanted.append(place)
        self._changed += differs
        if wanted:
            explained_before = _propositions(self._old.ask(old, explain=True))
            explained_after = _propositions(self._new.ask(new, explain=True))
            for place in wanted:
                self._scopes[place].add_example(
                    new, explained_before[place], explained_after[place]
                )

    def difference(
        self, reading: Reading, examples: int, hidden_labels: Sequence[str]
    ) -> Difference:
        old, new = self._old.source, self._new.source
        here, there = (list(side.bundle.prepared.named_scopes) for side in (old, new))
        return Difference(
            old=old.name,
            old_revision=old.bundle.revision,
            new=new.name,
            new_revision=new.bundle.revision,
            profiles_file=str(reading.path),
            at=format_instant(self._new.question.now_ns),
            profiles=self._profiles,
            changed=self._changed,
            together=any(len(request) > 1 for request in self._new.question.requests),
            hidden_labels=list(hidden_labels),
            scopes=[scope.difference(examples) for scope in self._scopes],
            only_old=[name for name in here if name not in there],
            only_new=[name for name in there if name not in here],
            left_out={
                side: dict(found.most_common()) for side, found in self._left_out.items() if found
            },
            definitions=definition_changes(old.bundle, new.bundle),
        )


class _Contents:
    """Whether two representations show the same; each pair is compared once."""

    def __init__(self, old: Source, new: Source) -> None:
        self._old = old.bundle
        self._new = new.bundle
        self._same: dict[tuple[int, int], bool] = {}

    def same(self, old: Item, new: Item) -> bool:
        pair = old.representation.content, new.representation.content
        known = self._same.get(pair)
        if known is None:
            one, other = (
                described_content(bundle.content(number), partial(_source_of, bundle))
                for bundle, number in zip((self._old, self._new), pair, strict=True)
            )
            known = self._same[pair] = one == other
        return known


class _ScopeComparison:
    """One scope on both sides."""

    def __init__(self, name: str, contents: _Contents) -> None:
        self._name = name
        self._contents = contents
        self._changed = self._other_content = 0
        self._outcomes: tuple[Counter[Outcome], Counter[Outcome]] = (Counter(), Counter())
        self._transitions: Counter[tuple[str, str]] = Counter()
        self._shown: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._gained: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._examples: dict[tuple[str, str], Example] = {}

    def take(self, old: Proposition, new: Proposition) -> bool:
        """Counts the answers for one profile; returns whether they differ in anything."""
        self._outcomes[0][old.outcome] += 1
        self._outcomes[1][new.outcome] += 1
        before, after = _names(old), _names(new)
        self._shown[0].update(before)
        self._shown[1].update(after)
        if before != after:
            self._changed += 1
            self._gained.update(name for name in after if name not in before)
            self._lost.update(name for name in before if name not in after)
            self._transitions[_first(before), _first(after)] += 1
            return True
        other = any(
            not self._contents.same(one, two) for one, two in zip(old.items, new.items, strict=True)
        )
        self._other_content += other
        return other

    def wants_example(self, old: Proposition, new: Proposition) -> bool:
        """Whether no profile with the same change of the first place is an example yet."""
        before, after = _names(old), _names(new)
        pattern = _first(before), _first(after)
        return before != after and pattern not in self._examples and len(self._examples) < _PATTERNS

    def add_example(self, subject: Subject, old: Proposition, new: Proposition) -> None:
        """Keeps a profile with the answers of both sides, which must be explained."""
        key = subject.view.subject
        pattern = _first(_names(old)), _first(_names(new))
        self._examples[pattern] = Example(
            subject.line,
            "" if key is None else key.namespace,
            subject.name,
            scope_answer(old),
            scope_answer(new),
            [*_because(old, new, "old"), *_because(new, old, "new"), *_moved(old, new)],
        )

    def difference(self, examples: int) -> ScopeDifference:
        old, new = self._shown
        frequent = self._transitions.most_common()
        kept = [self._examples[pair] for pair, _ in frequent if pair in self._examples]
        moved = self._gained.keys() | self._lost.keys()
        gains = [
            Gain(name, old[name], new[name], self._gained[name], self._lost[name]) for name in moved
        ]
        return ScopeDifference(
            self._name,
            self._changed,
            self._other_content,
            _by_name(self._outcomes[0]),
            _by_name(self._outcomes[1]),
            [Transition(*pair, count) for pair, count in frequent],
            sorted(gains, key=lambda one: (one.old - one.new, -one.gained, one.id)),
            kept[:examples],
        )


def _propositions(answers: Iterable[Answer]) -> list[Proposition]:
    return [proposition for answer in answers for proposition in answer.propositions]


def _names(proposition: Proposition) -> list[str]:
    return [
        item.offer.id if item.selection is not None else f"{item.offer.id} (fallback)"
        for item in proposition.items
    ]


def _first(names: Sequence[str]) -> str:
    return names[0] if names else "nothing"


def _by_name(outcomes: Mapping[Outcome, int]) -> dict[str, int]:
    return {outcome.value: outcomes[outcome] for outcome in Outcome if outcomes.get(outcome)}


def _source_of(bundle: Bundle, rule: int | None) -> str | None:
    return None if rule is None else bundle.catalogue.rules[rule].source


def _because(side: Proposition, other: Proposition, name: str) -> Iterator[Because]:
    """Yields why what the other side shows, and this one doesn't, isn't shown on this side."""
    here = {item.offer.id for item in side.items}
    candidates = _candidates(side)
    for item in other.items:
        offer = item.offer.id
        if item.selection is None or offer in here:
            continue
        candidate = candidates.get(offer)
        if candidate is None:
            reason = "it isn't there, or in no collection that the decision looks at"
            yield Because(offer, name, Stage.COLLECTION.name.lower(), reason)
        elif candidate.fell_at is not None:
            yield Because(offer, name, candidate.fell_at.name.lower(), candidate.reason)


def _moved(old: Proposition, new: Proposition) -> Iterator[Because]:
    """Yields what scored otherwise of the offers that both sides show."""
    before, after = _candidates(old), _candidates(new)
    shown = {item.offer.id for item in old.items}
    for item in new.items:
        offer = item.offer.id
        if offer not in shown or offer not in before or offer not in after:
            continue
        one, other = before[offer].score, after[offer].score
        if one != other and one is not None and other is not None:
            yield Because(offer, "new", "", f"scored {one:g}, now {other:g}")


def _candidates(side: Proposition) -> dict[str, Candidate]:
    return {c.offer.id: c for c in side.explanation.candidates} if side.explanation else {}
