"""What is wrong with a mapping or its data is said in full, and where."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from offerd.errors import ConfigurationError, DataError

DATA = """
    id,customer,time,amount,quantity,gift,delivery
    1,7,1970-01-02,1.5,2,true,1970-01-02T00:00:00Z
    """

EVENTS = """\
imports:
- name: sales
  source: sales.csv
  events:
    namespace: crm
    profile: customer
    id: id
    type: purchase
    time: time
    properties:
      amount: amount
"""

# What to change in EVENTS, and what is then said.
MAPPING_MISTAKES = [
    pytest.param(
        "events:", "event:", "import.yaml:4:3: `event` is not known here; did you mean `events`"
    ),
    pytest.param("    type: purchase\n", "", "import.yaml:5:5: `type`: is missing", id="no type"),
    pytest.param(
        "source: sales.csv\n",
        "source: sales.csv\n  query: SELECT 1\n",
        "import.yaml:2:3: expected either `source` or `query`",
    ),
    pytest.param(
        "source: sales.csv",
        "query: SELECT 1\n  format: csv",
        "import.yaml:2:3: `format` and `delimiter` go with `source`",
    ),
    pytest.param(
        "  source: sales.csv\n",
        "  source: sales.csv\n  profiles: {namespace: crm, id: id}\n",
        "import.yaml:2:3: expected either `profiles` or `events`",
    ),
    pytest.param(
        "  source: sales.csv\n",
        "  source: sales.csv\n  time_zone: Europe/Stokholm\n",
        "import.yaml:4:14: no time zone `Europe/Stokholm`, such as `Europe/Stockholm`; "
        "did you mean `Europe/Stockholm`",
    ),
    pytest.param(
        "  source: sales.csv\n",
        "  source: sales.csv\n  format: excel\n",
        "import.yaml:4:11: `excel` is no format; expected 'csv', 'jsonl' or 'parquet'",
    ),
    pytest.param(
        "amount: amount",
        "amount: {constant: 1.0, column: amount}",
        "import.yaml:11:15: expected either `column` or `constant`",
    ),
    pytest.param(
        "amount: amount",
        "amount: {columm: amount}",
        "import.yaml:11:16: `columm` is not known here; did you mean `column`",
    ),
    pytest.param(
        "amount: amount",
        'amount: {constant: 1.0, split: "|"}',
        "import.yaml:11:15: `split` goes with `column`",
    ),
    pytest.param(
        "type: purchase",
        "type: {column: amount}",
        "import.yaml:5:5: `properties` go with one namespace and type, and not with "
        "`properties_from`",
    ),
    pytest.param(
        "namespace: crm",
        "namespace: {}",
        "import.yaml:5:16: expected a name or `column`",
    ),
    pytest.param("time: time", "time: [time]", "import.yaml:9:11: `time`: expected text"),
    pytest.param("imports:", "imports: []\nx:", "import.yaml:1:10: `imports`: expected at least"),
    pytest.param("name: sales", "name: sales\n  name: x", "import.yaml:3:3: the key `name` is"),
    pytest.param(
        "namespace: crm",
        "namespace: crn",
        "import.yaml:5:16: no namespace `crn`; did you mean `crm`",
    ),
    pytest.param(
        "type: purchase",
        "type: purchse",
        "import.yaml:8:11: no event type `purchse`; did you mean `purchase`",
    ),
    pytest.param(
        "type: purchase",
        "type: click",
        "import.yaml:8:11: a `click` is about an offer that this service proposed, so none can "
        "be imported",
    ),
    pytest.param(
        "amount: amount",
        "amonut: amount",
        "import.yaml:11:7: no property `amonut`; did you mean `amount`",
    ),
    pytest.param(
        "amount: amount",
        "amount: sum",
        "import.yaml:11:15: no column `sum`; there are `id`, `customer`, `time`, `amount`, "
        "`quantity`, `gift`, `delivery`",
    ),
    pytest.param(
        "profile: customer",
        "profile: custmer",
        "import.yaml:6:14: no column `custmer`; did you mean `customer`",
    ),
    pytest.param("id: id", "id: [id, lin]", "import.yaml:7:14: no column `lin`; there are"),
    pytest.param(
        "amount: amount",
        "amount: {constant: much}",
        "import.yaml:11:15: `properties.amount` is a string `much`; expected a number",
    ),
    pytest.param(
        "source: sales.csv",
        "source: sale.csv",
        "import.yaml:3:11: no file `sale.csv` in",
    ),
    pytest.param(
        "source: sales.csv",
        "source: package:no_such_package/a.csv",
        "import.yaml:3:11: no package `no_such_package` is installed: "
        "run `pip install no-such-package`",
    ),
    pytest.param(
        "source: sales.csv",
        "source: package:rich/a.csv",
        "import.yaml:3:11: package `rich` has no file `a.csv`",
    ),
    pytest.param(
        "source: sales.csv",
        "source: 'package:a.csv'",
        "import.yaml:3:11: `package:a.csv` names no file of a package, "
        "such as `package:mypackage/data/sales.parquet`",
    ),
    pytest.param(
        "source: sales.csv",
        "source: import.yaml",
        "import.yaml:3:11: `import.yaml` ends like no known format; say `format: csv`, "
        "`jsonl` or `parquet`",
    ),
    pytest.param(
        "  source: sales.csv\n",
        "  source: sales.csv\n  slice: amunt > 3\n",
        'import.yaml:4:10: referenced column "amunt" not found',
    ),
    pytest.param(
        "  source: sales.csv\n",
        "  query: SELEC 1\n",
        'import.yaml:3:10: syntax error at or near "1"',
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), MAPPING_MISTAKES)
def test_mistakes_of_a_mapping(world: Any, before: str, after: str, expected: str) -> None:
    """Each mistake of a mapping is placed by file, line and column, and nothing is imported."""
    assert before in EVENTS
    world.write("sales.csv", DATA)
    with pytest.raises(DataError) as caught:
        world.run(EVENTS.replace(before, after))
    assert world.message(caught.value).startswith(expected)
    assert world.state.counts().events == 0


def test_all_mistakes_of_form_are_said_at_once(world: Any) -> None:
    """Two mistakes in the form of a mapping are two lines."""
    with pytest.raises(DataError) as caught:
        world.run("imports:\n- name: 1\n  sources: x\n")
    assert len(str(caught.value).splitlines()) >= 2


def test_two_imports_of_one_name(world: Any) -> None:
    """Names of imports tell them apart in messages, so none is given twice."""
    with pytest.raises(DataError, match="two imports are called `sales`"):
        world.run(EVENTS + EVENTS.removeprefix("imports:\n"))


def test_types_that_cannot_be_read_as_each_other(world: Any) -> None:
    """A typed column that no value of the declared type can come from is a mistake at once."""
    world.write_parquet(
        "sales.parquet",
        "SELECT 1 AS id, 1 AS customer, DATE '1970-01-02' AS time, true AS amount",
    )
    with pytest.raises(DataError) as caught:
        world.run(EVENTS.replace("sales.csv", "sales.parquet"))
    assert world.message(caught.value) == (
        "import.yaml:11:15: column `amount` is BOOLEAN; `amount` is double, "
        "which is read from numbers, integers or text"
    )


def test_ids_are_text_or_integers(world: Any) -> None:
    """A number with a fraction is no id: how it is written isn't certain."""
    world.write_parquet("p.parquet", "SELECT 1.5::DOUBLE AS id")
    with pytest.raises(DataError) as caught:
        world.run("imports: [{name: p, source: p.parquet, profiles: {namespace: crm, id: id}}]")
    assert world.message(caught.value).endswith(
        "column `id` is DOUBLE; an id is text or an integer"
    )


def test_person_data_stays_away_from_devices(world: Any) -> None:
    """Person data under a cookie's namespace is a mistake of the mapping, or of the row."""
    world.write("m.csv", "id,name\n1,Sarah\n")
    with pytest.raises(DataError) as caught:
        world.run(
            "imports: [{name: m, source: m.csv, profiles: "
            "{namespace: browser, id: id, attributes: {name: name}}}]"
        )
    assert world.message(caught.value).endswith(
        "`name` is person data, which can't be kept under `browser`, a cookie namespace"
    )
    world.write("m.jsonl", '{"ns": "browser", "id": "1", "a": {"name": "Sarah"}}\n')
    with pytest.raises(DataError) as caught:
        world.run(
            "imports: [{name: m, source: m.jsonl, profiles: "
            "{namespace: {column: ns}, id: id, attributes_from: a}}]"
        )
    assert world.message(caught.value) == (
        "`m.jsonl`, row 1: `name` is person data, which can't be kept under `browser`, "
        "a cookie namespace"
    )


BAD_ROWS = [
    pytest.param("1.5", "much", "`properties.amount` is a string `much`; expected a number"),
    pytest.param("1.5", "1e400", "`properties.amount` is inf; expected a finite number"),
    pytest.param(
        "1.5,2", "1.5,2.5", "`properties.quantity` is a string `2.5`; expected an integer"
    ),
    pytest.param("true", "yes", "`properties.gift` is a string `yes`; expected true or false"),
    pytest.param("1,7,", "1,,", "`events.profile` is empty", id="no profile"),
    pytest.param("1,7,", ",7,", "`events.id` is empty", id="no id"),
    pytest.param("7,1970-01-02", "7,", "`events.time` is empty", id="no time"),
    pytest.param("7,1970-01-02", "7,02.01.1970", "`events.time` is `02.01.1970`: expected a time"),
    pytest.param("7,1970-01-02", "7,1970-02-30", "`events.time` is `1970-02-30`: expected a time"),
    pytest.param("7,1970-01-02", "7,1969-12-31", "`events.time` is `1969-12-31T00:00:00Z`; years"),
    pytest.param(
        "1970-01-02T00:00:00Z",
        "9970-01-02T00:00:00Z",
        "`properties.delivery` is `9970-01-02T00:00:00Z`: years go from 1678 to 2261",
    ),
    pytest.param("1,7,", "i" * 129 + ",7,", "`events.id` has 129 characters; at most 128"),
    pytest.param("1,7,", "1," + "p" * 1025 + ",", "`events.profile` has 1,025 characters"),
]


@pytest.mark.parametrize(("before", "after", "expected"), BAD_ROWS)
def test_bad_rows(world: Any, before: str, after: str, expected: str) -> None:
    """A value that admission refuses stops the import with file, row, what was found."""
    mapping = EVENTS + "      quantity: quantity\n      gift: gift\n      delivery: delivery\n"
    assert before in DATA
    world.write("sales.csv", DATA.replace(before, after, 1))
    with pytest.raises(DataError) as caught:
        world.run(mapping)
    assert world.message(caught.value).startswith(f"`sales.csv`, row 1: {expected}")
    assert world.state.counts().events == 0


def test_rows_of_a_query_go_by_their_ids(world: Any) -> None:
    """A query's rows are in no order, so the message names the event instead of a row."""
    world.write("sales.csv", DATA.replace("1.5", "x"))
    mapping = EVENTS.replace("source: sales.csv", "query: SELECT * FROM sales")
    with pytest.raises(DataError) as caught:
        world.run("tables: {sales: sales.csv}\n" + mapping)
    assert str(caught.value).startswith("`query of sales`, the row of `1`: `properties.amount` is")


def test_missing_table_is_placed(world: Any) -> None:
    """A table whose file doesn't exist is a mistake at its name."""
    mapping = EVENTS.replace("source: sales.csv", "query: SELECT * FROM sales")
    with pytest.raises(DataError) as caught:
        world.run("tables: {sales: sales.csv}\n" + mapping)
    assert world.message(caught.value).startswith("import.yaml:1:17: no file `sales.csv` in")


MALFORMED = [
    pytest.param(
        "sales.csv",
        "id,customer,time,amount\n1,7,1970-01-02,1\n2,7,1970-01-02\n",
        "`sales.csv`, line 3: expected 4 columns, found 3",
    ),
    pytest.param(
        "sales.csv", "", "import.yaml:3:11: `sales.csv` has no header line", id="no header"
    ),
    pytest.param("sales.csv", "id,id\n", "import.yaml:3:11: `sales.csv` has two columns `id`"),
    pytest.param(
        "sales.jsonl",
        '{"id": 1}\n{"id": }\n{"id": 2}\n',
        "`sales.jsonl`, line 2: not valid JSON: ",
    ),
    pytest.param("sales.parquet", "no parquet", "`sales.parquet`: can't be read:"),
]


@pytest.mark.parametrize(("name", "text", "expected"), MALFORMED)
def test_files_that_cannot_be_read(world: Any, name: str, text: str, expected: str) -> None:
    """A damaged file is refused with its name, and the line if that can be told."""
    (world.folder / name).write_text(text)
    with pytest.raises(DataError) as caught:
        world.run(EVENTS.replace("sales.csv", name))
    assert world.message(caught.value).startswith(expected)


def test_mapping_that_cannot_be_read(world: Any) -> None:
    """A mapping that is missing, not YAML or empty is refused."""
    from offerd.imports import load_mapping

    with pytest.raises(DataError, match=r"can't read .*missing.yaml`: no such file"):
        load_mapping(world.folder / "missing.yaml")
    for text, expected in (("a: [", "not valid YAML"), ("", "expected a mapping")):
        world.write("import.yaml", text)
        with pytest.raises(DataError, match=expected):
            load_mapping(world.folder / "import.yaml")
    (world.folder / "import.yaml").write_bytes(b"name: \xff")
    with pytest.raises(DataError, match="is not UTF-8: see byte 6"):
        load_mapping(world.folder / "import.yaml")


def test_rows_that_name_something_unknown(world: Any) -> None:
    """A namespace or type from a column must be declared, values must be an object."""
    mapping = (
        "imports: [{name: e, source: e.jsonl, events: {namespace: {column: ns}, profile: id, "
        "id: id, type: {column: type}, time: at, properties_from: p}}]"
    )
    row = '{"id": "1", "ns": "crm", "type": "visit", "at": "1970-01-02", "p": {"store": "1"}}\n'
    for before, after, expected in (
        ("crm", "crn", "no namespace `crn` can be imported; did you mean `crm`"),
        ("visit", "display", "no event type `display` can be imported"),
        ("store", "stor", "no attribute `stor` is declared; did you mean `store`"),
        ('"ns": "crm"', '"ns": null', "`namespace` is empty"),
    ):
        world.write("e.jsonl", row + row.replace(before, after))
        with pytest.raises(DataError) as caught:
            world.run(mapping)
        assert world.message(caught.value) == f"`e.jsonl`, row 2: {expected}"
    world.write("e.csv", "id,ns,type,at,p\n1,crm,visit,1970-01-02,[1]\n2,crm,visit,1970-01-02,{\n")
    report = world.run(mapping.replace("e.jsonl", "e.csv"), max_errors=2)
    assert [row.message.partition(":")[0] for row in report.bad_rows] == [
        "`properties` is a list; expected an object",
        "`properties` is no valid json",
    ]


def test_without_duckdb(world: Any, monkeypatch: Any) -> None:
    """Where DuckDB isn't installed the message says how to install it."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    world.write("sales.csv", DATA)
    with pytest.raises(ConfigurationError, match=r"run `pip install 'offerd\[import\]'`"):
        world.run(EVENTS)
