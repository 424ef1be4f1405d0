"""Random rules and records, for comparing the index over rules with evaluating each."""

from __future__ import annotations

import math
import random
from typing import Any

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.audience.place_names import names_of
from offerd.audience.place_questions import PlaceAsking, answers
from offerd.model.place import Circle, Fix, Library, Place, Point, Visit, Whereabouts
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    ScoreModel,
    ValueType,
)
from offerd.places.index import Places
from offerd.places.memory import MemorySource

NOW_NS = 1_700_000_000_000_000_000
DAY_NS = 86_400_000_000_000
MINUTE_NS = 60_000_000_000
VISITS = 'places.visits("studio", duration("720h"))'
SCHEMA = Schema(
    profile=(
        Attribute("tier", ValueType.STRING),
        Attribute("age", ValueType.INT),
        Attribute("spend", ValueType.DOUBLE),
        Attribute("member", ValueType.BOOL),
        Attribute("joined", ValueType.TIMESTAMP),
        Attribute("tags", ValueType.LIST_STRING),
    ),
    context=(Attribute("weather", ValueType.STRING), Attribute("wind", ValueType.DOUBLE)),
    offer=(Attribute("value", ValueType.DOUBLE),),
    aggregates=(
        Aggregate("visits", ("display",), AggregateFunction.COUNT, ValueType.INT),
        Aggregate("last", ("display",), AggregateFunction.LAST_TIME, ValueType.TIMESTAMP),
        Aggregate(VISITS, ("place_entry",), AggregateFunction.COUNT, ValueType.INT),
    ),
    scores=(ScoreModel("likes"),),
)
RULED = ("young", "keen", "both", "lost")
LOADED = ("vip", "staff")
HERE, THERE = Point(59.31, 18.07), Point(59.35, 18.05)
TOWN = (
    Place("soder", "own", "Söder", Circle(HERE, 150.0), HERE, category="studio"),
    Place("norr", "own", "Norr", Circle(THERE, 150.0), THERE, category="gym"),
)
PLACES = Places(MemorySource(TOWN, [Library("own", "Own", 1)]))
ASKED_OF_PLACES = (
    'places.inside("studio")', 'places.inside("gym")', '!places.inside("studio")',
    'places.nearest("studio").distance_m < 800.0', 'places.dwell("studio") >= duration("10m")',
    'places.current("gym").name == "Norr"',
)  # fmt: skip
_ASKING = PlaceAsking(lambda: names_of(TOWN, ["own"]))
ASKING = decision_environment(SCHEMA, (*RULED, *LOADED), _ASKING.record)
"""What rules are compiled for, and below what they are evaluated with."""
for _question in ASKED_OF_PLACES:
    ex.compile_expression(_question, ASKING)
READS = _ASKING.reads
ENVIRONMENT = decision_environment(SCHEMA, (*RULED, *LOADED), answers(READS))
_TEXTS = ("a", "b", "c", "d", "", "é")
_NUMBERS = (-1, 0, 1, 17, 18, 19, 2**53, 2**53 + 1)
_DOUBLES = (-0.0, 0.5, 1.0, 17.5, 9007199254740992.0, 1e300)
_STRANGE = ("a", 18, 17.5, True, None, [], math.nan, math.inf)

INDEXED = (
    "profile.tier == {text}", "{text} == profile.tier", "profile.tier != {text}",
    "profile.tier in [{text}, {text}]", "!(profile.tier in [{text}, {text}, {text}, {text}])",
    "(profile.tier == {text} || profile.tier == {text})", "profile.tier >= {text}",
    "profile.tier <= {text}", "profile.tier > {text}",
    "profile.age >= {int}", "profile.age > {int}", "profile.age < {int}", "profile.age <= {int}",
    "{int} < profile.age", "{int} >= profile.age", "profile.age == {int}", "profile.age != {int}",
    "!(profile.age > {int})", "profile.age in [{int}, {int}]",
    "profile.spend >= {double}", "profile.spend > {double}", "profile.spend < {double}",
    "profile.spend <= {double}", "profile.spend == {double}", "!(profile.spend < {double})",
    "profile.member", "!profile.member", "profile.member == true", "profile.member != false",
    "has(profile.tier)", "!has(profile.tier)", "has(profile.age)", "!has(profile.spend)",
    "profile.joined < timestamp('2024-01-01T00:00:00Z')",
    "profile.joined >= timestamp('2023-01-01T00:00:00Z')",
    "now < timestamp('2024-01-01T00:00:00Z')", "now >= timestamp('2030-01-01T00:00:00Z')",
    "context.weather == {text}", "context.wind > {double}", "!has(context.weather)",
    "aggregate.visits > {int}", "aggregate.visits == {int}",
    "aggregate.last >= timestamp('2023-11-01T00:00:00Z')",
    f"{VISITS} >= {{int}}", "context.location.latitude < 59.33",
    'score("likes") > {double}', 'score("likes.percentile") <= {double}',
    'audience("young")', 'audience("keen")', 'audience("both")', 'audience("lost")',
    'audience("vip")', 'audience("staff")',
)  # fmt: skip
REST = (
    "profile.tags.exists(t, t == {text})", "{text} in profile.tags", '!audience("young")',
    '!audience("vip")', "(profile.age > {int} || context.weather == {text})",
    "100 / (profile.age - 18) > 1", "now - profile.joined > duration('1000h')",
    "offer.value > {double}", "profile.age + {int} > 20", "(profile.member ? true : false)",
    '(audience("both") || profile.age > {int})', "profile.tier.startsWith({text})",
    *ASKED_OF_PLACES,
)  # fmt: skip


def rule(source: random.Random, *, audience: str = "") -> ex.Checked:
    """Returns a rule; one of an audience reads no offer and asks no later audience."""
    while True:
        count = source.choice((1, 1, 2, 3, 4, 5))
        parts = [source.choice(INDEXED if source.random() < 0.75 else REST) for _ in range(count)]
        text = " && ".join(map(lambda part: _filled(source, part), parts))  # noqa: C417
        if source.random() < 0.1:
            text = f"({text}) && ({_filled(source, source.choice(INDEXED))})"
        if audience and ("offer." in text or any(f'"{one}"' in text for one in _from(audience))):
            continue
        try:
            return ex.compile_expression(text, ASKING)
        except ex.ExpressionError:
            continue  # one that can never hold, say


def _from(audience: str) -> tuple[str, ...]:
    return RULED[RULED.index(audience) :]


def _filled(source: random.Random, text: str) -> str:
    while "{" in text:
        text = text.replace("{text}", f'"{source.choice(_TEXTS)}"', 1)
        text = text.replace("{int}", str(source.choice(_NUMBERS)), 1)
        text = text.replace("{double}", repr(source.choice(_DOUBLES)), 1)
    return text


def records(source: random.Random, *, strange: bool = False) -> dict[str, dict[str, Any]]:
    """Returns what rules read, by root, some of it missing; if strange, of undeclared types."""
    made: dict[str, dict[str, Any]] = {
        "profile": {
            "tier": source.choice(_TEXTS),
            "age": source.choice(_NUMBERS),
            "spend": source.choice((*_DOUBLES, 0, 17, math.nan, math.inf)),
            "member": source.random() < 0.5,
            "joined": NOW_NS - source.randrange(800) * DAY_NS,
            "tags": source.sample(_TEXTS, source.randrange(4)),
        },
        "context": {
            "weather": source.choice(_TEXTS),
            "wind": source.choice(_DOUBLES),
            "location.latitude": source.choice((HERE.latitude, THERE.latitude)),
            "location.longitude": 18.06,
        },
        "aggregate": {
            "visits": source.choice(_NUMBERS),
            "last": NOW_NS - source.randrange(60) * DAY_NS,
            VISITS: source.choice(_NUMBERS),
        },
        "score": {"likes": source.choice(_DOUBLES), "likes.percentile": source.random()},
        "loaded": {name: source.random() < 0.6 for name in LOADED},
    }
    known = source.choice((1.0, 0.9, 0.5))
    for record in made.values():
        for name in [*record]:
            if source.random() >= known:
                del record[name]
            elif strange and source.random() < 0.3 and record is not made["loaded"]:
                record[name] = source.choice(_STRANGE)
    return made


def whereabouts(source: random.Random, now_ns: int) -> Whereabouts | None:
    """Returns where somebody is believed to be around an instant, None if nothing is known."""
    if source.random() < 0.3:
        return None
    visits = [
        Visit(place.id, seen_ns - source.randrange(90) * MINUTE_NS, seen_ns, exited_ns)
        for place in TOWN
        if source.random() < 0.6
        for seen_ns in (now_ns - source.randrange(90) * MINUTE_NS,)
        for exited_ns in (source.choice((None, None, now_ns)),)
    ]
    visits.sort(key=lambda visit: (visit.entered_ns, visit.place))
    at = source.choice((HERE, THERE))
    fix = Fix(now_ns - source.randrange(90) * MINUTE_NS, at.latitude, at.longitude)
    return Whereabouts(source.choice((None, fix)), tuple(visits))
