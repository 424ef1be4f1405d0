"""Offers in CSV and JSON Lines are the same as in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.definitions import load
from offerd.model.catalogue import Offer
from offerd.model.content import Content, ContentType
from unit.definitions.definition_folders import DATA, PLACES, mistakes_in, write

MORE = """
    profile: [{name: points, type: int}]
    offer_attributes:
    - {name: active, type: bool}
    - {name: count, type: int}
    - {name: colours, type: list(string)}
    placements:
    - {id: feed, channel: app, content_type: json}
    - {id: banner, channel: email, content_type: image_link}
    - {id: jump, channel: web, content_type: redirect}
    - {id: web.side, channel: web, content_type: text}
    """


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Declarations and placements, without offers."""
    return write(tmp_path, {"data.yaml": DATA, "places.yaml": PLACES, "more.yaml": MORE})


def offers_of(folder: Path) -> tuple[list[Offer], tuple[Content, ...]]:
    """The offers and contents of a folder."""
    catalogue = load([folder]).catalogue
    return list(catalogue.offers), catalogue.contents


def test_a_row_is_an_offer(folder: Path) -> None:
    """Every column means what its field means; an empty cell is an absent field."""
    row = write(
        folder / "csv",
        {
            "offers.csv": "id,name,priority,start,end,tags,eligibility,attributes.category,"
            "attributes.value,attributes.launched,attributes.sizes,content.web,content.web.SV\n"
            'one,"One, two",5,2026-01-01,2026-02-01T00:00:00Z,a;b,"profile.tier == ""plus""",'
            "007,3,2025-01-01,1;2.5,<p>Hello</p>,<p>Hej</p>\n"
            "two,,,,,,,,,,,<p>Hello</p>,\n"
        },
    )
    found = offers_of(folder)
    (row / "offers.csv").unlink()
    write(
        folder / "yaml",
        {
            "offers.yaml": """
            offers:
            - id: one
              name: One, two
              priority: 5
              start: 2026-01-01
              end: 2026-02-01
              tags: [a, b]
              eligibility: profile.tier == "plus"
              attributes: {category: "007", value: 3, launched: 2025-01-01, sizes: [1, 2.5]}
              representations:
              - {placement: web, html: <p>Hello</p>}
              - {placement: web, language: sv, html: <p>Hej</p>}
            - id: two
              representations: [{placement: web, html: <p>Hello</p>}]
            """
        },
    )
    assert found == offers_of(folder)


def test_cells_are_read_by_the_declared_type(folder: Path) -> None:
    """Booleans, integers and lists in cells; a text is never taken for a number."""
    write(
        folder,
        {
            "offers.csv": "id,attributes.active,attributes.count,attributes.colours,"
            "attributes.category,content.web\none,true,0x10,red; blue ;,12,x\n"
        },
    )
    (offer,), _ = offers_of(folder)
    assert offer.attributes == {
        "active": True,
        "category": "12",
        "colours": ["red", "blue"],
        "count": 16,
    }


def test_content_is_read_by_the_placement_s_type(folder: Path) -> None:
    """JSON where the placement shows data, an address or JSON for images, text otherwise."""
    write(
        folder,
        {
            "offers.csv": "id,content.app,content.feed,content.banner,content.banner.en,"
            "content.jump,content.web.side\n"
            'one,"{""a"": ""1""}","[1, null, ""\\ud83d\\ude00""]",https://example.com/a.png,'
            '"{""url"": ""b"", ""link_url"": ""c""}",https://example.com,"{""a"""\n'
        },
    )
    (offer,), contents = offers_of(folder)
    assert [(r.placement, r.language) for r in offer.representations] == [
        ("app", ""),
        ("feed", ""),
        ("banner", ""),
        ("banner", "en"),
        ("jump", ""),
        ("web.side", ""),
    ]
    assert [contents[r.content] for r in offer.representations] == [
        Content(ContentType.KEY_VALUE, {"a": "1"}),
        Content(ContentType.JSON, [1, None, "\U0001f600"]),
        Content(ContentType.IMAGE_LINK, {"url": "https://example.com/a.png"}),
        Content(ContentType.IMAGE_LINK, {"url": "b", "link_url": "c"}),
        Content(ContentType.REDIRECT, "https://example.com"),
        Content(ContentType.TEXT, '{"a"'),
    ]


def test_a_cell_may_have_lines_and_quotes(folder: Path) -> None:
    """Quoted cells hold commas, quotes and line ends; lines of issues still count from the top."""
    write(
        folder,
        {
            "offers.csv": 'id,content.web,eligibility\r\none,"a\r\n""b"",c",\r\n\r\n'
            'two,x,"profile.tier == ""basic"" ||\r\n  profile.tear == ""plus"""\r\n'
        },
    )
    mistakes = mistakes_in(folder)
    assert mistakes == [
        f"{folder.name}/offers.csv:6:3: row 4, column `eligibility`: unknown attribute "
        "`profile.tear`: did you mean `profile.tier`?"
    ]


def test_a_line_is_an_offer(folder: Path) -> None:
    """JSON Lines with any line end, blank lines between them, and no end after the last."""
    write(folder, {"offers.jsonl": ""})
    (folder / "offers.jsonl").write_bytes(
        b'{"id": "one", "representations": [{"placement": "feed", "json": null}]}\r\n\r\n'
        b'{"id": "two", "priority": 3, "representations": [{"placement": "web", "html": "\\u00e5'
        b'\\ud83d\\ude00"}]}'
    )
    (one, two), contents = offers_of(folder)
    assert contents[one.representations[0].content] == Content(ContentType.JSON, None)
    assert contents[two.representations[0].content].body == "å\U0001f600"
    assert two.priority == 3


def test_json_text_and_number_are_different_content(folder: Path) -> None:
    """`1`, `1.0`, `"1"` and `true` as JSON content are four contents."""
    lines = [
        f'{{"id": "o{n}", "representations": [{{"placement": "feed", "json": {body}}}]}}'
        for n, body in enumerate(["1", "1.0", '"1"', "true"])
    ]
    write(folder, {"offers.jsonl": "\n".join(lines)})
    offers, contents = offers_of(folder)
    bodies = [contents[offer.representations[0].content].body for offer in offers]
    assert [type(body) for body in bodies] == [int, float, str, bool]


def test_bulk_offers_are_collected_by_tag(folder: Path) -> None:
    """Offers of all files are in one table, sorted by id, and collections see all of them."""
    write(
        folder,
        {
            "a.csv": "id,tags,content.web\nzebra,x,Z\nant,x,A\n",
            "b.jsonl": '{"id": "mouse", "tags": ["x"], "representations": '
            '[{"placement": "web", "html": "M"}]}',
            "c.yaml": "collections: [{id: all, any_tags: [x]}]",
        },
    )
    catalogue = load([folder]).catalogue
    assert [offer.id for offer in catalogue.offers] == ["ant", "mouse", "zebra"]
    assert catalogue.collections[0].offers == (0, 1, 2)


def test_empty_lines_before_the_header_are_passed_over(folder: Path) -> None:
    """A file may begin with empty lines; what follows is the header."""
    (folder / "bulk.csv").write_text("id,content.web.side\nx,Hello\n", encoding="utf-8")
    expected = load([folder]).catalogue
    (folder / "bulk.csv").write_text("\n\r\nid,content.web.side\nx,Hello\n", encoding="utf-8")
    assert load([folder]).catalogue == expected
