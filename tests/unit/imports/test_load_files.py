"""Files for `offerd load`: which columns are what, and which rows can't be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from offerd.errors import DataError, InvalidArgument
from offerd.imports.load_files import FileOptions, FileRow, LoadFile
from offerd.imports.sources import connect

NOON_NS = 1_769_860_800 * 10**9  # 2026-01-31T12:00:00Z


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own."""
    connection = connect(tmp_path / "spill")
    yield connection
    connection.close()


class Reader:
    """Writes files and reads them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder

    def file(self, name: str, text: str, options: FileOptions) -> LoadFile:
        """Returns a file of a text, opened."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return LoadFile(self.connection, path, options)

    def rows(self, name: str, text: str, options: FileOptions) -> list[FileRow | InvalidArgument]:
        """Returns the rows of a file of a text."""
        return list(self.file(name, text, options).rows())


@pytest.fixture
def reader(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Reader:
    """What reads files of a test."""
    return Reader(connection, tmp_path)


MEMBERSHIPS = FileOptions("memberships")
SCORES = FileOptions("scores")
PROFILES = FileOptions("profiles")


def test_namespace_and_id_have_columns(reader: Reader) -> None:
    """Columns `namespace` and `id` say whom a row is about; ids stay the text they are."""
    rows = reader.rows("m.csv", "namespace,id\ncrm,0042\necid,x\n", MEMBERSHIPS)
    assert rows == [FileRow("crm", "0042", {}), FileRow("ecid", "x", {})]


def test_a_column_may_be_named_as_the_namespace(reader: Reader) -> None:
    """The first column without another use holds the ids."""
    rows = reader.rows("m.csv", "status,crm\nexited,7\n", MEMBERSHIPS)
    assert rows == [FileRow("crm", "7", {"status": True})]


def test_the_namespace_may_be_said_for_all_rows(reader: Reader) -> None:
    """With an `id` column, or with the column that it names."""
    said = FileOptions("memberships", namespace="crm")
    assert reader.rows("m.csv", "id\n7\n", said) == [FileRow("crm", "7", {})]
    assert reader.rows("n.csv", "other,crm\n1,7\n", said) == [FileRow("crm", "7", {})]


def test_columns_may_have_other_names(reader: Reader) -> None:
    """`columns` says by field which; what is of no use is passed over."""
    options = FileOptions("scores", "crm", {"id": "customer", "score": "p"})
    rows = reader.rows("s.csv", "customer,p,made_by\nA,0.5,me\n", options)
    assert rows == [FileRow("crm", "A", {"score": 0.5})]


def test_times_are_read_in_a_zone(reader: Reader) -> None:
    """Those that name an offset by it, others on clocks of the zone that was said."""
    options = FileOptions("memberships", time_zone="Europe/Stockholm")
    text = (
        "crm,since,valid_until\n"
        "1,2026-01-31T12:00:00Z,2026-01-31 13:00\n"
        "2,2026-01-31T13:00:00+01:00,\n"
    )
    rows = reader.rows("m.csv", text, options)
    assert rows == [
        FileRow("crm", "1", {"since": NOON_NS, "valid_until": NOON_NS}),
        FileRow("crm", "2", {"since": NOON_NS}),
    ]


def test_json_lines_have_types(reader: Reader) -> None:
    """Numbers, and factors as a list of objects."""
    text = (
        '{"namespace": "crm", "id": 7, "score": 70, "percentile": 9.5, '
        '"factors": [{"code": "visits", "value": "12", "importance": "high"}]}\n'
        '{"namespace": "crm", "id": 8, "score": 1, "score_date": "2026-01-31T12:00:00Z"}\n'
    )
    rows = reader.rows("s.jsonl", text, SCORES)
    factors = [("visits", "12", "high")]
    assert rows == [
        FileRow("crm", "7", {"score": 70.0, "percentile": 9.5, "factors": factors}),
        FileRow("crm", "8", {"score": 1.0, "score_date": NOON_NS}),
    ]


def test_parquet_has_types(reader: Reader, tmp_path: Path) -> None:
    """Also times, and factors as a list of structures."""
    path = tmp_path / "s.parquet"
    reader.connection.execute(
        "COPY (SELECT 'crm' AS namespace, 7 AS id, 0.25::DECIMAL(5, 2) AS score, "
        "TIMESTAMPTZ '2026-01-31 12:00:00Z' AS score_date, "
        "[{'code': 'visits', 'value': '12', 'importance': ''}] AS factors) "
        f"TO '{path}'"
    )
    (row,) = LoadFile(reader.connection, path, SCORES).rows()
    values = {"score": 0.25, "score_date": NOON_NS, "factors": [("visits", "12", "")]}
    assert row == FileRow("crm", "7", values)


def test_all_other_columns_are_attributes(reader: Reader, tmp_path: Path) -> None:
    """By their names, dotted or nested, of the type that the file has."""
    rows = reader.rows("p.csv", "namespace,id,loyalty.tier,age\ncrm,1,plus,\n", PROFILES)
    assert rows == [FileRow("crm", "1", {"loyalty.tier": "plus"})]
    text = '{"crm": "1", "loyalty": {"tier": "plus"}, "goals": ["a"], "since": "2026-01-31"}\n'
    rows = reader.rows("p.jsonl", text, PROFILES)
    values = {"loyalty": {"tier": "plus"}, "goals": ["a"], "since": "2026-01-31"}
    assert rows == [FileRow("crm", "1", values)]
    path = tmp_path / "p.parquet"
    reader.connection.execute(
        f"COPY (SELECT '1' AS crm, 9007199254740993 AS big, true AS opted, "
        f"TIMESTAMPTZ '2026-01-31 12:00:00Z' AS joined) TO '{path}'"
    )
    (row,) = LoadFile(reader.connection, path, PROFILES).rows()
    values = {"big": "9007199254740993", "opted": True, "joined": "2026-01-31T12:00:00Z"}
    assert row == FileRow("crm", "1", values)


BAD_ROWS = {
    "no id": ("namespace,id\ncrm,\n", MEMBERSHIPS, "`id` is empty"),
    "no namespace": ("namespace,id\n,7\n", MEMBERSHIPS, "`namespace` is empty"),
    "status": (
        "crm,status\n7,gone\n",
        MEMBERSHIPS,
        "`status` is `gone`; expected `realized` or `exited`",
    ),
    "time": (
        "crm,since\n7,soon\n",
        MEMBERSHIPS,
        "`since` is `soon`; expected a time such as `2026-01-31T09:30:00Z`",
    ),
    "no score": ("crm,score\n7,\n", SCORES, "`score` is empty"),
    "number": ("crm,score\n7,high\n", SCORES, "`score` is `high`; expected a number"),
    "factors": (
        'crm,score,factors\n7,1,{"a": 1}\n',
        SCORES,
        "`factors` is no list of objects with `code`, `value` and `importance`",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_rows_that_cannot_be_read_are_named(reader: Reader, name: str) -> None:
    """With what was found; the rows after them are read."""
    text, options, message = BAD_ROWS[name]
    first, *_ = reader.rows("rows.csv", text, options)
    assert isinstance(first, InvalidArgument)
    assert first.message == message


BAD_FILES = {
    "no id": ("status\nexited\n", MEMBERSHIPS, "has no column `id`"),
    "no namespace": ("id\n7\n", MEMBERSHIPS, "add `namespace`, or say `--namespace`"),
    "no score": ("crm,skore\n7,1\n", SCORES, "has no column `score`; did you mean `skore`"),
    "no attribute": ("namespace,id\ncrm,7\n", PROFILES, "has no column with an attribute"),
    "renamed": (
        "crm,score\n7,1\n",
        FileOptions("scores", columns={"score": "scor"}),
        "has no column `scor` for `score`; did you mean `score`",
    ),
    "empty": ("", MEMBERSHIPS, "has no header line"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_do_not_fit_are_refused(reader: Reader, name: str) -> None:
    """Before any row is read, with the nearest name."""
    text, options, message = BAD_FILES[name]
    with pytest.raises(DataError, match=message.replace("`", "`")):
        reader.file("rows.csv", text, options)


def test_other_files_are_refused(reader: Reader) -> None:
    """By their name, or by what is in them."""
    with pytest.raises(DataError, match="ends like no known format"):
        reader.file("rows.xls", "", MEMBERSHIPS)
    with pytest.raises(DataError, match="line 2: not valid JSON"):
        reader.file("rows.jsonl", '{"crm": "1"}\n{"crm": \n', MEMBERSHIPS)
    with pytest.raises(DataError, match="can't be read"):
        reader.file("rows.parquet", "no parquet", MEMBERSHIPS)
    short = reader.file("short.csv", "crm,status\n7\n", MEMBERSHIPS)
    with pytest.raises(DataError, match="can't be read"):
        list(short.rows())


def test_rows_are_counted(reader: Reader) -> None:
    """Before they are read, so that progress can be told."""
    file = reader.file("m.csv", "crm\n1\n2\n3\n", MEMBERSHIPS)
    assert file.count() == 3
    assert len(list(file.rows())) == 3
