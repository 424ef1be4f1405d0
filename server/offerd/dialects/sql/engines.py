"""The dialects that every rule can be said in: DuckDB and Spark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from offerd.dialects.error import CannotSay
from offerd.dialects.patterns import portable_pattern
from offerd.dialects.sql.syntax import (
    BIGINT,
    TEXT,
    binary,
    call,
    case,
    cast,
    double,
    integer,
    joined,
    negated,
    text,
    try_cast,
)
from offerd.dialects.sql.target import Body, ListTarget, Target

_MILLION: Final = 1_000_000


class DuckDb(ListTarget):
    """DuckDB from version 1.3, which has `lambda x: ...`."""

    wide = exp.DataType.build("INT128")

    def list_literal(
        self, items: Sequence[exp.Expression], element: exp.DataType | None
    ) -> exp.Expression:
        """A list; an empty one has no type of its own."""
        array = exp.Array(expressions=list(items))
        if element is None:
            return array
        return cast(array, exp.DataType.build(f"{element.sql('duckdb')}[]", dialect="duckdb"))

    def nth(self, values: exp.Expression, place: exp.Expression) -> exp.Expression:
        """Places count from 1."""
        if isinstance(place, exp.Literal):
            return call("LIST_EXTRACT", values, integer(int(place.name) + 1))
        return call("LIST_EXTRACT", values, binary(exp.Add, place, integer(1)))

    def divided(self, left: exp.Expression, right: exp.Expression) -> exp.Expression:
        """Division is that of IEEE 754 already."""
        return binary(exp.Div, left, right)

    def truncated(self, value: exp.Expression) -> exp.Expression:
        """A conversion alone would round."""
        return try_cast(call("TRUNC", value), BIGINT)

    def matches(self, value: exp.Expression, pattern: str) -> exp.Expression:
        """DuckDB's engine is RE2 as well."""
        return call("REGEXP_MATCHES", value, text(pattern))

    def joined(self, values: exp.Expression, separator: exp.Expression) -> exp.Expression:
        """DuckDB's own function takes only a separator that is a constant."""
        if isinstance(separator, exp.Literal):
            return call("ARRAY_TO_STRING", values, separator)
        left, right = self.variable(), self.variable()
        pair = binary(exp.DPipe, exp.column(left), separator)
        added = exp.DPipe(this=pair, expression=exp.column(right))
        names = [exp.to_identifier(left), exp.to_identifier(right)]
        return call("LIST_REDUCE", values, exp.Lambda(this=added, expressions=names))

    def concatenated(self, left: exp.Expression, right: exp.Expression) -> exp.Expression:
        """As DuckDB's own function has it."""
        return call("LIST_CONCAT", left, right)

    def extreme(self, values: exp.Expression, *, greatest: bool) -> exp.Expression:
        """As DuckDB's own function has it."""
        return call("LIST_MAX" if greatest else "LIST_MIN", values)

    def map_literal(self, keys: Sequence[exp.Expression], values: exp.Expression) -> exp.Expression:
        """From a list of keys and a list of values."""
        return call("MAP", self.list_literal(keys, None), values)

    def entry(self, mapping: exp.Expression, key: exp.Expression) -> exp.Expression:
        """As DuckDB's own function has it."""
        return call("MAP_EXTRACT_VALUE", mapping, key)

    def mapped_values(self, mapping: exp.Expression, body: Body) -> exp.Expression:
        """Keys and values come in the same order."""
        values = self.transformed(call("MAP_VALUES", mapping.copy()), body)
        return call("MAP", self.keys(mapping), values)

    def local_seconds(self, seconds: exp.Expression, zone: str) -> exp.Expression:
        """Needs DuckDB's extension `icu`, which is part of its usual builds."""
        instant = call("MAKE_TIMESTAMPTZ", binary(exp.Mul, seconds, integer(_MILLION)))
        shown = call("EPOCH_US", call("TIMEZONE", text(zone), instant))
        return binary(exp.IntDiv, shown, integer(_MILLION))

    def date(self, days: exp.Expression) -> exp.Expression:
        """Dates count days."""
        return binary(exp.Add, _first_day(), cast(days, _INTEGER))

    def nanoseconds(self, native: exp.Expression) -> exp.Expression:
        """As DuckDB's own function has it."""
        return call("EPOCH_NS", native)


class Spark(ListTarget):
    """Spark from version 4 in ANSI mode, whatever the session's time zone."""

    def list_literal(
        self, items: Sequence[exp.Expression], element: exp.DataType | None
    ) -> exp.Expression:
        """A list; an empty one has no type of its own."""
        array = exp.Array(expressions=list(items))
        if element is None:
            return array
        return cast(array, exp.DataType.build(f"ARRAY<{element.sql('spark')}>", dialect="spark"))

    def nth(self, values: exp.Expression, place: exp.Expression) -> exp.Expression:
        """GET counts from 0, takes an INT, and gives NULL outside of the list."""
        at = place if isinstance(place, exp.Literal) else cast(place, _INTEGER)
        return call("GET", values, at)

    def divided(self, left: exp.Expression, right: exp.Expression) -> exp.Expression:
        """Spark makes a division by zero an error."""

        def checked(a: exp.Expression, b: exp.Expression) -> exp.Expression:
            zero = binary(exp.EQ, b.copy(), double(0.0))
            nonzero = call("NULLIF", b.copy(), double(0.0))
            quotient = binary(exp.Div, a.copy(), nonzero)
            return case((zero, _divided_by_zero(a, b)), otherwise=quotient)

        return self.bind(left, lambda a: self.bind(right, lambda b: checked(a, b)))

    def truncated(self, value: exp.Expression) -> exp.Expression:
        """The conversion cuts the fraction off."""
        return try_cast(value, BIGINT)

    def matches(self, value: exp.Expression, pattern: str) -> exp.Expression:
        """Spark's engine is Java's: only what both engines read alike is let through."""
        portable = portable_pattern(pattern, end="\\z", any_character="[^\\n]")
        return exp.RegexpLike(this=value, expression=text(portable))

    def joined(self, values: exp.Expression, separator: exp.Expression) -> exp.Expression:
        """As Spark's own function has it."""
        return call("ARRAY_JOIN", values, separator)

    def split(self, value: exp.Expression, separator: str) -> exp.Expression:
        """The separator is a pattern there: sqlglot quotes it."""
        if "\\E" in separator:
            raise CannotSay("`split` at a separator with `\\E` can't be said in Spark's SQL")
        return super().split(value, separator)

    def concatenated(self, left: exp.Expression, right: exp.Expression) -> exp.Expression:
        """As Spark's own function has it."""
        return call("CONCAT", left, right)

    def extreme(self, values: exp.Expression, *, greatest: bool) -> exp.Expression:
        """As Spark's own function has it."""
        return call("ARRAY_MAX" if greatest else "ARRAY_MIN", values)

    def map_literal(self, keys: Sequence[exp.Expression], values: exp.Expression) -> exp.Expression:
        """From a list of keys and a list of values."""
        return call("MAP_FROM_ARRAYS", self.list_literal(keys, None), values)

    def entry(self, mapping: exp.Expression, key: exp.Expression) -> exp.Expression:
        """As Spark's own function has it."""
        return call("TRY_ELEMENT_AT", mapping, key)

    def mapped_values(self, mapping: exp.Expression, body: Body) -> exp.Expression:
        """The lambda takes the key too."""
        key, value = self.variable(), self.variable()
        names = [exp.to_identifier(key), exp.to_identifier(value)]
        function = exp.Lambda(this=body(exp.column(value)), expressions=names)
        return call("TRANSFORM_VALUES", mapping, function)

    def local_seconds(self, seconds: exp.Expression, zone: str) -> exp.Expression:
        """An instant moved by the zone's offset, so that UTC shows what the zone would."""
        instant = call("TIMESTAMP_SECONDS", seconds)
        return call("UNIX_SECONDS", call("FROM_UTC_TIMESTAMP", instant, text(zone)))

    def date(self, days: exp.Expression) -> exp.Expression:
        """As Spark's own function has it."""
        return call("DATE_ADD", _first_day(), cast(days, _INTEGER))

    def nanoseconds(self, native: exp.Expression) -> exp.Expression:
        """Spark keeps microseconds."""
        micros = self.widened(call("UNIX_MICROS", native))
        return binary(exp.Mul, micros, integer(1000))


def _divided_by_zero(a: exp.Expression, zero: exp.Expression) -> exp.Expression:
    # No comparison tells -0.0 from 0.0, but its text does.
    minus = exp.StartsWith(this=cast(zero.copy(), TEXT), expression=text("-"))
    none = joined(exp.Or, [exp.IsNan(this=a.copy()), binary(exp.EQ, a.copy(), double(0.0))])
    positive = binary(exp.GT, a.copy(), double(0.0))
    return case(
        (none, double(float("nan"))),
        (binary(exp.EQ, positive, negated(minus)), double(float("inf"))),
        (binary(exp.EQ, positive.copy(), minus.copy()), double(float("-inf"))),
    )


_INTEGER: Final = exp.DataType.build("INT")


def _first_day() -> exp.Expression:
    return cast(text("0001-01-01"), exp.DataType.build("DATE"))


def target_of(dialect: str) -> Target:
    """What a dialect can say; ValueError for one that sqlglot does not write."""
    name = dialect.lower()
    if name == "duckdb":
        return DuckDb("DuckDB")
    if name in ("spark", "databricks"):
        return Spark("Spark" if name == "spark" else "Databricks")
    Dialect.get_or_raise(name)
    return Target(f"`{name}`")
