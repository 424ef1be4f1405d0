"""CSV, JSON Lines and Parquet become profiles and events."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from offerd.imports import load_mapping
from offerd.model.profile import ProfileKey
from unit.imports.sales import SALES, SALES_DATA

DAY_NS = 86_400 * 10**9

MEMBERS = """
    imports:
    - name: members
      source: members.csv
      profiles:
        namespace: crm
        id: customer
        attributes:
          loyalty.tier: tier
          loyalty.points: points
          loyalty.joined: joined
          staff: staff
          score: score
          goals: {column: goals, split: "|"}
          name: {constant: somebody}
    """


def test_csv_becomes_profiles(world: Any) -> None:
    """Text of CSV is read as the declared types; an empty cell is an absent attribute."""
    world.write(
        "members.csv",
        """
        customer,tier,points,joined,staff,score,goals
        0042,plus,1200,2024-01-31T09:30:00+01:00,TRUE,0.75,strength | sleep
        43,,,,,,
        """,
    )
    report = world.run(MEMBERS)
    assert report.profiles == 2
    assert world.attributes("0042") == {
        "loyalty.tier": "plus",
        "loyalty.points": 1200,
        "loyalty.joined": 1_706_689_800 * 10**9,
        "staff": True,
        "score": 0.75,
        "goals": ["strength", "sleep"],
        "name": "somebody",
    }
    assert world.attributes("43") == {"name": "somebody"}


def test_csv_becomes_events(world: Any) -> None:
    """Each row is an event with an id of its columns, folded into its profile."""
    world.write("sales.csv", SALES_DATA)
    report = world.run(SALES, everything=True)
    assert (report.events, report.repeated, report.bad_rows) == (4, 0, [])
    first, second, third = sorted(world.events("7"), key=lambda event: event.id)
    assert (first.id, first.type, first.time_ns) == ("r1-1", "purchase", DAY_NS)
    assert first.properties == {"category": "yoga", "amount": 12.5, "quantity": 1}
    assert second.properties == {"amount": 2.5}
    assert third.time_ns == 2 * DAY_NS
    assert world.events("8")[0].time_ns == 3 * DAY_NS + 45_000 * 10**9 + 500_000_000
    assert world.state.profile(ProfileKey("crm", "7")).aggregates["spend"] == 45.0


def test_tab_separated_and_other_delimiters(world: Any) -> None:
    """Files called .tsv are separated by tabs; any other character can be named."""
    world.write("members.tsv", "customer\ttier\n1\tplus\n")
    world.write("members.csv", "customer;tier\n2;basic\n")
    head = "imports:\n"
    for source, more in (("members.tsv", ""), ("members.csv", '  delimiter: ";"\n')):
        head += f"- name: {source}\n  source: {source}\n{more}"
        head += "  profiles: {namespace: crm, id: customer, attributes: {loyalty.tier: tier}}\n"
    assert world.run(head).profiles == 2
    assert world.attributes("1") == {"loyalty.tier": "plus"}
    assert world.attributes("2") == {"loyalty.tier": "basic"}


def test_json_lines_becomes_profiles(world: Any) -> None:
    """Values of JSON Lines keep their types; text that looks like a date stays text."""
    world.write(
        "members.jsonl",
        """
        {"customer": 1, "name": "2024-01-31", "joined": "2024-01-31", "visits": [1, 2]}
        {"customer": 2, "name": null, "points": 5, "score": 3}
        """,
    )
    world.run(
        """
        imports:
        - name: members
          source: members.jsonl
          profiles:
            namespace: crm
            id: customer
            attributes:
              {name: name, loyalty.joined: joined, visits: visits, loyalty.points: points,
               score: score}
        """
    )
    joined = 1_706_659_200 * 10**9
    expected = {"name": "2024-01-31", "loyalty.joined": joined, "visits": [1, 2]}
    assert world.attributes("1") == expected
    assert world.attributes("2") == {"loyalty.points": 5, "score": 3.0}


def test_rows_that_say_themselves_what_they_are(world: Any) -> None:
    """Namespace, type and a whole JSON object of values may come from columns."""
    world.write(
        "events.jsonl",
        """
        {"ns": "email", "who": "A@b.example", "id": "e1", "type": "purchase", "at": "1970-01-02", "properties": {"amount": 1.5, "delivery": "1970-01-03T00:00:00Z"}}
        {"ns": "browser", "who": "c1", "id": "e2", "type": "visit", "at": "1970-01-02", "properties": {"store": "3"}}
        {"ns": "crm", "who": "7", "id": "e3", "type": "visit", "at": "1970-01-02"}
        """,  # noqa: E501
    )
    report = world.run(
        """
        imports:
        - name: events
          source: events.jsonl
          events:
            namespace: {column: ns}
            profile: who
            id: id
            type: {column: type}
            time: at
            properties_from: properties
        """
    )
    assert report.events == 3
    (purchase,) = world.events("a@b.example", "email")
    assert purchase.properties == {"amount": 1.5, "delivery": 2 * DAY_NS}
    assert world.events("c1", "browser")[0].properties == {"store": "3"}
    assert world.events("7")[0].properties == {}


def test_nested_objects_become_dotted_attributes(world: Any) -> None:
    """An object of attributes is read as a request's would be, here under one namespace."""
    world.write("members.jsonl", '{"id": "1", "a": {"loyalty": {"tier": "plus", "points": 3}}}\n')
    world.run(
        """
        imports:
        - name: members
          source: members.jsonl
          profiles: {namespace: crm, id: id, attributes_from: a}
        """
    )
    assert world.attributes("1") == {"loyalty.tier": "plus", "loyalty.points": 3}


def test_parquet_keeps_its_types(world: Any) -> None:
    """Integers serve as text and as doubles, decimals as doubles, times as timestamps."""
    world.write_parquet(
        "sales.parquet",
        "SELECT 7 AS customer, 'a' AS id, DATE '1970-01-02' AS day, 12 AS category, "
        "1.25::DECIMAL(9,2) AS amount, 3::UTINYINT AS quantity, true AS gift, "
        "TIMESTAMP_NS '1970-01-01 00:00:00.123456789' AS delivery",
    )
    world.run(
        """
        imports:
        - name: sales
          source: sales.parquet
          events:
            namespace: crm
            profile: customer
            id: id
            type: purchase
            time: day
            properties:
              {category: category, amount: amount, quantity: quantity, gift: gift,
               delivery: delivery}
        """
    )
    (event,) = world.events("7")
    assert event.time_ns == DAY_NS
    assert event.properties == {
        "category": "12",
        "amount": 1.25,
        "quantity": 3,
        "gift": True,
        "delivery": 123_456_789,
    }


def test_query_joins_tables(world: Any) -> None:
    """A query over named tables gives the rows; tables may be patterns of files."""
    world.write("sales-1.csv", "id,customer,time,sku\n1,7,1970-01-02,A\n")
    world.write("sales-2.csv", "id,customer,time,sku\n2,7,1970-01-02,B\n")
    world.write_parquet("products.parquet", "SELECT 'A' AS sku, 'yoga' AS category")
    report = world.run(
        """
        tables: {sales: sales-*.csv, products: products.parquet}
        imports:
        - name: sales
          query: |
            SELECT sales.*, category FROM sales LEFT JOIN products USING (sku);
          events:
            namespace: crm
            profile: customer
            id: id
            type: purchase
            time: time
            properties: {category: category}
        """
    )
    assert report.events == 2
    assert [event.properties for event in world.events("7")] == [{"category": "yoga"}, {}]


def test_pattern_takes_all_files(world: Any) -> None:
    """A pattern is every file that it matches, each with rows of its own."""
    world.write("part-1.csv", "customer\n1\n")
    world.write("part-2.csv", "customer\n2\n3\n")
    mapping = "imports: [{name: all, source: part-*.csv, profiles: {namespace: crm, id: customer}}]"
    assert world.run(mapping).profiles == 3


def test_file_of_an_installed_package(world: Any, tmp_path: Any, monkeypatch: Any) -> None:
    """`package:` finds a file inside a package without importing the package."""
    package = tmp_path / "somewhere" / "shopdata"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "data" / "members.csv").write_text("customer\n9\n")
    monkeypatch.syspath_prepend(str(tmp_path / "somewhere"))
    mapping = (
        "imports: [{name: m, source: 'package:shopdata/data/members.csv', "
        "profiles: {namespace: crm, id: customer}}]"
    )
    assert world.run(mapping).profiles == 1


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-07-01 12:00:00", "2024-07-01T10:00:00"),
        ("2024-01-01 12:00:00", "2024-01-01T11:00:00"),
        ("2024-10-27 02:30:00", "2024-10-27T00:30:00"),
        ("2024-03-31 02:30:00", "2024-03-31T01:30:00"),
    ],
)
def test_times_without_zone_are_in_the_stated_one(
    world: Any, form: str, local: str, utc: str
) -> None:
    """Naive times are in `time_zone`, in files of any kind; of two such times the first."""
    world.write_parquet("visits.parquet", f"SELECT 1 AS c, TIMESTAMP '{local}' AS t")
    world.write("visits.csv", f"c,t\n1,{local}\n")
    world.run(
        f"""
        imports:
        - name: visits
          source: visits.{form}
          time_zone: Europe/Stockholm
          events: {{namespace: crm, profile: c, id: c, type: visit, time: t}}
        """
    )
    from offerd.admission import parse_instant

    assert world.events("1")[0].time_ns == parse_instant(utc + "Z")


def test_documented_mappings_are_well_formed(world: Any) -> None:
    """Every mapping in docs/import.md can be read, and the first one imports its data."""
    page = Path(__file__).resolve().parents[3] / "docs" / "import.md"
    text = page.read_text(encoding="utf-8")
    mappings = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(mappings) == 3
    for mapping in mappings:
        world.write("import.yaml", mapping)
        load_mapping(world.folder / "import.yaml")
    data = re.search(r"`members.csv`:\n\n((?:    .*\n)+)", text)
    assert data is not None
    world.write("members.csv", data[1])
    without_origin = re.sub(r".*origin:.*\n", "", mappings[0])
    assert world.run(without_origin).profiles == 2
    assert world.attributes("0042")["goals"] == ["strength", "sleep"]
