"""A shop that uses everything that selection has; with the small one it is right."""

from __future__ import annotations

from pathlib import Path

from unit.definitions.definition_folders import shop

RICH = """
    profile:
    - {name: segment, type: string}
    - {name: first_name, type: string}
    scores:
    - {id: yoga-propensity, description: Would they buy a mat?}
    offers:
    - id: mat
      priority: 5
      tags: [gear]
      attributes: {category: yoga}
      eligibility: offer.category == "yoga" && score("yoga-propensity") > 0.2
      replaces: [strap]
      caps:
      - {event: decision, per: total, limit: 10, every: {unit: day, time_zone: Europe/Stockholm}}
      - {event: display, limit: "audience('plus') ? 5 : 3", at_most: 20, placements: each}
      - {event: click, limit: 2, placements: [web, app], within: 1m}
      - {event: purchase, limit: 1, about: any, where: event.amount > 10.0}
      representations:
      - {placement: web, html: '<p>{{ profile.first_name | "friend" }}, a mat</p>'}
      - {placement: app, key_value: {title: "Mat {{ offer.id }}"}}
    - id: strap
      status: paused
      tags: [gear]
      attributes: {category: yoga, value: 12}
      representations:
      - {placement: web, html: <p>A strap</p>}
    collections:
    - {id: gear, any_tags: [gear]}
    - {id: early, where: offer.priority > 4 && offer.id != "sale" && !("spring" in offer.tags)}
    caps:
    - id: gear-weekly
      collection: gear
      event: display
      limit: 5
      every: {unit: week, count: 2, week_starts: sunday}
      placements: [web]
    exclusions:
    - {id: one-gear, collection: gear, at_most: 1, within: scope}
    - {id: no-sale, any_tags: [spring], at_most: 0, when: audience("adults")}
    score_tables:
    - id: uplift
      segment: profile.segment
      default: 0.1
      scores: {vip: {mat: 0.8, sale: 1}, new: {strap: -1.5}}
    - {id: filed, segment: profile.segment, file: scores.csv}
    rankings:
    - id: boosted
      formula: double(offer.priority) * 2.0
      boosts:
      - {when: offer.category == "yoga", score: 100}
      - {when: profile.age > 3, score: score("yoga-propensity")}
      failed_score: -1.0
      minimum_score: 0.5
    - {id: by-segment, table: uplift}
    - {id: by-file, table: filed}
    - {id: learned, model: my-model}
    strategies:
    - {id: boosted-gear, collection: gear, ranking: boosted}
    - {id: segment-gear, collection: gear, ranking: by-segment}
    - {id: filed-gear, collection: gear, ranking: by-file}
    - {id: learned-early, collection: early, ranking: learned}
    decisions:
    - id: rich
      placements: [web]
      strategies: [{offers: [sale, mat]}, {group: [boosted-gear, segment-gear]}, second]
      fallbacks: [sale, welcome]
      top_up: true
      ties: daily
    experiments:
    - id: hero
      decision: rich
      rollout: 50%
      holdout: 0.25%
      arms:
      - {id: control, weight: 1}
      - {id: other, weight: 3, strategies: [filed-gear, {group: [learned-early]}]}
    """
SCORES = "offer,segment,score\nmat,vip,2\nstrap,vip,0.5\nmat,,1e-1\n"


def rich_shop(folder: Path) -> Path:
    """Writes the small shop and what this one adds."""
    shop(folder, rich=RICH)
    (folder / "scores.csv").write_text(SCORES, encoding="utf-8")
    return folder
