"""Workload W: offers under rules of two to five conditions over ten attributes, and customers.

The same offers, rules and customers as plain data, as a catalogue ready to decide, and as
definition files. Some 7 % of the offers are eligible for a customer. Rules are reused as audiences
are: a few belong to many offers, most to few, so that customers differ in how far down the offers
are that they may have (of half of them the first is among the best 9 and the fifth among the best
71, of one in a hundred beyond the best 165 and 546). Everything is drawn from one seed, so that
every run and every rival sees the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.prepared import Prepared
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import (
    Audience,
    Catalogue,
    Collection,
    Offer,
    Placement,
    Representation,
    Rule,
)
from offerd.model.content import ContentType
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.model.selection import (
    Decision,
    Group,
    Ranking,
    RankingMethod,
    ScoreTable,
    Strategy,
)

DAY_NS = 86_400_000_000_000
NOW_NS = 20_000 * DAY_NS
SEED = 25

_COUNTRIES = ("SE", "NO", "DK", "FI", "DE", "FR", "GB", "US")
_VALUES: dict[str, tuple[str, ...]] = {
    "tier": ("basic", "silver", "gold", "platinum"),
    "country": _COUNTRIES,
    "device": ("ios", "android", "web"),
    "channel": ("app", "mail", "site", "store"),
    "lang": ("sv", "no", "da", "fi", "de", "en"),
}
_RANGES: dict[str, tuple[int, int]] = {
    "age": (18, 80),
    "days_since_purchase": (0, 365),
    "visits_30d": (0, 40),
}
_TYPES = {
    **dict.fromkeys(_VALUES, ValueType.STRING),
    **dict.fromkeys(_RANGES, ValueType.INT),
    "ltv": ValueType.DOUBLE,
    "subscriber": ValueType.BOOL,
}
SCHEMA = Schema(
    profile=tuple(Attribute(name, type_) for name, type_ in sorted(_TYPES.items())),
    offer=(Attribute("value", ValueType.DOUBLE), Attribute("margin", ValueType.DOUBLE)),
)

Customer = dict[str, Any]


class Condition(NamedTuple):
    """A condition on an attribute; `operator` is in, ==, >= or <."""

    attribute: str
    operator: str
    value: Any

    @property
    def cel(self) -> str:
        """The condition in the rule language."""
        return f"profile.{self.attribute} {self.operator} {json.dumps(self.value)}"


class PlainOffer(NamedTuple):
    """An offer as plain data: the number of its rule, and attributes for formulas."""

    id: str
    priority: int
    rule: int
    value: float
    margin: float


class Workload(NamedTuple):
    """Rules, offers under them, and customers."""

    rules: tuple[tuple[Condition, ...], ...]
    offers: tuple[PlainOffer, ...]
    customers: tuple[Customer, ...]


def workload(offers: int = 10_000, rules: int = 200, customers: int = 2_000) -> Workload:
    """Returns W, or W of another size."""
    source = random.Random(SEED)
    distinct: dict[tuple[Condition, ...], None] = {}
    while len(distinct) < rules:
        distinct[_rule(source)] = None
    numbers = [*range(rules)] if offers >= rules else []
    shares = [1 / place for place in range(1, rules + 1)]
    numbers += source.choices(range(rules), shares, k=offers - len(numbers))
    source.shuffle(numbers)
    return Workload(
        tuple(distinct),
        tuple(
            PlainOffer(
                f"offer-{n:06}", source.randrange(1_000_000), number, source.random() * 100,
                source.random(),
            )
            for n, number in enumerate(numbers)
        ),
        tuple(_customer(source) for _ in range(customers)),
    )  # fmt: skip


def _rule(source: random.Random) -> tuple[Condition, ...]:
    names = source.sample(sorted(_TYPES), source.choice((2, 3, 4, 5, 5)))
    return tuple(_condition(source, name) for name in names)


def _condition(source: random.Random, name: str) -> Condition:
    if name == "subscriber":
        return Condition(name, "==", source.random() < 0.5)
    if name in _VALUES:
        values = _VALUES[name]
        if source.random() < 0.5:
            return Condition(name, "==", source.choice(values))
        return Condition(name, "in", tuple(source.sample(values, source.randrange(2, len(values)))))
    low, high = _RANGES.get(name, (0, 1000))
    place = low + (high - low) * source.uniform(0.2, 0.8)
    bound = round(place) + 0.5 if name == "ltv" else round(place)
    return Condition(name, source.choice((">=", "<")), bound)


def _customer(source: random.Random) -> Customer:
    made: Customer = {name: source.choice(values) for name, values in _VALUES.items()}
    made.update((name, source.randrange(*bounds)) for name, bounds in _RANGES.items())
    made["ltv"] = source.random() * 1000
    made["subscriber"] = source.random() < 0.5
    return made


def cel(rule: Iterable[Condition]) -> str:
    """Returns a rule in the rule language."""
    return " && ".join(condition.cel for condition in rule)


def holds(rule: Iterable[Condition], customer: Customer) -> bool:
    """Returns whether a rule is true of a customer, evaluated condition by condition."""
    return all(_TESTS[one.operator](customer[one.attribute], one.value) for one in rule)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "in": lambda found, given: found in given,
    "==": lambda found, given: found == given,
    ">=": lambda found, given: found >= given,
    "<": lambda found, given: found < given,
}

FORMULA = "offer.value * 0.7 + offer.margin * profile.ltv - 3.0"
SEGMENTS = 4


def in_order(made: Workload) -> list[PlainOffer]:
    """Returns the offers as they rank: priority, highest first, then id."""
    return sorted(made.offers, key=lambda offer: (-offer.priority, offer.id))


def prepared(
    made: Workload,
    *,
    ranking: str = "priority",
    capped: bool = False,
    decisions: int = 1,
    dated: bool = False,
    audiences: int = 0,
) -> Prepared:
    """Returns the workload ready to decide.

    `ranking` is priority, formula or table; `capped` gives each offer a cap on its displays and
    `dated` dates; `audiences` so many with a rule each, one of which every rule asks for first.
    Decision `d<n>` shows all offers at placement `p<n>`.
    """
    names = [f"a-{n}" for n in range(audiences)]
    environment = decision_environment(SCHEMA, names)
    texts = [cel(rule) for rule in made.rules]
    if audiences:
        texts = [f'audience("{names[n % audiences]}") && {text}' for n, text in enumerate(texts)]
    base = len(texts)
    source = random.Random(SEED)
    texts.extend(cel((_condition(source, "age"),)) for _ in names)
    extra = {"formula": FORMULA, "table": "profile.tier"}.get(ranking)
    checked = [ex.compile_expression(text, environment) for text in texts]
    if extra is not None:
        checked.append(ex.compile_expression(extra, environment, expected=None))
    rankings: tuple[Ranking, ...] = ()
    tables: tuple[ScoreTable, ...] = ()
    if ranking == "formula":
        rankings = (Ranking("r", RankingMethod.FORMULA, len(texts)),)
    if ranking == "table":
        rankings = (Ranking("r", RankingMethod.TABLE, table=0),)
        numbers = range(len(made.offers))
        tiers = _VALUES["tier"]
        scores = {tier: {n: source.random() for n in numbers} for tier in tiers}
        tables = (ScoreTable("t", len(texts), scores),)
    count = len(made.offers)
    places = [f"p{n}" for n in range(decisions)]
    shown = tuple(Representation(place, "", 0) for place in places)
    dates = (NOW_NS - DAY_NS, NOW_NS + DAY_NS) if dated else (None, None)
    catalogue = Catalogue(
        SCHEMA, tuple(Rule(one.source, ex.encode(one)) for one in checked), (),
        tuple(Audience(name, name, base + n) for n, name in enumerate(names)),
        tuple(Placement(place, "web", ContentType.TEXT) for place in places), (),
        tuple(
            Offer(
                offer.id, offer.priority, *dates, offer.rule, (),
                {"value": offer.value, "margin": offer.margin}, shown,
                (Cap(n, 3, DAY_NS),) if capped else (),
            )
            for n, offer in enumerate(made.offers)
        ),
        (), (Collection("all", tuple(range(count))),),
        (Strategy("best", 0, None, 0 if rankings else None),),
        tuple(
            Decision(f"d{n}", (place,), (Group((0,)),), ()) for n, place in enumerate(places)
        ), (),
        tuple(
            Counter(offer.id, "display", CapSubject.PROFILE, (n,))
            for n, offer in enumerate(made.offers)
        ) if capped else (),
        rankings, tables,
    )  # fmt: skip
    return Prepared(catalogue, ex.plan_many(checked, environment))


def write_definitions(made: Workload, folder: Path, scopes: Sequence[str] = ("home",)) -> None:
    """Writes the workload as definition files: a YAML file's worth of JSON, and bulk offers."""
    plain = {
        "namespaces": [{"id": "crm", "type": "cross_device"}],
        "profile": [{"name": one.path, "type": str(one.type)} for one in SCHEMA.profile],
        "offer_attributes": [{"name": one.path, "type": str(one.type)} for one in SCHEMA.offer],
        "placements": [{"id": "web", "channel": "web", "content_type": "text", "item_count": 5}],
        "collections": [{"id": "all", "where": "offer.priority >= 0"}],
        "strategies": [{"id": "best", "collection": "all", "ranking": "priority"}],
        "decisions": [
            {"id": "d", "placements": ["web"], "strategies": ["best"], "fallbacks": ["none"]}
        ],
        "fallback_offers": [
            {"id": "none", "representations": [{"placement": "web", "text": "Welcome"}]}
        ],
        "scopes": [{"id": one, "decision": "d", "placement": "web"} for one in scopes],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "all.json").write_text(json.dumps(plain))
    with (folder / "offers.jsonl").open("w") as file:
        file.writelines(json.dumps(one) + "\n" for one in _written(made))


def _written(made: Workload) -> Iterator[dict[str, Any]]:
    for offer in made.offers:
        yield {
            "id": offer.id,
            "name": f"Offer {offer.id}",
            "priority": offer.priority,
            "start": "2020-01-01T00:00:00Z",
            "end": "2040-01-01",
            "attributes": {"value": offer.value, "margin": offer.margin},
            "eligibility": cel(made.rules[offer.rule]),
            "caps": [{"event": "display", "limit": 3, "within": "24h"}],
            "representations": [{"placement": "web", "text": f"Offer {offer.id} for you"}],
        }
