"""Random catalogues, profiles and contexts, for comparing the engine with its naive twin."""

from __future__ import annotations

import random
from typing import Any

from offerd import expression as ex
from offerd.audience.environment import profile_environment
from offerd.model.catalogue import (
    Audience,
    Cap,
    CapSubject,
    Catalogue,
    Collection,
    ContentType,
    Decision,
    FallbackOffer,
    Offer,
    Placement,
    Representation,
    Rule,
    Strategy,
)
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Aggregate, AggregateFunction, Attribute, Schema, ValueType

HOUR_NS = 3_600_000_000_000
PLACEMENTS = ("web", "app", "call")
LANGUAGES = ("", "", "en", "sv", "sv-SE", "zh-Hant")
LOCALES = ("sv-SE", "sv", "en-GB", "zh-Hant-TW", "fr")
SCHEMA = Schema(
    profile=(
        Attribute("tier", ValueType.STRING, ("basic", "plus", "gold")),
        Attribute("age", ValueType.INT),
        Attribute("tags", ValueType.LIST_STRING),
    ),
    context=(Attribute("weather", ValueType.STRING),),
    aggregates=(
        Aggregate("purchases", ("purchase",), AggregateFunction.COUNT, ValueType.INT),
        Aggregate("last_purchase", ("purchase",), AggregateFunction.LAST_TIME, ValueType.TIMESTAMP),
    ),
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
)


def catalogue(source: random.Random) -> Catalogue:
    """Returns a catalogue of up to 30 offers whose parts all fit together."""
    rules: list[Rule] = []
    audiences: list[Audience] = []
    for number in range(source.randrange(4)):
        rules.append(_rule(source, [audience.id for audience in audiences]))
        audiences.append(Audience(f"audience-{number}", "", len(rules) - 1))
    names = [audience.id for audience in audiences]
    rules.extend(_rule(source, names) for _ in range(source.randrange(1, 8)))
    offers = tuple(_offer(source, n, len(rules)) for n in range(source.randrange(1, 30)))
    collections = tuple(
        Collection(f"collection-{n}", _some(source, range(len(offers)))) for n in range(4)
    )
    strategies = tuple(
        Strategy(f"strategy-{n}", source.randrange(4), _maybe(source, range(len(rules))))
        for n in range(4)
    )
    fallbacks = tuple(
        FallbackOffer(f"fallback-{n}", {}, _representations(source)) for n in range(2)
    )
    decisions = tuple(
        Decision(
            f"decision-{n}",
            PLACEMENTS,
            tuple(source.sample(range(4), source.randrange(1, 4))),
            tuple(source.sample(range(2), source.randrange(3))),
        )
        for n in range(2)
    )
    placements = tuple(Placement(p, p, ContentType.TEXT) for p in PLACEMENTS)
    environment = profile_environment(SCHEMA, names)
    checked = tuple(
        Rule(r.source, ex.encode(ex.compile_expression(r.source, environment))) for r in rules
    )
    return Catalogue(
        SCHEMA, checked, (), tuple(audiences), placements, (), offers, fallbacks, collections,
        strategies, decisions, (),
    )  # fmt: skip


def view(source: random.Random, now_ns: int) -> ProfileView:
    """Returns a customer of whom some things are known."""
    attributes: dict[str, Any] = {
        "tier": source.choice(("basic", "plus", "gold")),
        "age": source.choice((17, 30, 31, 45)),
        "tags": source.sample(("a", "b", "c"), source.randrange(4)),
    }
    aggregates: dict[str, Any] = {
        "purchases": source.randrange(4),
        "last_purchase": now_ns - source.randrange(100) * HOUR_NS,
    }
    cap_events = {
        f"offer-{n:02}": {
            event: sorted(now_ns - source.randrange(-5, 50) * HOUR_NS // 2 for _ in range(4))
            for event in ("display", "click")
        }
        for n in range(0, 30, source.randrange(1, 6))
    }
    return ProfileView(
        ProfileKey("crm", "1"), _thin(source, attributes), _thin(source, aggregates), cap_events
    )


def context(source: random.Random) -> DecisionContext:
    """Returns a context with or without weather and languages."""
    values = _thin(source, {"weather": source.choice(("sun", "rain"))})
    return DecisionContext(values, _some(source, LOCALES))


def _rule(source: random.Random, audiences: list[str]) -> Rule:
    def condition() -> str:
        if audiences and source.random() < 0.3:
            return f'audience("{source.choice(audiences)}")'
        return source.choice(CONDITIONS).format(
            tier=source.choice(("basic", "plus", "gold")),
            age=source.choice((18, 30, 45)),
            tag=source.choice("abc"),
            weather=source.choice(("sun", "rain")),
            small=source.randrange(3),
            hours=source.randrange(100),
        )

    parts = [f"({condition()})" for _ in range(source.randrange(1, 4))]
    text = source.choice((" && ", " || ")).join(parts)
    return Rule(f"!({text})" if source.random() < 0.2 else text, b"")


def _offer(source: random.Random, number: int, rules: int) -> Offer:
    start, end = sorted(source.randrange(-100, 100) for _ in range(2))
    return Offer(
        f"offer-{number:02}",
        source.randrange(4),
        _maybe(source, (start * HOUR_NS,)),
        _maybe(source, (end * HOUR_NS + 1,)),
        _maybe(source, range(rules)),
        (),
        {},
        _representations(source),
        tuple(_cap(source) for _ in range(source.choice((0, 0, 1, 2)))),
    )


def _representations(source: random.Random) -> tuple[Representation, ...]:
    pairs = {(source.choice(PLACEMENTS), source.choice(LANGUAGES)) for _ in range(4)}
    return tuple(Representation(p, language, 0) for p, language in sorted(pairs))


def _cap(source: random.Random) -> Cap:
    subject = source.choice(tuple(CapSubject))
    within = None if subject is CapSubject.TOTAL else _maybe(source, (HOUR_NS, 10 * HOUR_NS))
    event = source.choice(("display", "click"))
    return Cap(event, subject, source.randrange(1, 5), within)


def _maybe(source: random.Random, choices: Any) -> Any:
    return source.choice(choices) if source.random() < 0.6 else None


def _some(source: random.Random, choices: Any) -> Any:
    count = source.randrange(len(choices) + 1)
    picked = source.sample(list(choices), count)
    return tuple(sorted(picked) if isinstance(choices, range) else picked)


def _thin(source: random.Random, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if source.random() < 0.8}
