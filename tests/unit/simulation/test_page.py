"""Pages: their structure, and that nothing of others becomes markup or runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from offerd.simulation.charts import bars
from offerd.simulation.page import report_page
from offerd.simulation.report import Coverage, FrequentReason, Report, ScopeReport
from unit.simulation.shop import AT, SHOP, write_definitions, write_profiles

_VOID = {"meta", "br", "link", "img", "input"}
EVIL = "</title></style></code><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}"


class _Page(HTMLParser):
    """The tags of a page, which must nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _report(text: str) -> Report:
    reason = FrequentReason("eligibility", 2, text, 1, 2)
    offers = [
        Coverage(text, 3, 2, 2, 1, {"eligibility": 1}, reason),
        Coverage(text + "2", 3, 2, 0, 0, {"rank": 2}, reason, {text: 2}),
        Coverage(text + "3", 3, 0, 0, 0, {"eligibility": 3}, reason),
    ]
    outcomes = {"proposed": 2, "topped_up": 0, "fallback": 1, "nothing": 0}
    scope = ScopeReport(text, text, text, 1, outcomes, offers, {text: 1}, [])
    return Report(
        text, text, text, AT, 3, False, [text], [scope], offers, [text], {text: 1}, {text: 1}, []
    )


def test_no_text_becomes_markup() -> None:
    """Whatever stands in ids, reasons and file names comes out as the text that it is."""
    page = _Page(report_page(_report(EVIL)))
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not any(name.startswith("on") for name in page.attributes)
    assert "{{ 7*7 }}" in page.text
    assert page.tags.count("title") >= 1


def test_profiles_can_not_inject_markup(run: Callable[..., Any], tmp_path: Path) -> None:
    """Attributes and ids of profiles are escaped where reasons and tables show them."""
    shop = write_definitions(tmp_path / "shop", SHOP)
    records = [{"id": EVIL, "attributes": {"nickname": "x" + EVIL}, "aggregates": {"bought": 1}}]
    file = write_profiles(tmp_path / "p.jsonl", records)
    out = tmp_path / "page.html"
    result = run("simulate", shop, "--profiles", file, "--at", AT, "--html", out)
    assert result.exit_code == 0, result.output
    page = _Page(out.read_text())
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert EVIL in page.text


def test_a_page_stands_alone(run: Callable[..., Any], shop: Path, profiles: Path) -> None:
    """It loads nothing, runs nothing, forbids both, and has a chart and a table of each kind."""
    out = shop.parent / "page.html"
    result = run("simulate", shop, "--profiles", profiles, "--html", out)
    assert result.exit_code == 0, result.output
    text = out.read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    links = set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<)]*", text))
    assert links <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    page = _Page(text)
    assert "script" not in page.tags
    assert not {"src", "href"} & page.attributes
    assert page.tags.count("svg") == 6
    for heading in ("Outcome by scope", "Coverage of offers", "Shadowed offers", "The profiles"):
        assert heading in page.text


def test_a_page_of_differences_stands_alone(
    run: Callable[..., Any], shop: Path, profiles: Path, tmp_path: Path
) -> None:
    """The page of a comparison tells both revisions, transitions, and definitions."""
    other = write_definitions(
        tmp_path / "other", SHOP.replace("profile.age >= 18", "profile.age > 35")
    )
    out = tmp_path / "diff.html"
    result = run("diff", shop, other, "--profiles", profiles, "--at", AT, "--html", out)
    assert result.exit_code == 0, result.output
    page = _Page(out.read_text())
    assert "script" not in page.tags
    for text in ("What changes", "get another answer", "why not now", "Audiences"):
        assert text in page.text


def test_the_same_report_is_the_same_page(
    run: Callable[..., Any], shop: Path, profiles: Path
) -> None:
    """Pages can be compared: nothing in them is random."""
    pages = []
    for name in ("one.html", "two.html"):
        out = shop.parent / name
        run("simulate", shop, "--profiles", profiles, "--at", AT, "--html", out)
        pages.append(out.read_text())
    assert pages[0] == pages[1]


def test_bars_of_nothing_are_a_chart_too() -> None:
    """No rows say so; rows without a count, and counts of any size, are drawn."""
    assert "<svg" not in bars([], {}, name="none")
    assert "<svg" in bars(["a"], {"x": [0]}, name="zero", most=0)
    assert "<svg" in bars(["a"], {"x": [1_234_567]}, name="many", most=1_234_567)
