"""The page of a map: whole in itself, and safe whatever people write."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from offerd.model.place import Point
from offerd.simulation.map_page import map_page
from offerd.simulation.rendering import fingerprint
from unit.simulation.atlas import drawn, places, studio


class _Page(HTMLParser):
    """Collects elements, and the text of scripts by their type."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = dict(attrs).get("type") or "code" if tag == "script" else ""

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.scripts[self._in] = self.scripts.get(self._in, "") + data


def test_it_loads_nothing_and_runs_its_own_script_alone() -> None:
    """No address anywhere; the policy names the script by its fingerprint."""
    text = map_page(drawn(places()))
    page = _Page(text)
    assert not re.search(r"https?://|//[a-z]+\.", text)
    assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object")]
    assert not [a for _, attributes in page.tags for a in attributes if a in ("src", "href")]
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    (policy,) = [a["content"] for t, a in page.tags if a.get("http-equiv")]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert fingerprint(page.scripts["code"]) in policy


def test_what_people_write_stays_text() -> None:
    """A name that looks like markup neither ends the data nor becomes an element."""
    name = "</script><script>alert(1)</script>"
    page = _Page(map_page(drawn(places(studio(name, 1.0, 2.0)))))
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 2
    data = json.loads(page.scripts["application/json"])
    assert data["places"][0]["name"] == name.title()


def test_it_says_what_it_left_out() -> None:
    """How many places aren't drawn, of how many, and which are."""
    text = map_page(drawn(places(), limit=2))
    assert "3 of 5 places are left out: the first defined are shown" in text
    assert "left out" not in map_page(drawn(places())).split("<script")[0]


def test_everything_has_a_name_for_those_who_dont_see_it() -> None:
    """The map, its buttons and the search are labelled, and the map can have the focus."""
    page = _Page(map_page(drawn(places(), near=Point(59.3, 18.0))))
    by_id = {attributes["id"]: attributes for _, attributes in page.tags if "id" in attributes}
    assert by_id["map"]["tabindex"] == "0"
    assert by_id["map"]["aria-label"]
    for tag, attributes in page.tags:
        if tag == "button":
            assert attributes["aria-label"]
    assert by_id["search"]["aria-controls"] == "found"
    assert [a["for"] for tag, a in page.tags if tag == "label" and "for" in a] == ["search"]


@pytest.mark.parametrize("name", ["#places", "showAll", "drawOverlaps", "circleRing"])
def test_the_script_is_whole(name: str) -> None:
    """All parts of the script are in it."""
    assert name.removeprefix("#") in map_page(drawn(places()))
