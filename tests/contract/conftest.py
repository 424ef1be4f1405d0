"""A small bundle, compiled once, for processes to serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving import compile_to

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}, {id: email, type: email}]
profile: [{name: age, type: int}]
events: [{id: visit}]
aggregates: [{id: visits, events: [visit], function: count}]
placements: [{id: web, channel: web, content_type: text}]
offers:
  - id: grown-up
    priority: 1
    eligibility: profile.age >= 18
    representations: [{placement: web, text: A}]
  - {id: everyone, representations: [{placement: web, text: B}]}
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [grown-up, everyone]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: web}]
"""


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with one scope, `hero`, and an aggregate that counts `visit` events."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return compile_to(folder, folder / "definitions")
