"""All that one request's scopes share while they are decided."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from offerd.audience.membership import NO_OFFER, NO_PLACES, Memberships, Record
from offerd.decision.capping import Capping, Counts, LimitOf
from offerd.decision.hiding import reads_hidden
from offerd.decision.languages import DEFAULT_LANGUAGE, lookup_order
from offerd.decision.prepared import Prepared
from offerd.decision.rule_index import Survivors
from offerd.decision.verdicts import Verdicts
from offerd.decision.withholding import Withheld
from offerd.expression import Failure, Rule, Unknown
from offerd.expression.narration.parts import NOTHING_WITHHELD, unknown_because
from offerd.model.decision import DecisionContext, Options, Stage
from offerd.model.place import Point
from offerd.model.profile import ProfileView

HIDDEN = "it depends on data that is hidden"
"""What is told where the truth would tell a value."""


class ScoringFailure:
    """A ranking that failed: the text of what failed, the score instead, why, by offer id."""

    __slots__ = ("messages", "score", "what")

    def __init__(self, what: str, score: float) -> None:
        self.what = what
        self.score = score
        self.messages: dict[str, str] = {}


def memberships_for(  # noqa: PLR0917 - what rules read, as RequestState takes it
    prepared: Prepared,
    view: ProfileView,
    context: DecisionContext,
    now_ns: int,
    options: Options,
    withheld: Withheld | None,
) -> Memberships:
    """Returns the records that rules read where something is withheld, or nothing is."""
    attributes, values, aggregates = view.attributes, context.values, view.aggregates
    audiences: Mapping[str, Rule] = prepared.audiences
    scores = view.scores
    places = _places(prepared, view, context, now_ns, withheld)
    if withheld is not None:
        attributes = withheld.record("profile", attributes)
        values = withheld.record("context", values)
        aggregates = withheld.record("aggregate", aggregates)
        audiences, scores = withheld.audiences, withheld.scores(scores)
    memberships = Memberships(
        audiences,
        attributes,
        values,
        aggregates,
        now_ns,
        scores,
        view.memberships,
        places=places,
    )
    if options.memberships:
        memberships.update(options.memberships)
    return memberships


def _places(
    prepared: Prepared,
    view: ProfileView,
    context: DecisionContext,
    now_ns: int,
    withheld: Withheld | None,
) -> Record:
    """Returns what places answer; nothing of it is worked out before a rule reads it."""
    questions = prepared.place_questions
    if questions is None:
        return NO_PLACES
    latitude = context.values.get("location.latitude")
    longitude = context.values.get("location.longitude")
    location = None if latitude is None or longitude is None else Point(latitude, longitude)
    if withheld is None:
        return questions.record(view.whereabouts, location, now_ns)
    return questions.record(
        view.whereabouts,
        location,
        now_ns,
        withheld=withheld.places,
        coarse=withheld.is_coarse,
    )


_DEFAULT_ONLY: Final = (DEFAULT_LANGUAGE,)
_NO_AUDIENCES: Final[Mapping[str, Any]] = {}
_MADE_LATER: Final = frozenset(
    (
        "applying",
        "limits",
        "orders",
        "reasons",
        "rule_stages",
        "scored",
        "scores",
        "segments",
        "truths",
    )
)


class RequestState:
    """The records that rules read, and what the rules say of them.

    It is of the placements that withhold the same, or nothing: nothing that depends on withheld
    data is shared with others, which have states of their own: of one that withholds nothing ask
    `at` for them; `others` are those asked for so far. `view` and `context` are without what is
    withheld.

    `reasons` remembers, by rule and offer, why it wasn't true, for explanations; `scores` what
    rankings that look at one offer at a time gave, by ranking and offer; `limits` what rules
    allow for caps, by rule and offer; `applying` which exclusions apply; `segments` what rules
    that read no offer say. `rule_stages` has what `stages`, `orders` what `orders` and `scored`
    what `sequencing` needn't work out again. `capping` asks caps before the request, `taking`
    with what it has chosen so far, once it can matter. `failed_rules` are by rule and id of the
    offer, "" if the rule reads none, `scoring_failures` by id of the ranking and what failed in
    it, `limit_failures` by rule and `exclusion_failures` by exclusion and rule.
    """

    __slots__ = (
        "applying",
        "capping",
        "context",
        "counts",
        "exclusion_failures",
        "failed_rules",
        "languages",
        "limit_failures",
        "limits",
        "memberships",
        "now_ns",
        "options",
        "orders",
        "others",
        "prepared",
        "reasons",
        "rule_stages",
        "scored",
        "scores",
        "scoring_failures",
        "segments",
        "survivors",
        "taking",
        "verdicts",
        "view",
        "withheld",
    )

    # Made when first asked for: most requests need few of them.
    applying: dict[int, bool]
    capping: Capping
    languages: tuple[str, ...]
    limits: dict[tuple[int, int | None], int | None]
    memberships: Memberships
    orders: dict[int, Any]
    reasons: dict[tuple[int, int | None], str]
    rule_stages: dict[tuple[int | None, int, str], Stage | None]
    scored: dict[Hashable, Any]
    scores: dict[str, dict[int, float]]
    segments: dict[int, Any]
    survivors: Survivors
    """The rules of offers that may be true."""
    verdicts: Verdicts

    def __init__(
        self,
        prepared: Prepared,
        view: ProfileView,
        context: DecisionContext,
        now_ns: int,
        *,
        counts: Counts,
        options: Options,
        withheld: Withheld | None = None,
    ) -> None:
        self.prepared = prepared
        self.withheld = withheld
        self.view = view if withheld is None else withheld.view(view)
        self.context = context if withheld is None else withheld.context(context)
        self.now_ns = now_ns
        self.options = options
        # Of the first state only: that states knew one another would be a circle to collect.
        self.others: dict[int, RequestState] = {}
        self.counts = counts
        self.taking: Capping | None = None
        self.failed_rules: dict[int, dict[str, Failure]] = {}
        self.scoring_failures: dict[tuple[str, str], ScoringFailure] = {}
        self.exclusion_failures: dict[tuple[int, int], str] = {}
        self.limit_failures: dict[int, str] = {}
        if withheld is not None:
            # Of all that is known, before any of it is left out.
            self.memberships = memberships_for(prepared, view, context, now_ns, options, withheld)

    def __getattr__(self, name: str) -> Any:
        """Called only for an attribute that isn't there yet."""
        made: Any = {} if name in _MADE_LATER else self._made(name)
        setattr(self, name, made)
        return made

    def _made(self, name: str) -> Any:
        prepared, withheld = self.prepared, self.withheld
        match name:
            case "survivors":
                return self.found()
            case "verdicts":
                return Verdicts(prepared, self.memberships, withheld, self.failed_rules)
            case "memberships":
                return memberships_for(
                    prepared, self.view, self.context, self.now_ns, self.options, None
                )
            case "languages":
                locales = self.context.locales
                return lookup_order(locales) if locales else _DEFAULT_ONLY
            case "capping":
                return Capping(prepared.cap_rules, self.view, self.counts, self.now_ns)
        raise AttributeError(name)

    def found(self) -> Survivors:
        """Returns the rules of offers that may be true: `survivors`, worked out anew."""
        index, withheld = self.prepared.index, self.withheld
        if withheld is not None or self.options.memberships:
            return index.survivors(self.memberships, self.options.memberships, withheld)
        view = self.view
        records = view.attributes, self.context.values, view.aggregates, view.scores, self.now_ns
        return index.found(records, view.memberships)

    def end(self) -> None:
        """Lets go of what was found as far as anybody looked: what would go on refers to this.

        Without it a request would be a circle, and keep its catalogue until one is searched for.
        """
        for state in (self, *self.others.values()) if self.others else (self,):
            state.orders = {}
            state.scored = {}

    def is_true(self, rule: int) -> bool:
        """Returns whether a rule that reads no offer is true."""
        if self.withheld is None and rule in self.prepared.bare_rules:
            return self.segment(rule) is True or self.verdicts[rule]
        return self.verdicts[rule]

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules by number, as far as they may be asked."""
        return self.prepared.rules if self.withheld is None else self.withheld.rules

    def holds(self, place: int) -> bool:
        """Returns whether the rule at a place of the index is true, as far as is known."""
        return self.verdicts[self.prepared.index.order[place]]

    def at(self, placement: str) -> RequestState:
        """Returns the state of the same request at a placement."""
        withheld = self.prepared.withheld.get(placement)
        if withheld is self.withheld:
            return self
        state = self.others.get(id(withheld))
        if state is None:
            state = self.others[id(withheld)] = RequestState(
                self.prepared,
                self.view,
                self.context,
                self.now_ns,
                counts=self.counts,
                options=self.options,
                withheld=withheld,
            )
            state.capping = self.capping  # events count whatever is withheld
        return state

    def value_for(self, rule: int, number: int) -> Any:
        """Returns what a rule says of the offer of a number: a value, Unknown or Failure."""
        return self.memberships.evaluate(self.rules[rule], self.prepared.record(number))

    def why_unknown(self, rule: int, unknown: Unknown) -> str:
        """Returns why a rule has no value."""
        if self.withheld is None:
            return unknown_because(unknown.names, NOTHING_WITHHELD)
        return self.withheld.why_unknown(self.rules[rule], unknown.names)

    def told(self, rule: int, failure: Failure) -> str:
        """Returns why a rule failed, without what must not be told."""
        hidden = reads_hidden(self.prepared.rules[rule], self.options.hidden)
        return HIDDEN if hidden else failure.message

    def segment(self, rule: int) -> Any:
        """Returns what a rule that reads no offer says: a value, Unknown or Failure."""
        known = self.segments
        if rule in known:
            return known[rule]
        bare = self.prepared.bare_rules.get(rule)
        if bare is None or self.withheld is not None:
            value = known[rule] = self.memberships.evaluate(self.rules[rule])
            return value
        view = self.view
        value = known[rule] = bare.evaluate(
            view.attributes, self.context.values, view.aggregates, self.now_ns,
            NO_PLACES, NO_OFFER, _NO_AUDIENCES, view.scores,
        )  # fmt: skip
        return value

    def limit_of(self, number: int) -> LimitOf:
        """Returns what gives the limits of caps for the offer of a number, each worked out once."""

        def limit(rule: int) -> int | None:
            key = rule, (number if rule in self.prepared.offer_rules else None)
            if key not in self.limits:
                self.limits[key] = self._limit(rule, number)
            return self.limits[key]

        return limit

    def _limit(self, rule: int, number: int) -> int | None:
        value = self.value_for(rule, number)
        if isinstance(value, Unknown):
            self.limit_failures[rule] = self.why_unknown(rule, value)
            return None
        if isinstance(value, Failure):
            self.limit_failures[rule] = self.told(rule, value)
            return None
        return int(value)
