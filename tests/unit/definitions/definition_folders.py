"""Folders of definitions for tests: a small shop whose definitions are right."""

from __future__ import annotations

import textwrap
from pathlib import Path

from offerd.definitions import Issue, load
from offerd.errors import DefinitionsError
from offerd.model.catalogue import Catalogue

PLACES = """
    placements:
    - {id: web, channel: web, content_type: html}
    - {id: app, channel: app, content_type: key_value, item_count: 2}
    fallback_offers:
    - id: welcome
      representations:
      - {placement: web, html: <p>Welcome</p>}
      - {placement: app, key_value: {title: Welcome}}
    """
DATA = """
    namespaces:
    - {id: crm, type: cross_device}
    - {id: ecid, type: cookie}
    profile:
    - {name: tier, type: string, values: [basic, plus]}
    - {name: age, type: int}
    offer_attributes:
    - {name: category, type: string}
    - {name: value, type: double}
    - {name: launched, type: timestamp}
    - {name: sizes, type: list(double)}
    events:
    - {id: purchase, properties: [{name: amount, type: double}, {name: category, type: string}]}
    aggregates:
    - {id: purchases, events: [purchase], function: count, where: event.amount > 0.0}
    audiences:
    - {id: plus, rule: profile.tier == "plus"}
    - {id: adults, rule: profile.age >= 18}
    """
OFFERS = """
    offers:
    - id: sale
      priority: 7
      start: 2026-01-01
      end: 2026-07-01T02:00:00+02:00
      tags: [spring, clothes]
      attributes: {category: clothes, value: 20, launched: 2025-12-24, sizes: [1, 2.5]}
      eligibility: profile.tier == "plus"
      caps:
      - {event: display, limit: 3, within: 24h}
      - {event: purchase, per: total, limit: 100}
      representations:
      - {placement: web, html: <p>Sale</p>}
      - {placement: web, language: SV-se, html: <p>Rea</p>}
    - id: bonus
      eligibility: audience("adults")
      tags: [clothes]
      representations:
      - {placement: app, key_value: {title: Bonus}}
      - {placement: web, html: <p>Sale</p>}
    collections:
    - {id: all, offers: [sale, bonus]}
    - {id: spring, any_tags: [spring, clothes], all_tags: [spring]}
    - {id: dear, where: offer.value > 10.0}
    strategies:
    - {id: first, collection: spring, constraint: profile.age >= 18}
    - {id: second, collection: all}
    - {id: third, collection: dear}
    decisions:
    - {id: best, placements: [web, app], strategies: [first, second, third], fallbacks: [welcome]}
    scopes:
    - {id: home, decision: best, placement: web, item_count: 3}
    """


def write(folder: Path, files: dict[str, str]) -> Path:
    """Writes files with their common indentation taken away; returns the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


def shop(folder: Path, **further: str) -> Path:
    """Writes the shop, and further files named by keywords."""
    files = {f"{name}.yaml": text for name, text in further.items()}
    return write(folder, {"data.yaml": DATA, "places.yaml": PLACES, "offers.yaml": OFFERS} | files)


def catalogue_of(folder: Path) -> Catalogue:
    """The catalogue of a folder that has neither mistakes nor warnings."""
    catalogue, warnings = load([folder])
    assert warnings == ()
    return catalogue


def mistakes_in(folder: Path) -> list[str]:
    """All mistakes of a folder as text; [] if it loads."""
    try:
        load([folder])
    except DefinitionsError as error:
        return [str(issue) for issue in error.issues if isinstance(issue, Issue)]
    return []
