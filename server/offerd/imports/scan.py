"""The rows of one import, fetched through DuckDB in the order of profiles."""

# ruff: noqa: S608 - SQL in a mapping is its author's, names and paths are quoted

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from offerd.errors import DataError
from offerd.imports.bind import Binder, Bound
from offerd.imports.columns import Column
from offerd.imports.document import Path as MappingPath
from offerd.imports.mapping import Import, PlacedMapping
from offerd.imports.sources import (
    SourceProblem,
    find_files,
    format_of,
    identifier,
    malformed_line,
    reading,
)
from offerd.model.schema import Schema

if TYPE_CHECKING:
    import duckdb

_BATCH: Final = 10_000
_ROW: Final = '"row of the source"'
_ROWS: Final = '"rows to import"'
_WRONG_WIDTH: Final = re.compile(
    r"CSV Error on Line: (\d+).*Expected Number of Columns: (\d+) Found: (\d+)", re.DOTALL
)
_BAD_LINE: Final = re.compile(r"(?:on Line: |in line )(\d+)")


class Relation(NamedTuple):
    """Something to read: `name` is for messages, `path` where the mapping names it.

    `sql` is a table expression. Rows of a file are `numbered`; those of a query have no order
    that a number could stand for.
    """

    name: str
    sql: str
    path: MappingPath
    numbered: bool


class Scanner:
    """Reads what a mapping names. Keep the connection to one scanner."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, mapping: PlacedMapping, schema: Schema
    ) -> None:
        self._connection = connection
        self._mapping = mapping
        self._schema = schema
        self._tables_made = False

    def relations(self, number: int) -> list[Relation]:
        """Returns what the import at a number reads: one relation for each file."""
        each = self._mapping.imports[number]
        if each.query is not None:
            self._make_tables()
            query = each.query.strip().rstrip(";")
            path = ("imports", number, "query")
            return [Relation(f"query of {each.name}", f"({query})", path, numbered=False)]
        path = ("imports", number, "source")
        try:
            files = find_files(each.source or "", self._mapping.folder)
            return [self._relation_of(file, each, path) for file in files]
        except SourceProblem as problem:
            raise self._mapping.mistake(path, str(problem)) from problem

    def _relation_of(self, file: Path, each: Import, path: MappingPath) -> Relation:
        try:
            form = format_of(file, each.format)
            sql = reading(self._connection, file, form, each.delimiter)
        except self._database_error as error:
            malformed = malformed_line(file) if form == "jsonl" else None
            if malformed is not None:
                line, reason = malformed
                raise DataError(f"`{file}`, line {line:,}: not valid JSON: {reason}") from error
            raise _unreadable(str(file), error) from error
        return Relation(str(file), sql, path, numbered=True)

    def open(self, number: int, relation: Relation, *, everything: bool) -> tuple[Bound, int]:
        """Makes ready the rows of a relation; returns how they are read, and how many there are.

        Raises DataError if the mapping doesn't fit them.
        """
        each: Import = self._mapping.imports[number]
        bound = Binder(self._mapping, number, self._schema, self._columns(relation)).bind()
        row = "row_number() OVER ()" if relation.numbered else "NULL"
        inner = f"SELECT *, {row} AS {_ROW} FROM {relation.sql}"
        conditions = []
        for key in ("where",) if everything else ("where", "slice"):
            condition = getattr(each, key)
            if condition is not None:
                self._check_condition(inner, condition, ("imports", number, key))
                conditions.append(f"({condition})")
        kept = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        named = ", ".join(f"{sql} AS c{n}" for n, sql in enumerate(bound.fetched))
        # By profile and time, so that each profile is folded in one go.
        order = ", ".join([*bound.order, _ROW])
        try:
            self._connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS "
                f"SELECT {_ROW} AS r, {named} FROM ({inner}){kept} ORDER BY {order}"
            )
            counted = self._connection.execute(f"SELECT count(*) FROM {_ROWS}").fetchall()
        except self._database_error as error:
            raise _unreadable(relation.name, error) from error
        return bound, int(counted[0][0])

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yields the rows made ready, the number of each first; None if it has none."""
        cursor = self._connection.execute(f"SELECT * FROM {_ROWS}")
        while rows := cursor.fetchmany(_BATCH):
            yield rows

    def _make_tables(self) -> None:
        if self._tables_made:
            return
        for name, source in self._mapping.tables.items():
            path = ("tables", name)
            try:
                files = find_files(source, self._mapping.folder)
                parts = [
                    f"SELECT * FROM {reading(self._connection, f, format_of(f, None), None)}"
                    for f in files
                ]
                union = " UNION ALL BY NAME ".join(parts)
                self._connection.execute(f"CREATE TEMP VIEW {identifier(name)} AS {union}")
            except SourceProblem as problem:
                raise self._mapping.mistake(path, str(problem)) from problem
            except self._database_error as error:
                raise self._mapping.mistake(path, first_line(error)) from error
        self._tables_made = True

    def _columns(self, relation: Relation) -> list[Column]:
        try:
            described = self._connection.execute(
                f"DESCRIBE SELECT * FROM {relation.sql}"
            ).fetchall()
        except self._database_error as error:
            if relation.path[-1] == "query":
                raise self._mapping.mistake(relation.path, first_line(error)) from error
            raise _unreadable(relation.name, error) from error
        return [Column(name, sql_type) for name, sql_type, *_ in described]

    def _check_condition(self, inner: str, condition: str, path: MappingPath) -> None:
        try:
            self._connection.execute(f"SELECT 1 FROM ({inner}) WHERE ({condition}) LIMIT 0")
        except self._database_error as error:
            raise self._mapping.mistake(path, first_line(error)) from error

    @property
    def _database_error(self) -> type[Exception]:
        import duckdb

        return duckdb.Error


def _unreadable(source: str, error: Exception) -> DataError:
    text = str(error)
    width = _WRONG_WIDTH.search(text)
    if width is not None:
        line, expected, found = width.groups()
        return DataError(f"`{source}`, line {line}: expected {expected} columns, found {found}")
    line_found = _BAD_LINE.search(text)
    where = f", line {line_found[1]}" if line_found else ""
    return DataError(f"`{source}`{where}: can't be read: {first_line(error)}")


def first_line(error: Exception) -> str:
    """Returns what DuckDB says first, without the kind of error and in our case."""
    line = str(error).partition("\n")[0].strip()
    said = line.split(" Error: ", 1)[-1].rstrip(".!")
    return said[:1].lower() + said[1:]
