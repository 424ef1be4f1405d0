"""A table in DuckDB that holds what rules read, and what rules say of it in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from offerd.expression import (
    BOOL,
    Checked,
    Checking,
    Failure,
    Limits,
    Rule,
    Type,
    Unknown,
    compile_expression,
    plan,
)
from offerd.expression.check.types import Kind
from unit.dialects.dialect_rules import AUDIENCES, COLUMNS, ENVIRONMENT

UNLIMITED = Limits(nodes=20_000, cost=10**15, depth=80)
_SQL_TYPES = {
    Kind.BOOL: "BOOLEAN",
    Kind.INT: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.STRING: "VARCHAR",
    Kind.TIMESTAMP: "BIGINT",
}


def checked_rule(source: str, expected: Type | None = BOOL) -> Checked:
    """A rule checked as CEL, whatever its size."""
    return compile_expression(
        source, ENVIRONMENT, expected=expected, checking=Checking.CEL, limits=UNLIMITED
    )


CHECKED_AUDIENCES = {name: checked_rule(source) for name, source in AUDIENCES.items()}
_AUDIENCE_RULES = {name: plan(checked, ENVIRONMENT) for name, checked in CHECKED_AUDIENCES.items()}


def python_answer(rule: Rule, row: dict[str, Any]) -> Any:
    """What the service says of a row; None for unknown and for a failure."""
    roots = (row["profile"], row["context"], row["aggregate"], row["now"])
    found = rule.evaluate(*roots, _Audiences(roots))
    return None if isinstance(found, Unknown | Failure) else found


class _Audiences(dict[str, Any]):
    """Works an audience out when a rule asks for it."""

    def __init__(self, roots: tuple[Any, ...]) -> None:
        super().__init__()
        self.roots = roots

    def __missing__(self, name: str) -> Any:
        self[name] = found = _AUDIENCE_RULES[name].evaluate(*self.roots, self)
        return found


def column_name(root: str, path: str) -> str:
    """The name of a column, as `flat_columns` has it."""
    return f"{root}.{path}" if path else root


def sql_type(type_: Type) -> str:
    """The type of a column of DuckDB."""
    if type_.kind is Kind.LIST:
        return f"{sql_type(type_.parameters[0])}[]"
    if type_.kind is Kind.MAP:
        return f"MAP({sql_type(type_.parameters[0])}, {sql_type(type_.parameters[1])})"
    return _SQL_TYPES[type_.kind]


def _mark(type_: Type) -> str:
    if type_.kind is not Kind.MAP:
        return f"CAST(? AS {sql_type(type_)})"
    key, value = map(sql_type, type_.parameters)
    made = f"MAP(CAST(? AS {key}[]), CAST(? AS {value}[]))"
    return f"CASE WHEN ? THEN {made} END"


def _parameters(type_: Type, value: Any) -> list[Any]:
    if type_.kind is not Kind.MAP:
        return [value]
    mapping = value or {}
    return [value is not None, list(mapping), list(mapping.values())]


class Warehouse:
    """A table `t` of rows, in memory."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 1")
        columns = ", ".join(
            f'"{column_name(*key)}" {sql_type(type_)}' for key, type_ in COLUMNS.items()
        )
        self.connection.execute(f"CREATE TABLE t (place INTEGER, {columns})")
        marks = ", ".join(["?", *(_mark(type_) for type_ in COLUMNS.values())])
        for place, row in enumerate(rows):
            values: list[Any] = [place]
            for (root, path), type_ in COLUMNS.items():
                value = row[root].get(path) if path else row[root]
                values += _parameters(type_, value)
            self.connection.execute(f"INSERT INTO t VALUES ({marks})", values)

    def answers(self, expression: str) -> list[Any]:
        """The value of an expression for each row, in order."""
        query = f"SELECT {expression} FROM t ORDER BY place"
        return [row[0] for row in self.connection.execute(query).fetchall()]
