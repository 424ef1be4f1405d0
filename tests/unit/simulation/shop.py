"""A small shop: its definitions, four profiles, and how both become files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SHOP = """
namespaces:
- {id: crm, type: cross_device}
- {id: ecid, type: cookie}
profile:
- {name: age, type: int, labels: [I2], person: true}
- {name: tier, type: string, values: [basic, plus]}
- {name: nickname, type: string}
- {name: joined, type: timestamp}
- {name: likes, type: list(string)}
context:
- {name: weather, type: string, values: [sun, rain]}
aggregates:
- {id: bought, events: [purchase], function: count}
- {id: bought_by, events: [purchase], function: count, group_by: category}
events:
- {id: purchase, properties: [{name: category, type: string}]}
scores: [{id: taste}]
audiences:
- {id: adults, rule: profile.age >= 18}
- {id: regulars, rule: aggregate.bought >= 3}
placements:
- {id: hero, channel: web, content_type: text}
- {id: grid, channel: web, content_type: text, item_count: 2}
offers:
- id: wine
  priority: 90
  eligibility: audience("adults")
  representations: &everywhere
  - {placement: hero, text: Wine}
  - {placement: grid, text: Wine}
- {id: tea, priority: 50, representations: *everywhere}
- {id: water, priority: 10, representations: *everywhere}
- id: umbrella
  priority: 70
  eligibility: context.weather == "rain"
  representations: *everywhere
- id: thanks
  priority: 95
  eligibility: audience("regulars") && profile.nickname != "x"
  caps: [{event: display, limit: 1}]
  representations: *everywhere
- {id: unused, representations: *everywhere}
fallback_offers:
- id: house
  representations: [{placement: hero, text: Hello}, {placement: grid, text: Hello}]
collections:
- {id: drinks, offers: [wine, tea, water]}
- {id: rest, offers: [umbrella, thanks]}
- {id: strong, offers: [wine]}
strategies:
- {id: rest-first, collection: rest}
- {id: all-drinks, collection: drinks}
- {id: only-strong, collection: strong}
decisions:
- id: welcome
  placements: [hero, grid]
  strategies: [rest-first, all-drinks]
  fallbacks: [house]
- {id: bar, placements: [hero], strategies: [only-strong], fallbacks: [house]}
experiments:
- {id: trial, decision: bar, arms: [{id: a, weight: 1}, {id: b, weight: 1}], holdout: 20%}
scopes:
- {id: home, decision: welcome, placement: hero}
- {id: list, decision: welcome, placement: grid}
- {id: bar-hero, decision: bar, placement: hero}
"""

PROFILES: list[dict[str, Any]] = [
    {"id": "ada", "attributes": {"age": 30, "tier": "plus"}},
    {"id": "bo", "attributes": {"age": 12}},
    {"id": "cy", "attributes": {"age": 40}, "aggregates": {"bought": 5}},
    {"id": "di", "context": {"attributes": {"weather": "rain"}}},
]

AT = "2026-11-02T09:00:00Z"


def write_definitions(folder: Path, text: str) -> Path:
    """Writes a folder of definitions with one file."""
    folder.mkdir()
    (folder / "shop.yaml").write_text(text)
    return folder


def write_profiles(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    """Writes JSON Lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path
