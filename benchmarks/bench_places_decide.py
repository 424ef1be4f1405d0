"""What it costs a decision to know where the customer is, without transport, in one thread.

Measured: `decide` for one scope and the best five items over 10,000 offers under 200 rules of two
to five conditions, of which every fourth also asks whether the customer is inside a category of
places, or how far the nearest of a category is, over a bundle of 100,000 circles around 200 towns.
Each customer asks in one process without a location, with one in a town, and with one nobody has
been near, in turns; and over the same offers without any rule about places. The ratio to those
without location is what counts: of all decisions together, and of the median customer's own.
Not measured: reading the profile, messages, doors.

usage: python benchmarks/bench_places_decide.py
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.decision.engine import decide
from offerd.definitions import load
from offerd.model.decision import DecisionContext, ScopeQuery
from offerd.model.profile import ProfileView
from offerd.simulation.question import NothingCounted

OFFERS, RULES, PLACES, TOWNS, CUSTOMERS, ROUNDS, WANTED = 10_000, 200, 100_000, 200, 200, 9, 5
CATEGORIES = ("studio", "shop", "mall", "gym", "cafe")
QUERY = [ScopeQuery("", "decision", "web", WANTED)]
NOTHING = NothingCounted()
TIERS, COUNTRIES = "abcd", ("SE", "NO", "DK", "FI")


def towns(source: random.Random) -> list[tuple[float, float]]:
    """Returns where people live, in degrees."""
    return [(source.uniform(-55, 65), source.uniform(-180, 180)) for _ in range(TOWNS)]


def near(town: tuple[float, float], source: random.Random) -> tuple[float, float]:
    """Returns a point of a town."""
    return town[0] + source.gauss(0, 0.1), town[1] + source.gauss(0, 0.1)


def rule(source: random.Random) -> str:
    """Returns a rule about the customer."""
    conditions = (
        lambda: f'profile.tier in ["{source.choice(TIERS)}", "{source.choice(TIERS)}"]',
        lambda: f'profile.country == "{source.choice(COUNTRIES)}"',
        lambda: f"profile.age >= {source.randrange(18, 60)}",
        lambda: f"profile.days < {source.randrange(20, 365)}",
        lambda: f"profile.visits >= {source.randrange(20)}",
    )
    chosen = source.sample(conditions, source.randrange(2, 6))
    return " && ".join(condition() for condition in chosen)


def about_places(source: random.Random) -> str:
    """Returns a condition about where the customer is."""
    category = source.choice(CATEGORIES)
    if source.random() < 0.5:
        return f'places.inside("{category}")'
    return f'places.nearest("{category}").distance_m < {source.randrange(1, 50) * 100}.0'


def definitions(folder: Path, with_places: bool) -> None:
    """Writes the definitions of a shop with many places."""
    source = random.Random(1)
    rules = [rule(source) for _ in range(RULES)]
    asked = [f"{text} && {about_places(source)}" for text in rules]
    chosen = [
        a if with_places and n % 4 == 0 else r
        for n, (r, a) in enumerate(zip(rules, asked, strict=True))
    ]
    types = {"tier": "string", "country": "string", "age": "int", "days": "int", "visits": "int"}
    shop = {
        "libraries": [{"id": "all"}],
        "profile": [{"name": name, "type": kind} for name, kind in types.items()],
        "placements": [{"id": "web", "channel": "web", "content_type": "text"}],
        "offers": [
            {
                "id": f"offer-{n:05}",
                "priority": source.randrange(1_000_000),
                "eligibility": source.choice(chosen),
                "representations": [{"placement": "web", "text": "x"}],
            }
            for n in range(OFFERS)
        ],
        "collections": [{"id": "all", "where": "offer.priority >= 0"}],
        "strategies": [{"id": "best", "collection": "all"}],
        "fallback_offers": [
            {"id": "none", "representations": [{"placement": "web", "text": "x"}]},
        ],
        "decisions": [
            {
                "id": "decision",
                "placements": ["web"],
                "strategies": ["best"],
                "fallbacks": ["none"],
            },
        ],
    }
    (folder / "shop.json").write_bytes(msgspec.json.encode(shop))
    around = towns(random.Random(2))
    with (folder / "places.csv").open("w") as sheet:
        sheet.write("id,library,category,latitude,longitude,radius_m\n")
        for n in range(PLACES):
            latitude, longitude = near(source.choice(around), source)
            sheet.write(
                f"place-{n},all,{source.choice(CATEGORIES)},{latitude:.6f},"
                f"{(longitude + 180) % 360 - 180:.6f},{source.randrange(50, 500)}\n"
            )


def bundle(folder: Path, name: str, *, with_places: bool) -> Bundle:
    """Returns the opened bundle of the definitions."""
    source = folder / name
    source.mkdir()
    definitions(source, with_places)
    path = folder / f"{name}.bundle"
    write_bundle(load([source]).catalogue, path)
    return open_bundle(path)


def customers(source: random.Random) -> list[ProfileView]:
    """Returns customers of whom everything is known."""
    return [
        ProfileView(
            None,
            {
                "tier": source.choice(TIERS),
                "country": source.choice(COUNTRIES),
                "age": source.randrange(18, 80),
                "days": source.randrange(365),
                "visits": source.randrange(30),
            },
            {},
            {},
        )
        for _ in range(CUSTOMERS)
    ]


def located(latitude: float, longitude: float) -> DecisionContext:
    """Returns the context of a request that says where the customer is."""
    return DecisionContext({"location.latitude": latitude, "location.longitude": longitude})


def taken_ns(asked: Bundle, view: ProfileView, context: DecisionContext) -> int:
    """Returns what a decision takes of this thread's processor time."""
    started = time.thread_time_ns()
    decide(asked.prepared, view, context, 0, QUERY, counts=NOTHING)
    return time.thread_time_ns() - started


def measured(
    cases: Mapping[str, tuple[Bundle, Callable[[], DecisionContext]]], views: Sequence[ProfileView]
) -> dict[str, list[int]]:
    """Returns what the decision of each customer takes in each case, in nanoseconds.

    All cases of a customer follow each other, and each case is the first as often as any other:
    what a customer's first decision brings into the caches speeds up the next.
    """
    taken: dict[str, list[int]] = {name: [] for name in cases}
    names = list(cases)
    for turn, view in enumerate(views):
        first = turn % len(names)
        for name in (*names[first:], *names[:first]):
            asked, context = cases[name]
            taken[name].append(taken_ns(asked, view, context()))
    return taken


def main() -> None:
    source = random.Random(3)
    views = customers(source)
    around = towns(random.Random(2))

    def without_location() -> DecisionContext:
        return DecisionContext({})

    # Elsewhere each time, so that no answer is one that was kept.
    def in_town() -> DecisionContext:
        return located(*near(source.choice(around), source))

    def anywhere() -> DecisionContext:
        return located(source.uniform(-60, 70), source.uniform(-180, 180))

    with tempfile.TemporaryDirectory() as folder:
        without = bundle(Path(folder), "without", with_places=False)
        asking = bundle(Path(folder), "asking", with_places=True)
        cases = {
            "no rule about places": (without, without_location),
            "no location": (asking, without_location),
            "in a town": (asking, in_town),
            "anywhere": (asking, anywhere),
        }
        rounds = [measured(cases, views) for _ in range(ROUNDS)]
        without.close()
        asking.close()
    heads = ("request", "median µs", "mean µs", "all together", "median customer")
    table = Table(*heads, title="one decision, best five of 10,000; ratios to no location")
    for name in cases:
        taken = [each for one in rounds for each in one[name]]
        together = [sum(one[name]) / sum(one["no location"]) for one in rounds]
        own = [
            there / nowhere
            for one in rounds
            for there, nowhere in zip(one[name], one["no location"], strict=True)
        ]
        table.add_row(
            name,
            f"{statistics.median(taken) / 1_000:.1f}",
            f"{statistics.fmean(taken) / 1_000:.1f}",
            f"{statistics.median(together):.2f}",
            f"{statistics.median(own):.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
