"""Requests to decide that needn't wait for anything, which most are: from bytes to bytes.

`Decisions` is the reference, and what to ask where this gives no answer: where something is stored
or waited for, where much would have to be read, where anything is unusual, and where a request is
wrong, which it tells. Nothing is changed before it is known that there is an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from offerd.bundle import Bundle
from offerd.customer.precision import coarse_whereabouts
from offerd.customer.view import NOBODY
from offerd.decision.capping import Counts
from offerd.decision.engine import Answer, decide
from offerd.events import FoldPlan
from offerd.model.identity import Identity, Subject, profile_key
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Normalization
from offerd.service.asked import Asked
from offerd.service.consents import NOTHING, Consents
from offerd.service.failures import RankingFailures
from offerd.service.journalling import Journalling
from offerd.service.naming import Names
from offerd.service.reading import attributes_read
from offerd.service.rendering import Customer
from offerd.service.serialized import AnsweredAtOnce, Serialized
from offerd.service.subjects import MemberCounts, subject_in
from offerd.service.tokens import Tokens
from offerd.service.translate.heads import Head, Heads, Named, parts
from offerd.service.translate.overrides import NO_OVERRIDES
from offerd.service.translate.serial import SerialAnswers
from offerd.store import State

REQUEST_ID_BYTES: Final = 8
"""Random bytes in the name of a request whose caller gave it none."""
MOST_BYTES: Final = 1 << 20
"""Of several requests no more are answered together once their answers have so many."""


class Question(NamedTuple):
    """A request that may be answered at once; `request_id` is "" if the caller gave none."""

    request_id: str
    subject: Subject | None
    head: Head


class Made(NamedTuple):
    """What was decided, from what, and with which counts."""

    asked: Asked
    view: ProfileView
    counts: Counts
    answer: Answer


class AtOnce:
    """Answers by one bundle and the state. `now` is the clock, in nanoseconds.

    `failures` counts the offers whose ranking failed, `names` makes names, `names_read` are the
    aggregates that decisions read, None if any.
    """

    def __init__(
        self,
        bundle: Bundle,
        state: State,
        fold: FoldPlan,
        now: Callable[[], int],
        *,
        heads: Heads,
        consents: Consents,
        journalling: Journalling,
        answers: SerialAnswers,
        tokens: Tokens,
        names: Names,
        failures: RankingFailures,
        names_read: frozenset[str] | None,
    ) -> None:
        self._prepared = bundle.prepared
        self._state = state
        self._fold = fold
        self._now = now
        self._heads = heads
        self._consents = consents
        self._journalling = journalling
        self._answers = answers
        self._tokens = tokens
        self._names = names
        self._failures = failures
        self._names_read = names_read
        self._namespaces = {one.id: one for one in bundle.catalogue.schema.namespaces}
        self._devices = {
            one.id: one for one in self._namespaces.values() if not one.type.names_person
        }
        self._names_as_given = {
            one.id for one in self._devices.values() if one.normalize is Normalization.NONE
        }
        # Where there are no caps nobody asks what is counted.
        self._no_counts = MemberCounts(state.tallies, None)
        self._counts = bool(bundle.catalogue.counters) or journalling.is_on
        # The journal has all that was known, for other definitions to decide from.
        paths_read = None if journalling.is_on else attributes_read(bundle.prepared)
        self._views = state.views.single(fold, names_read, paths_read)
        self.must_wait = bundle.prepared.counts_decisions or journalling.is_waited_for
        """Whether hardly anything can be answered at once."""

    def read(self, data: bytes) -> Question | None:
        """Reads a DecideRequest; None if anything of it is unusual or wrong."""
        asked = parts(data)
        if asked is None:
            return None
        head = self._heads.of(asked.head)
        if head is None:
            return None
        who = asked.identities
        if len(who) == 1 and (namespace := self._devices.get(who[0].namespace)) is not None:
            # Tuples as `Question(...)` makes them, which takes twice as long; so below.
            if namespace.id in self._names_as_given:
                key = tuple.__new__(ProfileKey, (namespace.id, who[0].id))
            else:
                key = profile_key(namespace, who[0].id)
            subject = tuple.__new__(Subject, (key, (key,)))
            return tuple.__new__(Question, (asked.request_id, subject, head))
        if any(one.namespace not in self._namespaces for one in who):
            return None
        return Question(asked.request_id, self._subject(who), head)

    def answer(self, question: Question) -> AnsweredAtOnce | None:
        """Decides; None if that can't be done at once."""
        made = self.made(question)
        if made is None or made.answer.demands:
            return None
        stem = self._names.stem(made.asked.now_ns)
        response = self.response(made, stem)
        if self._journalling.is_on:
            self._journalling.hand_over(made.asked, stem, made.view, made.answer, made.counts)
        return tuple.__new__(AnsweredAtOnce, (response, question.request_id))

    def answer_some(
        self, questions: Sequence[Question | None], until_s: float
    ) -> list[AnsweredAtOnce | None]:
        """Answers the first of some questions as `answer` does, as of one instant; None for None.

        As many as are decided before `until_s`, by the clock of `time.perf_counter`, and one at
        least. Step by step for all of them: what the processor has just done it does again in
        two thirds of the time. If one of them fails nothing is journalled: ask for it alone.
        """
        made = self.made_some(questions, until_s)
        answers: list[AnsweredAtOnce | None] = []
        stems, size_bytes = [], 0
        for question, one in zip(questions, made, strict=False):
            stems.append("")
            if question is None or one is None or one.answer.demands:
                answers.append(None)
                continue
            stem = stems[-1] = self._names.stem(one.asked.now_ns)
            response = self.response(one, stem)
            answers.append(tuple.__new__(AnsweredAtOnce, (response, question.request_id)))
            size_bytes += len(response.data)
            if size_bytes >= MOST_BYTES:
                break
        if self._journalling.is_on:
            self._hand_over(made, stems)
        return answers

    def _hand_over(self, made: Sequence[Made | None], stems: Sequence[str]) -> None:
        """Has those that have a name journalled, or none of them if one fails."""
        drafts = [
            self._journalling.draft(one.asked, stem, one.view, one.answer, one.counts)
            for one, stem in zip(made, stems, strict=False)
            if one is not None and stem
        ]
        for draft in drafts:
            self._journalling.write(draft)

    def made_some(self, questions: Sequence[Question | None], until_s: float) -> list[Made | None]:
        """Decides as `made` the first of some questions; as many as `answer_some` would."""
        now_ns = self._now()
        views = self._single_views(questions, now_ns, until_s)
        made = []
        for question, view in zip(questions, views, strict=False):
            made.append(None if question is None else self._decided(question, now_ns, view))
            if time.perf_counter() >= until_s:
                break
        return made

    def made(self, question: Question) -> Made | None:
        """Decides, and does nothing about it; None if that can't be done at once."""
        now_ns = self._now()
        return self._decided(question, now_ns, self._single_view(question.subject, now_ns))

    def _decided(self, question: Question, now_ns: int, view: ProfileView | None) -> Made | None:
        """As `made`; `view` is that of `_single_view`."""
        given, subject, (queries, context, options, warnings) = question
        request_id = given or self._names.hexadecimal(REQUEST_ID_BYTES)
        asked = tuple.__new__(
            Asked,
            (
                request_id, now_ns, queries, [], subject, NO_OVERRIDES, context, options, warnings,
                (), (), True,
            ),
        )  # fmt: skip
        if view is None:
            # Of several profiles, or not everything may be used.
            asked = self._consents.gated(asked, NOTHING)
            view, subject, context = self._view(asked), asked.subject, asked.context
            if view is None or asked.options.fallbacks_only:
                return None
        counts: Counts = self._no_counts
        if self._counts:
            counts = self._journalling.recording(MemberCounts(self._state.tallies, subject))
        answer = decide(self._prepared, view, context, now_ns, queries, options, counts=counts)
        return tuple.__new__(Made, (asked, view, counts, answer))

    def response(self, made: Made, stem: str) -> Serialized:
        """Returns the answer to what was decided; `stem` names its propositions."""
        asked, view, _, answer = made
        request_id, now_ns, _, _, _, _, context, options, warnings, _, _, _ = asked
        if answer.failures:
            self._failures.count(answer.failures)
        customer = Customer(self._prepared, view, context, now_ns, options)
        return self._answers.response(
            answer, customer, request_id=request_id, stem=stem, now_ns=now_ns,
            tokens=self._tokens, warnings=warnings,
        )  # fmt: skip

    def _subject(self, who: list[Named]) -> Subject | None:
        return subject_in(self._state, [Identity(*one) for one in who], self._namespaces)

    def _single_view(self, subject: Subject | None, now_ns: int) -> ProfileView | None:
        """Returns what may be seen of a customer of one profile who allows everything."""
        if subject is None or len(subject.members) != 1:
            return None
        seen = self._views.see(subject.key, now_ns)
        if seen is None:
            return None
        view, consent = seen
        return view if self._consents.allows_all(consent) else None

    def _single_views(
        self, questions: Sequence[Question | None], now_ns: int, until_s: float
    ) -> list[ProfileView | None]:
        """Returns as `_single_view` what may be seen of whom the first of some questions are."""
        subjects = [None if one is None else one.subject for one in questions]
        keys = [None if one is None or len(one.members) != 1 else one.key for one in subjects]
        allows_all = self._consents.allows_all
        return [
            None if seen is None or not allows_all(seen[1]) else seen[0]
            for seen in self._views.see_some(keys, now_ns, until_s)
        ]

    def _view(self, asked: Asked) -> ProfileView | None:
        """Returns what may be seen of a customer; None if that takes long."""
        if asked.subject is None:
            return NOBODY
        known = self._state.views.known_at_once(
            asked.subject, self._fold, asked.now_ns, (), self._names_read
        )
        if known is None:
            return None
        view = known.view(asked.now_ns)
        if asked.locates:
            return view
        return view._replace(whereabouts=coarse_whereabouts(view.whereabouts))
