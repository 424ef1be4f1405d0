"""A folder without mistakes becomes a catalogue with numbers instead of names."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from offerd.definitions import load
from offerd.expression import decode
from offerd.model.capping import Cap
from offerd.model.catalogue import Collection, Representation
from offerd.model.content import Content, ContentType
from offerd.model.schema import ValueType
from offerd.model.selection import Decision, Group, Scope, Strategy
from seeds import random_seed
from unit.definitions.definition_folders import (
    DATA,
    OFFERS,
    PLACES,
    catalogue_of,
    mistakes_in,
    shop,
    write,
)

DAY_NS = 86_400_000_000_000
NEW_YEAR_2026_NS = 1_767_225_600_000_000_000


def test_offers_are_sorted_by_id_and_complete(tmp_path: Path) -> None:
    """Offers are in the order of their ids, with instants in nanoseconds and typed attributes."""
    bonus, sale = catalogue_of(shop(tmp_path)).offers
    assert (bonus.id, sale.id) == ("bonus", "sale")
    assert (bonus.priority, bonus.start_ns, bonus.end_ns) == (0, None, None)
    assert (sale.priority, sale.start_ns) == (7, NEW_YEAR_2026_NS)
    assert sale.end_ns == NEW_YEAR_2026_NS + 181 * DAY_NS
    assert sale.tags == ("spring", "clothes")
    assert sale.attributes == {
        "category": "clothes",
        "launched": NEW_YEAR_2026_NS - 8 * DAY_NS,
        "sizes": [1.0, 2.5],
        "value": 20.0,
    }
    assert isinstance(sale.attributes["value"], float)
    assert sale.caps == (
        Cap(0, 3, DAY_NS),
        Cap(1, 100),
    )


def test_equal_content_is_kept_once(tmp_path: Path) -> None:
    """Two offers with the same content for a placement share one entry of the content table."""
    catalogue = catalogue_of(shop(tmp_path))
    bonus, sale = catalogue.offers
    shared = bonus.representations[1].content
    assert catalogue.contents[shared] == Content(ContentType.HTML, "<p>Sale</p>")
    assert sale.representations == (
        Representation("web", "", shared),
        Representation("web", "sv-SE", sale.representations[1].content),
    )
    assert len(catalogue.contents) == len(set(map(repr, catalogue.contents)))


def test_equal_rules_share_a_number(tmp_path: Path) -> None:
    """The same rule of an audience and of an offer, or of a strategy, is one entry of the table."""
    catalogue = catalogue_of(shop(tmp_path))
    adults, plus = catalogue.audiences
    bonus, sale = catalogue.offers
    assert sale.eligibility == plus.rule
    assert catalogue.strategies[0].constraint == adults.rule
    assert bonus.eligibility not in (adults.rule, plus.rule)
    assert [rule.source for rule in catalogue.rules] == [
        "profile.age >= 18",
        'profile.tier == "plus"',
        'audience("adults")',
    ]
    for rule in (*catalogue.rules, *catalogue.event_filters):
        assert decode(rule.tree).source == rule.source


def test_collections_strategies_and_decisions_are_numbered(tmp_path: Path) -> None:
    """Collections hold numbers of offers; strategies, decisions and scopes name what they use."""
    catalogue = catalogue_of(shop(tmp_path))
    assert catalogue.collections == (
        Collection("all", (0, 1)),
        Collection("dear", (1,)),
        Collection("spring", (1,)),
    )
    first = catalogue.audiences[0].rule
    assert catalogue.strategies == (
        Strategy("first", 2, first),
        Strategy("second", 0, None),
        Strategy("third", 1, None),
    )
    assert catalogue.decisions == (
        Decision(
            "best",
            ("web", "app"),
            (Group(strategies=(0,)), Group(strategies=(1,)), Group(strategies=(2,))),
            ("welcome",),
        ),
    )
    assert catalogue.scopes == (Scope("home", "best", "web", 3),)


def test_schema_keeps_the_order_of_declaration(tmp_path: Path) -> None:
    """Namespaces and attributes are in the order written; aggregates have the type rules see."""
    schema = catalogue_of(shop(tmp_path)).schema
    assert [namespace.id for namespace in schema.namespaces] == ["crm", "ecid"]
    assert [attribute.path for attribute in schema.profile] == ["tier", "age"]
    assert schema.aggregates[0].type is ValueType.INT
    assert schema.aggregates[0].where == 0


@pytest.mark.parametrize(
    ("aggregate", "kind"),
    [
        ("function: count", ValueType.INT),
        ("function: count, group_by: category", ValueType.MAP_INT),
        ("function: sum, value: amount", ValueType.DOUBLE),
        ("function: sum, value: points", ValueType.INT),
        ("function: max, value: paid", ValueType.TIMESTAMP),
        ("function: max, value: amount, group_by: category", ValueType.MAP_DOUBLE),
        ("function: first_time", ValueType.TIMESTAMP),
        ("function: last_time, group_by: category", ValueType.MAP_TIMESTAMP),
    ],
)
def test_types_of_aggregates(tmp_path: Path, aggregate: str, kind: ValueType) -> None:
    """An aggregate's type follows from its function, its value and whether it is grouped."""
    text = f"""
    events:
    - id: purchase
      properties:
      - {{name: amount, type: double}}
      - {{name: points, type: int}}
      - {{name: paid, type: timestamp}}
      - {{name: category, type: string}}
    aggregates:
    - {{id: figure, events: [purchase, click], {aggregate}}}
    """
    write(tmp_path, {"all.yaml": text})
    assert catalogue_of(tmp_path).schema.aggregates[0].type is kind


def test_same_definitions_in_other_files_give_the_same_catalogue(tmp_path: Path) -> None:
    """How definitions are spread over files and folders, and written, changes nothing."""
    expected = catalogue_of(shop(tmp_path / "one"))
    sections = [
        f"{name}:\n{body}"
        for text in (PLACES, OFFERS, DATA)
        for name, body in _sections(text).items()
    ]
    seed = random_seed()
    shuffle = random.Random(seed).shuffle
    shuffle(sections)
    for number, text in enumerate(sections):
        write(tmp_path / "two" / f"{number % 3}", {f"{number}.yml": text})
    assert catalogue_of(tmp_path / "two") == expected


def test_loading_again_gives_the_same_catalogue(tmp_path: Path) -> None:
    """The same files give equal tables each time."""
    folder = shop(tmp_path)
    assert load([folder]) == load([folder])


def test_several_folders_are_joined(tmp_path: Path) -> None:
    """Definitions of one folder may name those of another; a path may be a file."""
    one = write(tmp_path / "one", {"data.yaml": DATA, "places.yaml": PLACES})
    two = write(tmp_path / "two", {"offers.yaml": OFFERS})
    together = load([one, two]).catalogue
    assert together == load([one, two / "offers.yaml"]).catalogue
    assert together == load([two, one]).catalogue


def test_warnings_name_what_is_probably_not_meant(tmp_path: Path) -> None:
    """What nothing leads to is legal, and warned of at its place."""
    shop(
        tmp_path,
        more="""
        placements:
        - {id: till, channel: shop, content_type: text}
        offers:
        - {id: lonely, representations: [{placement: till, text: Hello}]}
        fallback_offers:
        - {id: other, representations: [{placement: web, language: en, html: Hello}]}
        - {id: unused, representations: [{placement: web, html: Hello}]}
        collections:
        - {id: none, any_tags: [sprung]}
        strategies:
        - {id: fourth, collection: none}
        decisions:
        - {id: other, placements: [web], strategies: [second], fallbacks: [other]}
        """,
    )
    assert [str(warning).partition("more.yaml:")[2] for warning in load([tmp_path]).warnings] == [
        "2:8: no decision serves the placement `till`",
        "4:8: no collection holds the offer `lonely`",
        "7:8: no decision uses the fallback offer `unused`",
        "9:8: no decision uses the collection `none`",
        "9:8: the collection `none` holds no offers",
        "9:25: no offer has the tag `sprung`: did you mean `spring`?",
        "11:8: no decision uses the strategy `fourth`",
        "13:28: no fallback offer of `other` has a representation in the default language for "
        "`web`",
    ]


def test_an_audience_that_nothing_uses_is_not_warned_of(tmp_path: Path) -> None:
    """Audiences may be there for callers alone."""
    shop(tmp_path, more="audiences: [{id: young, rule: profile.age < 18}]")
    assert load([tmp_path]).warnings == ()


def test_every_mistake_of_a_folder_is_reported_at_once(tmp_path: Path) -> None:
    """Mistakes in three files, of five kinds, are reported together in the order of the files."""
    shop(
        tmp_path / "shop",
        a="profile: [{name: teir, typ: string}]",
        b="""
        audiences:
        - {id: plus, rule: profile.age > 3}
        - {id: other, rule: profile.agee > 3}
        """,
        c="""
        offers:
        - {id: x, start: 2026-02-01, end: 2026-01-01, representations: [{placement: wb, text: t}]}
        """,
    )
    assert mistakes_in(tmp_path / "shop") == [
        "shop/a.yaml:1:11: an attribute needs `type`",
        "shop/a.yaml:1:24: an attribute has no field `typ`: did you mean `type`?",
        "shop/b.yaml:3:21: unknown attribute `profile.agee`: did you mean `profile.age`?",
        "shop/c.yaml:2:35: the offer ends before it starts: `end` `2026-01-01` must be after "
        "`start` `2026-02-01`",
        "shop/c.yaml:2:77: unknown placement `wb`: did you mean `web`?",
        "shop/data.yaml:17:8: the audience `plus` is defined twice: first at shop/b.yaml:2:8",
    ]


def _sections(text: str) -> dict[str, str]:
    """The sections of a text of definitions, each with its lines."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        stripped = line[4:]
        if stripped.endswith(":") and stripped[:1].isalpha():
            current = sections.setdefault(stripped[:-1], [])
        elif stripped.strip():
            current.append(stripped)
    return {name: "\n".join(lines) for name, lines in sections.items()}
