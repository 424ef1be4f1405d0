"""The page about places: what it shows compiles."""

from __future__ import annotations

import re
from pathlib import Path

from offerd.definitions import load
from offerd.model.place import Area, Circle

PAGE = Path(__file__).parents[3] / "docs" / "places.md"
BESIDE = """
placements: [{id: push, channel: push, content_type: text}]
offer_attributes: [{name: studio, type: string}]
collections: [{id: all, offers: [free-class]}]
strategies: [{id: best, collection: all, ranking: nearby-first}]
fallback_offers: [{id: none, representations: [{placement: push, text: Nothing today}]}]
decisions: [{id: next, placements: [push], strategies: [best], fallbacks: [none]}]
"""


def test_what_the_page_shows_compiles(tmp_path: Path) -> None:
    """Its places, and all that it asks of them, beside the little that it leaves out."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 2
    for number, text in enumerate((*blocks, BESIDE)):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    loaded = load([tmp_path])
    assert [str(warning) for warning in loaded.warnings] == []
    assert {type(place.fence) for place in loaded.catalogue.places} == {Area, Circle}
    functions = {str(read.function) for read in loaded.catalogue.place_reads}
    assert functions >= {"nearest", "nearest_open", "dwell", "last_exited", "distances"}
