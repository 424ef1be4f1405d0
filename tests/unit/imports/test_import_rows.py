"""Which rows are taken: by conditions, the first time and again, and around bad ones."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.errors import DataError
from unit.imports.sales import SALES, SALES_DATA


def test_slice_is_taken_unless_everything_is_asked_for(world: Any) -> None:
    """The condition `slice` holds by default, and not with `everything`; the rest is added."""
    world.write("sales.csv", SALES_DATA)
    assert world.run(SALES).events == 2
    report = world.run(SALES, everything=True)
    assert (report.events, report.repeated) == (2, 2)


def test_where_holds_in_any_case(world: Any) -> None:
    """The condition `where` keeps rows out even when everything is asked for."""
    world.write("sales.csv", SALES_DATA)
    mapping = SALES.replace("slice:", "where: category = 'yoga'\n      slice:")
    assert world.run(mapping, everything=True).events == 2


def test_import_twice_changes_nothing(world: Any) -> None:
    """Events keep their ids, so a second run finds all of them there and profiles as they were."""
    world.write("sales.csv", SALES_DATA)
    world.run(SALES, everything=True)
    before = sorted(map(repr, world.state.profiles()))
    report = world.run(SALES, everything=True)
    assert (report.events, report.repeated, report.clashing) == (0, 4, 0)
    assert sorted(map(repr, world.state.profiles())) == before


def test_event_that_says_something_else_clashes(world: Any) -> None:
    """A row with the id of a stored event but another content is left out and counted."""
    world.write("sales.csv", SALES_DATA)
    world.run(SALES, everything=True)
    world.write("sales.csv", SALES_DATA.replace("12.5", "13.5"))
    report = world.run(SALES, everything=True)
    assert (report.events, report.repeated, report.clashing) == (0, 3, 1)
    assert world.state.event("r1-1").properties["amount"] == 12.5


def test_rows_before_a_bad_one_stay(world: Any) -> None:
    """The first bad row stops an import; once it is corrected the import can be repeated."""
    world.write("sales.csv", SALES_DATA.replace("30,2", "30,many"))
    with pytest.raises(DataError, match="row 3"):
        world.run(SALES, everything=True)
    world.write("sales.csv", SALES_DATA)
    report = world.run(SALES, everything=True)
    assert report.events + report.repeated == 4
    assert world.state.counts().events == 4


def test_bad_rows_are_left_out_up_to_a_number(world: Any) -> None:
    """With `max_errors` bad rows are reported with file and row, and the others are taken."""
    world.write("sales.csv", SALES_DATA.replace("30,2", "30,many").replace("1e1", "x"))
    report = world.run(SALES, everything=True, max_errors=2)
    assert report.events == 2
    assert [world.message(row) for row in report.bad_rows] == [
        "`sales.csv`, row 3: `properties.quantity` is a string `many`; expected an integer",
        "`sales.csv`, row 4: `properties.amount` is a string `x`; expected a number",
    ]
    with pytest.raises(DataError, match="row 4"):
        world.run(SALES, everything=True, max_errors=1)


def test_many_batches_and_a_bad_row_among_them(world: Any) -> None:
    """Rows beyond the first batch are taken as well; one bad row costs no other."""
    world.write_parquet(
        "visits.parquet",
        "SELECT range % 50 AS c, 'visit-' || range AS id, DATE '1970-01-02' AS t, "
        "CASE range WHEN 12345 THEN chr(0) ELSE range::VARCHAR END AS store FROM range(25000)",
    )
    report = world.run(
        """
        imports:
        - name: visits
          source: visits.parquet
          events: {namespace: crm, profile: c, id: id, type: visit, time: t,
                   properties: {store: store}}
        """,
        max_errors=1,
    )
    assert (report.events, [bad.row for bad in report.bad_rows]) == (24_999, [12_346])
    assert len(world.events("7")) == 500


def test_ids_with_unusual_characters(world: Any) -> None:
    """An id may hold any printable text and special spaces, but no control characters."""
    mapping = (
        "imports: [{name: v, source: v.csv, events: "
        "{namespace: crm, profile: c, id: id, type: visit, time: t}}]"
    )
    world.write("v.csv", "c,id,t\n1,köp\u00a01,1970-01-02\n1,köp\u200b2,1970-01-02\n")
    assert world.run(mapping).events == 2
    world.write("v.csv", "c,id,t\n1,a\x07b,1970-01-02\n")
    with pytest.raises(DataError, match=r"`events.id` holds U\+0007 at character 2"):
        world.run(mapping)
