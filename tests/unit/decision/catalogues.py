"""Random catalogues, profiles, contexts and requests, for comparing the engine with its twin."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.model.catalogue import (
    Audience,
    Catalogue,
    Collection,
    FallbackOffer,
    Offer,
    Placement,
    Representation,
    Rule,
)
from offerd.model.content import ContentType
from offerd.model.decision import (
    Arbitration,
    DecisionContext,
    Deduplication,
    Options,
    ScopeQuery,
)
from offerd.model.lifecycle import Status
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    ScoreModel,
    ValueType,
)
from offerd.model.selection import (
    Arm,
    Boost,
    Decision,
    Exclusion,
    Experiment,
    Group,
    Ranking,
    RankingMethod,
    ScoreTable,
    Strategy,
    Ties,
)
from unit.decision import random_caps, random_policies, random_rules
from unit.decision.random_caps import AROUND_NS, HOUR_NS

PLACEMENTS = random_caps.PLACEMENTS
LANGUAGES = ("", "", "en", "sv", "sv-SE", "zh-Hant")
LOCALES = ("sv-SE", "sv", "en-GB", "zh-Hant-TW", "fr")
MODELS = ("steady", "moody")
SCHEMA = Schema(
    profile=(
        Attribute("tier", ValueType.STRING, ("basic", "plus", "gold")),
        Attribute("age", ValueType.INT),
        Attribute("tags", ValueType.LIST_STRING),
    ),
    context=(Attribute("weather", ValueType.STRING),),
    offer=(Attribute("value", ValueType.DOUBLE), Attribute("kind", ValueType.STRING)),
    aggregates=(
        Aggregate("purchases", ("purchase",), AggregateFunction.COUNT, ValueType.INT),
        Aggregate("last_purchase", ("purchase",), AggregateFunction.LAST_TIME, ValueType.TIMESTAMP),
    ),
    scores=(ScoreModel("likes"),),
)
CONDITIONS = (
    'profile.tier == "{tier}"',
    'profile.tier in ["{tier}", "gold"]',
    "profile.age >= {age}",
    "{age} % (profile.age - 30) == 0",
    'profile.tags.exists(t, t == "{tag}")',
    'context.weather == "{weather}"',
    "has(context.weather)",
    "aggregate.purchases > {small}",
    'now - aggregate.last_purchase > duration("{hours}h")',
    'score("likes") > 0.5',
)
OFFER_CONDITIONS = (
    "offer.priority > {small}",
    "offer.kind == context.weather",
    '"{tag}" in offer.tags',
    "has(offer.value)",
    "offer.end - now > duration('10h')",
    "{age} % (profile.age - 30 - offer.priority) == 0",
)
NUMBERS = (
    "double(offer.priority) * 2.0",
    "offer.value",
    "offer.value / (double(profile.age) - 30.0)",
    'score("likes") * offer.value',
    "profile.age + offer.priority",
    "{small}",
    "0.5",
)


class Writing:
    """Writes the rules of a catalogue; each gets a number."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.checked: list[ex.Checked] = []
        self.names: list[str] = []

    def condition(self, *, offer: bool = True) -> int:
        """Adds a condition, one that may read an offer only if `offer`."""
        source = self.source
        while True:
            parts = [f"({self._condition(offer)})" for _ in range(source.randrange(1, 4))]
            text = source.choice((" && ", " || ")).join(parts)
            try:
                return self._add(f"!({text})" if source.random() < 0.2 else text, ex.BOOL)
            except ex.ExpressionError:
                continue  # one that can never hold, say

    def number(self) -> int:
        """Adds a number."""
        return self._add(self._filled(self.source.choice(NUMBERS)), None)

    def limit(self) -> int:
        """Adds the limit of a cap."""
        text = self.source.choice(
            ("profile.age > 30 ? 3 : 1", "offer.priority", "6 / (profile.age - 30)")
        )
        return self._add(text, ex.INT)

    def segment(self) -> int:
        """Adds the segment of a table."""
        return self._add(self.source.choice(("profile.tier", "context.weather")), ex.STRING)

    def _add(self, text: str, expected: ex.Type | None) -> int:
        environment = decision_environment(SCHEMA, self.names)
        self.checked.append(ex.compile_expression(text, environment, expected=expected))
        return len(self.checked) - 1

    def _condition(self, offer: bool) -> str:
        if self.names and self.source.random() < 0.3:
            return f'audience("{self.source.choice(self.names)}")'
        of_offer = offer and self.source.random() < 0.25
        return self._filled(self.source.choice(OFFER_CONDITIONS if of_offer else CONDITIONS))

    def _filled(self, text: str) -> str:
        source = self.source
        return text.format(
            tier=source.choice(("basic", "plus", "gold")),
            age=source.choice((18, 30, 45)),
            tag=source.choice("abc"),
            weather=source.choice(("sun", "rain")),
            small=source.randrange(3),
            hours=source.randrange(100),
        )


def catalogue(source: random.Random) -> Catalogue:
    """Returns a catalogue of up to 16 offers whose parts all fit together."""
    writing = Writing(source)
    audiences: list[Audience] = []
    for number in range(source.randrange(4)):
        audiences.append(Audience(f"audience-{number}", "", writing.condition(offer=False)))
        writing.names.append(f"audience-{number}")
    count = source.randrange(1, 17)
    rules = [writing.condition() for _ in range(5)]
    counters = random_caps.counters(source, count)
    caps = [random_caps.cap(source, counters, writing.limit) for _ in range(6)]
    offers = []
    for number in range(count):
        own = [cap for cap in caps if random_caps.counts(counters[cap.counter], number)]
        offers.append(_offer(source, number, count, rules, own))
    rankings = tuple(_ranking(writing, number) for number in range(4))
    strategies = tuple(
        Strategy(
            f"strategy-{n}", source.randrange(4), _maybe(source, rules),
            source.choice((None, None, 0, 1, 2, 3)),
        )
        for n in range(6)
    )  # fmt: skip
    decisions = tuple(_decision(source, number, count) for number in range(3))
    experiments = tuple(_experiment(source, number, count) for number in range(3))
    exclusions = tuple(
        _exclusion(writing, number, count) for number in range(source.choice((0, 2, 3)))
    )
    tables = tuple(_table(writing, number, count) for number in range(2))
    plain = Catalogue(
        SCHEMA,
        tuple(Rule(checked.source, ex.encode(checked)) for checked in writing.checked),
        (),
        tuple(audiences),
        tuple(Placement(p, p, ContentType.TEXT) for p in PLACEMENTS),
        (),
        tuple(offers),
        tuple(FallbackOffer(f"fallback-{n}", {}, _representations(source)) for n in range(2)),
        tuple(Collection(f"collection-{n}", _some(source, range(count))) for n in range(4)),
        strategies,
        decisions,
        (),
        counters,
        rankings,
        tables,
        exclusions,
        experiments,
    )
    return random_policies.governed(source, plain)


def view(source: random.Random, catalogue: Catalogue, now_ns: int) -> ProfileView:
    """Returns a customer of whom some things are known, now and then nobody."""
    attributes: dict[str, Any] = {
        "tier": source.choice(("basic", "plus", "gold")),
        "age": source.choice((17, 30, 31, 45)),
        "tags": source.sample(("a", "b", "c"), source.randrange(4)),
    }
    aggregates: dict[str, Any] = {
        "purchases": source.randrange(4),
        "last_purchase": now_ns - source.randrange(100) * HOUR_NS,
    }
    nobody = source.random() < 0.1
    return ProfileView(
        None if nobody else ProfileKey("crm", str(source.randrange(1000))),
        _thin(source, attributes),
        _thin(source, aggregates),
        {} if nobody else random_caps.counted(source, catalogue, now_ns),
        _thin(source, {"likes": source.choice((0.25, 0.75))}),
        whereabouts=None if nobody else random_rules.whereabouts(source, now_ns),
    )


def context(source: random.Random) -> DecisionContext:
    """Returns a context with or without weather and languages."""
    values = _thin(source, {"weather": source.choice(("sun", "rain"))})
    return DecisionContext(values, _some(source, LOCALES))


def queries(source: random.Random, catalogue: Catalogue) -> list[ScopeQuery]:
    """Returns up to seven scopes, some of which ask the same."""
    found = []
    for _ in range(source.randrange(1, 8)):
        decision = source.choice(catalogue.decisions)
        placement = source.choice(decision.placements)
        top_up = source.choice((None, None, True, False))
        found.append(ScopeQuery("", decision.id, placement, source.randrange(1, 5), top_up))
    return found


def options(source: random.Random, catalogue: Catalogue) -> Options:
    """Returns how a request wants to be decided."""
    overridden = [audience.id for audience in catalogue.audiences if source.random() < 0.1]
    arms = {e.id: f"arm-{source.randrange(4)}" for e in catalogue.experiments}
    return Options(
        source.choice(tuple(Deduplication)),
        source.choice(tuple(Arbitration)),
        source.random() < 0.5,
        {name: source.random() < 0.5 for name in overridden},
        arms if source.random() < 0.1 else {},
        fallbacks_only="nothing may be collected" if source.random() < 0.03 else "",
    )


def _offer(
    source: random.Random, number: int, count: int, rules: Sequence[int], caps: Sequence[Any]
) -> Offer:
    start, end = sorted(source.randrange(-200, 200) for _ in range(2))
    attributes = {"value": source.choice((-1.0, 0.0, 2.5)), "kind": source.choice(("sun", "rain"))}
    dated = source.random() < 0.4
    others = [other for other in range(number) if other != number]
    return Offer(
        f"offer-{(number * 7) % 17:02}",
        source.randrange(3),
        start * HOUR_NS if dated else None,
        end * HOUR_NS + 1 if dated else None,
        _maybe(source, rules) if source.random() < 0.5 else None,
        tuple(source.sample("abc", source.randrange(3))),
        _thin(source, attributes),
        _representations(source),
        tuple(source.sample(caps, min(len(caps), source.choice((0, 0, 1, 2))))),
        source.choice((*[Status.APPROVED] * 9, Status.PAUSED, Status.DRAFT)),
        tuple(sorted(source.sample(others, 1))) if others and source.random() < 0.15 else (),
    )


def _ranking(writing: Writing, number: int) -> Ranking:
    source = writing.source
    method = (RankingMethod.FORMULA, RankingMethod.TABLE, RankingMethod.MODEL)[number % 3]
    is_formula = method is RankingMethod.FORMULA
    boosts = [Boost(writing.condition(), writing.number()) for _ in range(source.randrange(3))]
    return Ranking(
        f"ranking-{number}",
        method,
        writing.number() if is_formula else None,
        tuple(boosts) if is_formula else (),
        source.randrange(2) if method is RankingMethod.TABLE else None,
        source.choice(MODELS) if method is RankingMethod.MODEL else "",
        source.choice((0.0, -1.0, 9.0)),
        source.choice((None, None, 0.0, 1.0)),
    )


def _table(writing: Writing, number: int, count: int) -> ScoreTable:
    source = writing.source
    scores = {
        segment: {n: source.choice((0.0, 1.0, 2.0)) for n in _some(source, range(count))}
        for segment in ("basic", "plus", "sun")
    }
    return ScoreTable(f"table-{number}", writing.segment(), scores, source.choice((0.0, 1.5)))


def _decision(source: random.Random, number: int, count: int) -> Decision:
    fallbacks = ["fallback-0", "fallback-1", *(f"offer-{n:02}" for n in range(17))]
    known = {*fallbacks[:2], *(f"offer-{(n * 7) % 17:02}" for n in range(count))}
    return Decision(
        f"decision-{number}",
        PLACEMENTS,
        _groups(source, count),
        tuple(f for f in source.sample(fallbacks, source.randrange(6)) if f in known),
        source.random() < 0.5,
        source.choice(tuple(Ties)),
        source.choice((*[Status.APPROVED] * 9, Status.PAUSED)),
        AROUND_NS - source.randrange(400) * HOUR_NS if source.random() < 0.2 else None,
        AROUND_NS + source.randrange(400) * HOUR_NS if source.random() < 0.2 else None,
    )


def _groups(source: random.Random, count: int) -> tuple[Group, ...]:
    groups = []
    for _ in range(source.randrange(1, 4)):
        if source.random() < 0.25:
            size = source.randrange(1, min(count, 4) + 1)
            group = Group(offers=tuple(source.sample(range(count), size)))
        else:
            group = Group(tuple(source.sample(range(6), source.choice((1, 1, 2, 3)))))
        if source.random() < 0.2:
            taken = tuple(sorted(source.sample(PLACEMENTS, source.randrange(1, 3))))
            group = replace(group, placements=taken)
        groups.append(group)
    return tuple(groups)


def _exclusion(writing: Writing, number: int, count: int) -> Exclusion:
    source = writing.source
    return Exclusion(
        f"exclusion-{number}",
        tuple(sorted(source.sample(range(count), source.randrange(min(count, 5) + 1)))),
        source.choice((0, 1, 1, 2)),
        writing.condition(offer=False) if source.random() < 0.5 else None,
        source.random() < 0.6,
    )


def _experiment(source: random.Random, number: int, count: int) -> Experiment:
    arms = tuple(
        Arm(f"arm-{n}", source.randrange(1, 5), _maybe(source, (_groups(source, count),)))
        for n in range(source.randrange(1, 4))
    )
    return Experiment(
        f"experiment-{number}",
        f"decision-{number}",
        source.choice(("salt", f"experiment-{number}")),
        arms,
        source.choice((0, 5000, 10_000)),
        source.choice((0, 2000)),
        source.choice((Status.APPROVED, Status.APPROVED, Status.DRAFT, Status.ARCHIVED)),
    )


def _representations(source: random.Random) -> tuple[Representation, ...]:
    pairs = {(source.choice(PLACEMENTS), source.choice(LANGUAGES)) for _ in range(10)}
    return tuple(Representation(p, language, 0) for p, language in sorted(pairs))


def _maybe(source: random.Random, choices: Any) -> Any:
    return source.choice(choices) if source.random() < 0.6 else None


def _some(source: random.Random, choices: Any) -> Any:
    picked = source.sample(list(choices), source.randrange(len(choices) + 1))
    return tuple(sorted(picked) if isinstance(choices, range) else picked)


def _thin(source: random.Random, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if source.random() < 0.8}
