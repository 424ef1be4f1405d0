"""Counting what profiles get, one at a time, in memory that doesn't grow with their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from offerd.admission import format_instant
from offerd.decision.engine import Answer
from offerd.model.decision import Candidate, Outcome, Proposition, ScopeQuery, Stage
from offerd.simulation.frequent import Reasons
from offerd.simulation.profiles import Subject
from offerd.simulation.question import Question, label
from offerd.simulation.report import (
    Assignments,
    Coverage,
    FrequentReason,
    ProfileAnswers,
    Report,
    ScopeAnswer,
    ScopeReport,
)

_DIAGNOSTICS_KEPT: Final = 200
"""So many different diagnostics are counted; later ones are not."""


_RIVALS_KEPT: Final = 64
"""For an offer never shown so many others that were shown instead are counted, the first met."""


class Tally:
    """Takes the answers for each profile, and reports."""

    def __init__(self, question: Question, first_profiles: int) -> None:
        self._question = question
        self._wanted = first_profiles
        self._scopes = [_ScopeTally(query) for query in question.scopes]
        self._offers: dict[str, _OfferTally] = {}
        self._diagnostics: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._first: list[ProfileAnswers] = []
        self.profiles = 0

    def take(self, subject: Subject, answers: Sequence[Answer]) -> None:
        """Counts what one profile gets; the answers must be explained."""
        self.profiles += 1
        propositions = [p for answer in answers for p in answer.propositions]
        furthest: dict[str, _Place] = {}
        for scope, proposition in zip(self._scopes, propositions, strict=True):
            scope.take(proposition, furthest)
        for name, place in furthest.items():
            _of(self._offers, name).take(place)
        for answer in answers:
            self._failures.update(answer.failures)
            for text in answer.diagnostics:
                if text in self._diagnostics or len(self._diagnostics) < _DIAGNOSTICS_KEPT:
                    self._diagnostics[text] += 1
        if len(self._first) < self._wanted:
            self._first.append(profile_answers(subject, propositions))

    def report(
        self,
        definitions: str,
        revision: str,
        profiles_file: str,
        hidden_labels: Iterable[str],
        every_offer: Iterable[str],
    ) -> Report:
        """Returns all that was counted; `every_offer` are the offers that there are."""
        return Report(
            definitions=definitions,
            revision=revision,
            profiles_file=profiles_file,
            at=format_instant(self._question.now_ns),
            profiles=self.profiles,
            together=any(len(request) > 1 for request in self._question.requests),
            hidden_labels=list(hidden_labels),
            scopes=[scope.report() for scope in self._scopes],
            offers=_reports(self._offers),
            unconsidered=[name for name in every_offer if name not in self._offers],
            diagnostics=dict(self._diagnostics.most_common()),
            ranking_failures=dict(self._failures.most_common()),
            first_profiles=self._first,
        )


_NOBODY: Final[frozenset[str]] = frozenset()


class _Place:
    """How far an offer came with one profile: in one scope, or in the best of several."""

    __slots__ = ("candidate", "first", "rivals", "shown")

    def __init__(self, candidate: Candidate, first: str | None, items: frozenset[str]) -> None:
        self.candidate = candidate
        self.shown = candidate.offer.id in items
        self.first = candidate.offer.id == first
        self.rivals = items if self.eligible and not self.shown else _NOBODY

    @property
    def eligible(self) -> bool:
        """Whether the offer passes every stage up to caps."""
        return self.reached >= Stage.EXCLUSION

    @property
    def reached(self) -> int:
        """The stage at which the offer fell, or more than any if it is chosen."""
        stage = self.candidate.fell_at
        return Stage.RANK + 1 if stage is None else stage

    def join(self, other: _Place) -> None:
        """Takes in how far the same offer came in another scope."""
        self.shown |= other.shown
        self.first |= other.first
        if not other.rivals <= self.rivals:
            self.rivals |= other.rivals
        if other.reached > self.reached:
            self.candidate = other.candidate


class _OfferTally:
    """One offer, in one scope or over all of them; each profile counts once."""

    __slots__ = ("considered", "displaced", "eligible", "fell", "first", "reasons", "shown")

    def __init__(self) -> None:
        self.considered = self.eligible = self.shown = self.first = 0
        self.fell: Counter[Stage] = Counter()
        self.reasons: dict[Stage, Reasons] = {}
        self.displaced: Counter[str] | None = Counter()

    def take(self, place: _Place) -> None:
        """Counts what became of the offer with one profile."""
        self.considered += 1
        self.eligible += place.eligible
        self.shown += place.shown
        self.first += place.first
        if place.shown:
            self.displaced = None  # told of offers never shown only
        elif self.displaced is not None:
            self._displace(place.rivals)
        stage = place.candidate.fell_at
        if stage is not None:
            self.fell[stage] += 1
            reasons = self.reasons.get(stage)
            if reasons is None:
                reasons = self.reasons[stage] = Reasons()
            reasons.add(place.candidate.reason)

    def _displace(self, rivals: frozenset[str]) -> None:
        displaced = self.displaced
        if displaced is None or not rivals:
            return
        displaced.update(displaced.keys() & rivals)
        room = _RIVALS_KEPT - len(displaced)
        if room > 0:
            displaced.update(sorted(rivals - displaced.keys())[:room])

    def report(self, name: str) -> Coverage:
        return Coverage(
            name,
            self.considered,
            self.eligible,
            self.shown,
            self.first,
            {stage.name.lower(): self.fell[stage] for stage in Stage if self.fell[stage]},
            self._reason(),
            _most_first(self.displaced or {}),
        )

    def _reason(self) -> FrequentReason | None:
        if not self.fell:
            return None
        stage = max(self.fell, key=lambda one: (self.fell[one], -one))
        reasons = self.reasons[stage]
        text, count = reasons.most or ("", 0)
        return FrequentReason(stage.name.lower(), self.fell[stage], text, count, reasons.told)


class _ScopeTally:
    """One scope."""

    def __init__(self, query: ScopeQuery) -> None:
        self._query = query
        self._outcomes: Counter[Outcome] = Counter()
        self._offers: dict[str, _OfferTally] = {}
        self._fallbacks: Counter[str] = Counter()
        self._arms: dict[str, Counter[str]] = {}
        self._holdouts: Counter[str] = Counter()
        self._profiles = 0

    def take(self, proposition: Proposition, furthest: dict[str, _Place]) -> None:
        """Counts one answer, and notes in `furthest` how far each offer came."""
        self._profiles += 1
        self._outcomes[proposition.outcome] += 1
        shown = offers_of(proposition)
        first = shown[0] if shown else None
        # One set for all candidates: there may be thousands of either.
        items = frozenset(shown)
        self._fallbacks.update(fallbacks_of(proposition))
        exposure = proposition.exposure
        if exposure is not None:
            arms = self._arms.setdefault(exposure.experiment, Counter())
            if exposure.holdout:
                self._holdouts[exposure.experiment] += 1
            else:
                arms[exposure.arm] += 1
        if proposition.explanation is None:
            raise ValueError("an answer to be counted must be explained")
        for candidate in proposition.explanation.candidates:
            place = _Place(candidate, first, items)
            _of(self._offers, candidate.offer.id).take(place)
            known = furthest.setdefault(candidate.offer.id, place)
            if known is not place:
                known.join(place)

    def report(self) -> ScopeReport:
        query = self._query
        return ScopeReport(
            label(query),
            query.decision,
            query.placement,
            query.item_count,
            {outcome.value: self._outcomes[outcome] for outcome in Outcome},
            _reports(self._offers),
            dict(self._fallbacks.most_common()),
            [
                Assignments(
                    experiment,
                    dict(sorted(arms.items())),
                    self._holdouts[experiment],
                    self._profiles - self._holdouts[experiment] - arms.total(),
                )
                for experiment, arms in self._arms.items()
            ],
        )


def offers_of(proposition: Proposition) -> list[str]:
    """Returns the ids of the offers proposed, without fallbacks."""
    return [item.offer.id for item in proposition.items if item.selection is not None]


def fallbacks_of(proposition: Proposition) -> list[str]:
    """Returns the ids of what is shown for want of offers."""
    return [item.offer.id for item in proposition.items if item.selection is None]


def profile_answers(subject: Subject, propositions: Iterable[Proposition]) -> ProfileAnswers:
    """Returns what one profile got, as a report has it."""
    key = subject.view.subject
    return ProfileAnswers(
        subject.line,
        "" if key is None else key.namespace,
        subject.name,
        [scope_answer(proposition) for proposition in propositions],
    )


def scope_answer(proposition: Proposition) -> ScopeAnswer:
    """Returns one answer, as a report has it."""
    exposure = proposition.exposure
    arm = ""
    if exposure is not None:
        arm = f"{exposure.experiment}: {'holdout' if exposure.holdout else exposure.arm}"
    return ScopeAnswer(
        label(proposition.scope),
        proposition.outcome.value,
        offers_of(proposition),
        fallbacks_of(proposition),
        arm,
    )


def _of(tallies: dict[str, _OfferTally], name: str) -> _OfferTally:
    found = tallies.get(name)
    if found is None:
        found = tallies[name] = _OfferTally()
    return found


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _reports(tallies: dict[str, _OfferTally]) -> list[Coverage]:
    """Those shown to most first."""
    found = [tally.report(name) for name, tally in tallies.items()]
    return sorted(found, key=lambda one: (-one.shown, -one.first, -one.eligible, one.id))
