"""What one decision costs, without transport: the pure engine in one thread.

Measured: `decide` for one scope and the best five items over 10,000 offers under 200 rules of two
to five conditions each, for customers of whom everything is known and for customers of whom half
is missing; beside it a loop written by hand that does nothing but evaluate the same rules, written
as Python, in order of priority. Both are asked alternately in one process, and the ratio is what
counts. Not measured: reading the profile, messages, doors.

usage: python benchmarks/bench_decide.py
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.model.catalogue import Catalogue, Collection, Offer, Placement, Representation, Rule
from offerd.model.content import ContentType
from offerd.model.decision import DecisionContext, ScopeQuery
from offerd.model.profile import ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.model.selection import Decision, Group, Strategy
from offerd.simulation.question import NothingCounted

OFFERS, RULES, CUSTOMERS, ROUNDS, WANTED = 10_000, 200, 300, 7, 5
SCHEMA = Schema(
    profile=(
        Attribute("tier", ValueType.STRING),
        Attribute("country", ValueType.STRING),
        Attribute("device", ValueType.STRING),
        Attribute("age", ValueType.INT),
        Attribute("days", ValueType.INT),
        Attribute("visits", ValueType.INT),
        Attribute("spend", ValueType.DOUBLE),
    )
)
QUERY = [ScopeQuery("", "decision", "web", WANTED)]
CONTEXT = DecisionContext({})


NOTHING = NothingCounted()


def rule(source: random.Random) -> str:
    """Returns a rule that is CEL and, but for its operators, Python."""
    conditions = (
        lambda: f'profile.tier in ["{source.choice("abcd")}", "{source.choice("abcd")}"]',
        lambda: f'profile.country == "{source.choice(("SE", "NO", "DK", "FI"))}"',
        lambda: f'profile.device == "{source.choice(("ios", "android", "web"))}"',
        lambda: f"profile.age >= {source.randrange(18, 60)}",
        lambda: f"profile.days < {source.randrange(20, 365)}",
        lambda: f"profile.visits >= {source.randrange(20)}",
        lambda: f"profile.spend >= {source.randrange(500)}.5",
    )
    chosen = source.sample(conditions, source.randrange(2, 6))
    return " && ".join(condition() for condition in chosen)


def customer(source: random.Random, known: float) -> dict[str, Any]:
    """Returns attributes, each known with the given probability."""
    everything = {
        "tier": source.choice("abcd"),
        "country": source.choice(("SE", "NO", "DK", "FI")),
        "device": source.choice(("ios", "android", "web")),
        "age": source.randrange(18, 80),
        "days": source.randrange(365),
        "visits": source.randrange(30),
        "spend": source.random() * 1000,
    }
    return {name: value for name, value in everything.items() if source.random() < known}


def by_hand(rules: list[str]) -> list[Callable[[dict[str, Any]], bool]]:
    """Returns the rules as a careful programmer would write them; missing data is no match."""
    functions = []
    for text in rules:
        body = " and ".join(text.split(" && ")).replace("profile.", "p.get('")
        for name in (attribute.path for attribute in SCHEMA.profile):
            body = body.replace(f"p.get('{name}", f"p['{name}']")
        code = f"def rule(p):\n try:\n  return {body}\n except KeyError:\n  return False"
        namespace: dict[str, Any] = {}
        exec(code, namespace)
        functions.append(namespace["rule"])
    return functions


def main() -> None:
    source = random.Random(1)
    texts = list(dict.fromkeys(rule(source) for _ in range(RULES)))
    environment = decision_environment(SCHEMA, ())
    checked = [ex.compile_expression(text, environment) for text in texts]
    offers = tuple(
        Offer(
            f"offer-{n:05}", source.randrange(1_000_000), None, None,
            source.randrange(len(texts)), (), {}, (Representation("web", "", 0),), (),
        )
        for n in range(OFFERS)
    )  # fmt: skip
    catalogue = Catalogue(
        SCHEMA, tuple(Rule(c.source, b"") for c in checked), (), (),
        (Placement("web", "web", ContentType.TEXT),), (), offers, (),
        (Collection("all", tuple(range(OFFERS))),), (Strategy("best", 0, None),),
        (Decision("decision", ("web",), (Group((0,)),), ()),), (),
    )  # fmt: skip
    prepared = Prepared(catalogue, ex.plan_many(checked, environment))
    functions = by_hand(texts)
    in_order = sorted(offers, key=lambda offer: (-offer.priority, offer.id))

    def ours(attributes: dict[str, Any]) -> list[str]:
        view = ProfileView(None, attributes, {}, {})
        answer = decide(prepared, view, CONTEXT, 0, QUERY, counts=NOTHING)
        return [item.offer.id for item in answer.propositions[0].items]

    def hand(attributes: dict[str, Any]) -> list[str]:
        known: dict[int, bool] = {}
        found: list[str] = []
        for offer in in_order:
            number = offer.eligibility
            if number not in known:
                known[number] = functions[number](attributes)
            if known[number]:
                found.append(offer.id)
                if len(found) == WANTED:
                    break
        return found

    table = Table(
        "customers", "offerd µs", "by hand µs", "ratio", title="one decision, best five of 10,000"
    )
    for name, share in (("all known", 1.0), ("half known", 0.5)):
        customers = [customer(source, share) for _ in range(CUSTOMERS)]
        assert [ours(c) for c in customers] == [hand(c) for c in customers], "the answers differ"
        pairs = [(_time(ours, customers), _time(hand, customers)) for _ in range(ROUNDS)]
        mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        table.add_row(name, f"{mine:.0f}", f"{theirs:.0f}", f"{ratio:.2f}")
    Console().print(table)


def _time(decide_for: Callable[[dict[str, Any]], object], customers: list[dict[str, Any]]) -> float:
    started = time.perf_counter()
    for attributes in customers:
        decide_for(attributes)
    return (time.perf_counter() - started) / len(customers) * 1e6


if __name__ == "__main__":
    main()
