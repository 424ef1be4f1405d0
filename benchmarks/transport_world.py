"""What the transport benchmarks serve and ask: workload W behind a whole service.

10,000 offers, each with one of 200 rules of two to five conditions over ten profile attributes,
about 7 % of them eligible for a customer; three scopes, each of which asks for the best; customers
with 30 stored attributes and 20 aggregates, half of them over windows. One strategy asks for an
aggregate, so that every decision reads one.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.store import Durability, State
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import identity_pb2

OFFERS, RULES, CUSTOMERS, EVENTS = 10_000, 200, 500, 12
SCOPES = ("hero", "side", "foot")
NAMESPACE = "ecid"
DAY_NS = 86_400 * 10**9

_STRINGS = {
    "tier": ("basic", "silver", "gold", "plus"),
    "country": ("SE", "NO", "DK", "FI", "DE", "FR"),
    "device": ("ios", "android", "web"),
    "channel": ("app", "web", "mail"),
    "lang": ("sv", "nb", "da", "fi", "de"),
}
_NUMBERS = {"age": 80, "days_since_purchase": 365, "ltv": 1_000, "visits": 30}
_OTHERS = 20


class World(NamedTuple):
    """A bundle, and a state with customers `c0`, `c1` and so on."""

    bundle: Path
    state: Path


def make_world(
    folder: Path,
    *,
    offers: int = OFFERS,
    items: int = 1,
    capped: bool = False,
    customers: int = CUSTOMERS,
) -> World:
    """Makes both in an empty folder.

    `items` are asked for in each scope. `capped` gives every offer a cap that counts propositions
    and that nobody reaches, so that each decision takes room, durably.
    """
    definitions = folder / "definitions"
    definitions.mkdir(parents=True)
    source = random.Random(7)
    world = _definitions(source, offers, items, capped=capped)
    (definitions / "all.json").write_text(json.dumps(world), encoding="utf-8")
    bundle, state = folder / "bundle", folder / "state"
    write_bundle(load([definitions]).catalogue, bundle)
    _fill(bundle, state, source, customers)
    return World(bundle, state)


def question(customer: int, request_id: str = "") -> pb.DecideRequest:
    """Returns a request that asks all three scopes for one customer."""
    return pb.DecideRequest(
        request_id=request_id,
        identities=[identity_pb2.Identity(namespace=NAMESPACE, id=f"c{customer}")],
        scopes=[pb.Scope(name=name) for name in SCOPES],
        context=pb.Context(channel="web", locales=["sv-SE"], time_zone="Europe/Stockholm"),
    )


def _definitions(
    source: random.Random, offers: int, items: int, *, capped: bool
) -> dict[str, list[dict[str, Any]]]:
    rules = [_rule(source) for _ in range(RULES)]
    cap = {"event": "decision", "per": "profile", "limit": 1_000_000_000, "within": "24h"}
    return {
        "namespaces": [{"id": NAMESPACE, "type": "cookie"}],
        "profile": [
            *({"name": name, "type": "string"} for name in _STRINGS),
            *({"name": name, "type": "int"} for name in _NUMBERS),
            {"name": "subscriber", "type": "bool"},
            *({"name": f"other_{n}", "type": "string"} for n in range(_OTHERS)),
        ],
        "offer_attributes": [{"name": "category", "type": "string"}],
        "events": [
            {"id": "visit", "properties": [{"name": "amount", "type": "double"}]},
        ],
        "aggregates": list(_aggregates()),
        "placements": [
            {"id": name, "channel": "web", "content_type": "text", "item_count": items}
            for name in SCOPES
        ],
        "offers": [
            {
                "id": f"offer-{n:06}",
                "priority": source.randrange(1_000_000),
                "attributes": {"category": f"c{n % 20}"},
                "eligibility": source.choice(rules),
                "representations": [
                    {"placement": name, "text": f"{name}: offer {n}, made for you"}
                    for name in SCOPES
                ],
                **({"caps": [cap]} if capped else {}),
            }
            for n in range(offers)
        ],
        "collections": [{"id": "all", "where": "offer.category != ''"}],
        "strategies": [
            {
                "id": "best",
                "collection": "all",
                "constraint": "aggregate.visits_of_7_days < 1000000",
                "ranking": "priority",
            }
        ],
        "fallback_offers": [
            {
                "id": "none",
                "representations": [{"placement": name, "text": "nothing new"} for name in SCOPES],
            }
        ],
        "decisions": [
            {
                "id": "next",
                "placements": list(SCOPES),
                "strategies": ["best"],
                "fallbacks": ["none"],
            }
        ],
        "scopes": [{"id": name, "decision": "next", "placement": name} for name in SCOPES],
    }


def _aggregates() -> Iterator[dict[str, Any]]:
    for name in ("first_time", "last_time", "count"):
        yield {"id": f"visit_{name}", "events": ["visit"], "function": name}
    for name in ("sum", "min", "max"):
        yield {"id": f"amount_{name}", "events": ["visit"], "function": name, "value": "amount"}
    for days in (1, 3, 7, 14, 30, 60, 90):
        window = f"{24 * days}h"
        yield {
            "id": f"visits_of_{days}_days",
            "events": ["visit"],
            "function": "count",
            "window": window,
        }
        yield {
            "id": f"amount_of_{days}_days",
            "events": ["visit"],
            "function": "sum",
            "value": "amount",
            "window": window,
        }


def _rule(source: random.Random) -> str:
    conditions = [_membership(source, name) for name in _STRINGS]
    conditions += [_bound(source, name) for name in _NUMBERS]
    conditions.append(f"profile.subscriber == {source.choice(('true', 'false'))}")
    return " && ".join(source.sample(conditions, source.randrange(2, 6)))


def _membership(source: random.Random, name: str) -> str:
    values = _STRINGS[name]
    if source.random() < 0.4:
        return f'profile.{name} == "{source.choice(values)}"'
    chosen = source.sample(values, 2)
    return f"profile.{name} in {json.dumps(chosen)}"


def _bound(source: random.Random, name: str) -> str:
    limit = source.randrange(_NUMBERS[name])
    return f"profile.{name} {source.choice(('>=', '<'))} {limit}"


def _attributes(source: random.Random) -> dict[str, Any]:
    attributes: dict[str, Any] = {n: source.choice(values) for n, values in _STRINGS.items()}
    attributes.update({n: source.randrange(limit) for n, limit in _NUMBERS.items()})
    attributes["subscriber"] = source.random() < 0.5
    attributes.update({f"other_{n}": f"value {source.randrange(50)}" for n in range(_OTHERS)})
    return attributes


def _fill(bundle_path: Path, state_path: Path, source: random.Random, customers: int) -> None:
    now_ns = time.time_ns()
    bundle = open_bundle(bundle_path)
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    with State.open(state_path, fold, durability=Durability.RELAXED) as state:
        stored = []
        for number in range(customers):
            key = ProfileKey(NAMESPACE, f"c{number}")
            stored.append(state.set_profile(key, _attributes(source), now_ns))
            events = [_event(source, key, n, now_ns) for n in range(EVENTS)]
            stored.append(state.collect(events, now_ns))
        for one in stored:
            one.result()
    bundle.close()


def _event(source: random.Random, key: ProfileKey, number: int, now_ns: int) -> IncomingEvent:
    time_ns = now_ns - source.randrange(60 * DAY_NS)
    amount = {"amount": source.randrange(1, 200) / 2}
    event = Event(f"{key.id}-{number}", "visit", time_ns, amount)
    return IncomingEvent(key, event, event_fingerprint(key, event))
