"""Rules as SQL: what columns are read, what is refused, and that engines take it."""

from __future__ import annotations

import pytest
import sqlglot

from offerd.dialects import DialectError
from offerd.dialects.sql import Times, nested_columns, to_count_sql, to_expression, to_sql
from offerd.expression import Checked, compile_expression, plan
from offerd.expression.check.tree import Stop
from unit.dialects.dialect_rules import ENVIRONMENT, Rules
from unit.dialects.warehouse import CHECKED_AUDIENCES, Warehouse, checked_rule, python_answer

LAPSED = "now - aggregate.last_seen > duration('2160h') && profile.loyalty.tier == 'plus'"


def rule(source: str) -> Checked:
    """A rule checked as definitions are."""
    return compile_expression(source, ENVIRONMENT)


def test_attributes_are_columns_of_their_name() -> None:
    """By default a column is called like the attribute, and a rule is true or false."""
    assert to_sql(rule("profile.loyalty.tier == 'plus'")) == (
        "COALESCE(\"profile.loyalty.tier\" = 'plus', FALSE)"
    )


def test_columns_can_be_elsewhere() -> None:
    """Where an attribute is read is the caller's to say."""
    checked = rule("has(profile.loyalty.tier) && profile.vip")
    found = to_sql(checked, columns=nested_columns)
    assert '"profile"."loyalty"."tier" IS NULL' in found
    renamed = to_sql(checked, columns=lambda root, path: sqlglot.column(path.replace(".", "_")))
    assert "loyalty_tier" in renamed


def test_identifiers_and_texts_are_quoted() -> None:
    """No text of a rule can end the string or the name that it is in."""
    checked = rule("""profile.city == "a'; DROP TABLE t; --" """)
    rows = [{"profile": {"city": "a'; DROP TABLE t; --"}, "context": {}, "aggregate": {}, "now": 0}]
    assert Warehouse(rows).answers(to_sql(checked)) == [True]
    assert "'a\\'; DROP" in to_sql(checked, "spark")


def test_an_audience_is_counted() -> None:
    """The query counts the rows for which the rule is true, and no others."""
    rules = Rules(7)
    rows = [rules.row() for _ in range(60)]
    warehouse = Warehouse(rows)
    query = to_count_sql(rule('audience("b")'), "t", audiences=CHECKED_AUDIENCES)
    counted = warehouse.connection.execute(query).fetchone()
    planned = plan(rule('audience("b")'), ENVIRONMENT)
    assert counted == (sum(python_answer(planned, row) is True for row in rows),)


@pytest.mark.parametrize("times", list(Times))
def test_times_can_be_kept_in_three_ways(times: Times) -> None:
    """Nanoseconds, microseconds and native timestamps give the same answers to the microsecond."""
    rules = Rules(11)
    rows = [rules.row() for _ in range(60)]
    for row in rows:
        row["aggregate"]["last"] = {"gold": row["now"] - 10**15}
    warehouse = Warehouse(rows)
    made = {
        Times.NANOSECONDS: ("{0}", "{0}"),
        Times.MICROSECONDS: ("{0} // 1000", "x // 1000"),
        Times.NATIVE: ("MAKE_TIMESTAMP({0} // 1000)", "MAKE_TIMESTAMP(x // 1000)"),
    }
    single, each = made[times]
    scalars = ", ".join(
        f"{single.format(f'{name}')} AS {name}"
        for name in ('"now"', '"profile.joined"', '"profile.renewed"', '"aggregate.last_seen"')
    )
    mapped = 'MAP(MAP_KEYS("aggregate.last"), LIST_TRANSFORM(MAP_VALUES("aggregate.last"), '
    mapped += f'LAMBDA x: {each.format("x")})) AS "aggregate.last"'
    warehouse.connection.execute(
        f"CREATE TABLE kept AS SELECT * REPLACE ({scalars}, {mapped}) FROM t"
    )
    warehouse.connection.execute("ALTER TABLE t RENAME TO given")
    warehouse.connection.execute("ALTER TABLE kept RENAME TO t")
    for source in (
        "profile.joined < profile.renewed && profile.joined.getFullYear() > 2000",
        "now - profile.joined > duration('2160h')",
        "now - aggregate.last['gold'] >= duration('1000000s')",
        "profile.joined.getHours('Europe/Stockholm') >= 12",
    ):
        planned = plan(rule(source), ENVIRONMENT)
        found = warehouse.answers(to_expression(rule(source), times=times).sql("duckdb"))
        assert found == [python_answer(planned, row) for row in rows], source


def test_now_can_be_fixed() -> None:
    """With an instant given, `now` is that instant and no column."""
    found = to_sql(rule(LAPSED), now_ns=1_700_000_000_000_000_000)
    assert '"now"' not in found
    assert "1700000000000000000" in found


REFUSED = (
    ("profile.city.matches(profile.loyalty.tier)", "a pattern must be written in the rule"),
    ("profile.joined.getHours(profile.city) == 1", "a time zone must be written in the rule"),
    ("string(profile.score) == '1'", "`string` of a `double` can't be said in SQL"),
    ("double(profile.city) > 1.0", "`double` of a `string` can't be said in SQL"),
    ("timestamp(profile.city) > now", "`timestamp` of a text that isn't written in the rule"),
    ("profile.city.split('') == ['a']", "`split` into characters"),
    ("profile.city.split(',', 2) == ['a']", "`split` with a limit"),
    ("profile.city.replace('a', 'b', 1) == ''", "`replace` with a limit"),
    ("dyn(profile.age) == 1", "a value whose type only the data decides"),
    ("aggregate.counts == {'a': 1}", "a comparison of `map(string, int)`"),
    ("uint(profile.age) > 1u", "`uint` has no translation into SQL"),
    ("bytes(profile.city) == b'a'", "`bytes` has no translation into SQL"),
    ("math.greatest(profile.scores) > 1.0", "the greatest or least of a list of doubles"),
    ("profile.city == '\\x00'", "a string with a zero character"),
    ("type(profile.age) == int", "has no translation into SQL"),
    ('audience("a") && profile.vip', "the rule of audience `a` is not given"),
)


@pytest.mark.parametrize(("source", "reason"), REFUSED, ids=[source for source, _ in REFUSED])
def test_what_sql_cannot_say_is_refused(source: str, reason: str) -> None:
    """The refusal names the part and the reason."""
    with pytest.raises(DialectError) as caught:
        to_sql(checked_rule(source))
    assert reason in caught.value.issue.message
    assert "^" in caught.value.rendered()


def test_spark_reads_only_portable_patterns() -> None:
    """A pattern that Java's engine reads otherwise is refused for Spark, not for DuckDB."""
    checked = rule(r"profile.city.matches('\\s')")
    assert "REGEXP_MATCHES" in to_sql(checked)
    with pytest.raises(DialectError, match="engines of regular expressions differ"):
        to_sql(checked, "spark")
    assert "\\\\z" in to_sql(rule("profile.city.matches('^a.$')"), "spark")


def test_other_dialects_say_numbers_and_texts() -> None:
    """Dialects without lambdas take conditions, arithmetic and comparisons, and no lists."""
    for dialect in ("postgres", "snowflake", "bigquery", "trino"):
        found = to_sql(rule(LAPSED), dialect)
        assert sqlglot.parse_one(found, dialect=dialect)
        with pytest.raises(DialectError, match="can't be said in the SQL of"):
            to_sql(rule("profile.tags.exists(t, t == 'a')"), dialect)


def test_unknown_dialects_are_refused() -> None:
    """A dialect that nothing writes is the caller's mistake."""
    with pytest.raises(ValueError, match="klingon"):
        to_sql(rule("profile.vip"), "klingon")


def test_spark_parses() -> None:
    """What is written for Spark is Spark's SQL to the parser that knows it."""
    rules = Rules(3)
    for _ in range(60):
        try:
            found = to_sql(checked_rule(rules.source()), "spark", audiences=CHECKED_AUDIENCES)
        except DialectError:
            continue
        assert sqlglot.parse_one(found, dialect="spark")


def test_circular_audiences_are_refused() -> None:
    """Audiences that refer to each other end in a refusal."""
    circle = {"a": checked_rule('audience("b")'), "b": checked_rule('audience("a")')}
    with pytest.raises(DialectError, match="depends on itself"):
        to_sql(rule('audience("a")'), audiences=circle)


def test_stops_are_refused() -> None:
    """A part that always fails has no translation."""
    checked = rule("profile.vip")
    stopped = Checked("x", checked.type, checked.references, Stop("never", checked.tree.type, 0, 1))
    with pytest.raises(DialectError, match="no translation into SQL"):
        to_sql(stopped)


def test_nothing_raises_in_the_engine() -> None:
    """Overflow, division by zero and places outside of a list are NULL, not errors."""
    sources = (
        "profile.age / (profile.age - profile.age) == 0",
        "profile.age % (profile.age - profile.age) == 0",
        "-9223372036854775807 - profile.age - 10 < 0",
        "profile.ages[profile.age] == 1",
        "profile.ages[0 - profile.ages.size()] == 1",
        "profile.city.substring(profile.age) == ''",
        "int(profile.score) == 1",
        "aggregate.counts['none'] == 1",
    )
    row = {
        "profile": {"age": 9, "ages": [1], "city": "a", "score": 1e300},
        "context": {}, "aggregate": {"counts": {}}, "now": 0,
    }  # fmt: skip
    for source in sources:
        assert Warehouse([row]).answers(to_expression(rule(source)).sql("duckdb")) == [None], source


OPTIONALS = [
    ("profile.?age.orValue(0) > 1", 'COALESCE("profile.age", 0) > 1'),
    ("profile.?loyalty.?tier.hasValue()", 'NOT ("profile.loyalty.tier" IS NULL)'),
    ("profile.?age.value() > 1", '"profile.age" > 1'),
]


@pytest.mark.parametrize(("source", "sql"), OPTIONALS)
def test_an_optional_attribute_is_a_column_that_may_be_null(source: str, sql: str) -> None:
    """A missing attribute is the only reason that there is no value, so COALESCE says it."""
    assert to_expression(checked_rule(source)).sql("duckdb") == sql


def test_an_optional_part_of_what_is_missing_is_unknown() -> None:
    """No entry gives the other value; no map, or no key to look for, is unknown."""
    rows = [
        {"profile": profile, "context": {}, "aggregate": aggregate, "now": 0}
        for profile in ({}, {"city": "a"})
        for aggregate in ({}, {"counts": {}}, {"counts": {"a": 7}})
    ]
    checked = checked_rule("aggregate.counts[?profile.city].orValue(0) == 0")
    planned = plan(checked, ENVIRONMENT)
    found = Warehouse(rows).answers(to_expression(checked).sql("duckdb"))
    assert found == [None, None, None, None, True, False]
    assert found == [python_answer(planned, row) for row in rows]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("optional.ofNonZeroValue(profile.age).hasValue()", "`optional.ofNonZeroValue` has no"),
        ("profile.?age.optMap(x, x + 1).hasValue()", "an optional made so has no translation"),
        ("profile.?age == optional.of(1)", "`optional.of` has no translation into SQL"),
        ("profile.ages.exists(i, x, i == x)", "the macro `exists_entry` has no translation"),
        ("[1, ?profile.?age] == [1]", "has no translation into SQL"),
    ],
)
def test_other_optionals_are_refused(source: str, reason: str) -> None:
    """What is not said is named."""
    with pytest.raises(DialectError) as caught:
        to_sql(checked_rule(source))
    assert reason in caught.value.issue.message
