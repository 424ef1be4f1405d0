"""Files for `offerd load`: each row as what is loaded of somebody, by the names of its columns.

Whom a row is about is in the columns `namespace` and `id`; in `id`, all of one namespace; or in a
column that is named as the namespace, which then is the first of those that have no other use.
"""

# ruff: noqa: S608 - names and paths are quoted

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from offerd.admission import format_instant, nearest, quote
from offerd.errors import DataError, InvalidArgument, Reason
from offerd.imports.columns import Column, Kind
from offerd.imports.scan import first_line
from offerd.imports.sources import (
    Format,
    SourceProblem,
    format_of,
    identifier,
    malformed_line,
    reading,
)
from offerd.imports.texts import clock_reader, reader_of
from offerd.model.schema import ValueType

if TYPE_CHECKING:
    import duckdb

FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "memberships": ("status", "since", "valid_until"),
    "scores": ("score", "probability", "percentile", "factors", "score_date"),
    "profiles": (),
}
"""What rows of each kind of load may say besides whom they are about."""

NAMESPACE: Final = "namespace"
ID: Final = "id"

_BATCH: Final = 10_000
_TIMES: Final = ("since", "valid_until", "score_date")
_NUMBERS: Final = ("score", "probability", "percentile")
_STATUSES: Final = {"": False, "realized": False, "exited": True}
_EXACT: Final = 2**53


class FileOptions(NamedTuple):
    """How files are read: `columns` by field where they are named otherwise."""

    kind: str
    namespace: str | None = None
    columns: Mapping[str, str] = {}
    time_zone: str = "UTC"
    form: Format | None = None


class FileRow(NamedTuple):
    """One row: whom it is about and what it says, by field, absent ones left out.

    Times are nanoseconds; `factors` a list of (code, value, importance), `status` whether they
    have left. Of profiles the fields are attributes.
    """

    namespace: str
    id: str
    values: dict[str, Any]


class LoadFile:
    """One file, ready to be read. Raises DataError if its columns don't fit."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, file: Path, options: FileOptions
    ) -> None:
        self.name = str(file)
        self.kind = options.kind
        self._connection = connection
        self._options = options
        columns = self._described(file)
        self._namespace, namespace_sql, id_sql, rest = self._identity(columns)
        self._readers, selected = self._fields(rest)
        fetched = [namespace_sql, id_sql, *selected]
        self._select = f"SELECT {', '.join(fetched)} FROM {self._sql}"

    def count(self) -> int:
        """Returns how many rows there are."""
        return int(self._run(f"SELECT count(*) FROM {self._sql}").fetchall()[0][0])

    def rows(self) -> Iterator[FileRow | InvalidArgument]:
        """Yields each row, or why it can't be read; raises DataError if the file breaks off."""
        cursor = self._run(self._select)
        while batch := self._fetched(cursor):
            for row in batch:
                try:
                    yield self._row(row)
                except InvalidArgument as error:
                    yield error

    def _row(self, row: Sequence[Any]) -> FileRow:
        namespace = self._namespace or row[0]
        if not namespace or not row[1]:
            name = ID if namespace else NAMESPACE
            raise InvalidArgument(Reason.MISSING_FIELD, f"`{name}` is empty", field=name)
        values = {
            name: read(value)
            for (name, read), value in zip(self._readers, row[2:], strict=True)
            if value is not None
        }
        if self._options.kind == "scores" and "score" not in values:
            raise InvalidArgument(Reason.MISSING_FIELD, "`score` is empty", field="score")
        return FileRow(namespace, row[1], values)

    def _described(self, file: Path) -> list[Column]:
        try:
            form = format_of(file, self._options.form)
            self._sql = reading(self._connection, file, form, None)
        except SourceProblem as problem:
            raise DataError(str(problem)) from problem
        except self._database_error as error:
            malformed = malformed_line(file) if file.suffix != ".parquet" else None
            if malformed is not None:
                line, reason = malformed
                raise DataError(f"`{file}`, line {line:,}: not valid JSON: {reason}") from error
            raise DataError(f"`{file}` can't be read: {first_line(error)}") from error
        described = self._run(f"DESCRIBE SELECT * FROM {self._sql}").fetchall()
        return [Column(name, sql_type) for name, sql_type, *_ in described]

    def _identity(
        self, columns: Sequence[Column]
    ) -> tuple[str | None, str, str, dict[str, Column]]:
        """Returns the namespace of all rows if it is one, SQL of namespace and id, and the rest."""
        rest = {column.name: column for column in columns}
        named = self._options.columns
        for field, column in named.items():
            if column not in rest:
                raise self._no_column(column, rest, f" for `{field}`")
        identity = rest.pop(named.get(ID, ID), None)
        namespace = rest.pop(named.get(NAMESPACE, NAMESPACE), None)
        if namespace is not None and identity is not None:
            return None, namespace.fetched(as_text=True), identity.fetched(as_text=True), rest
        if identity is None:
            used = {named.get(field, field) for field in FIELDS[self._options.kind]}
            free = [name for name in rest if name not in used and name not in named.values()]
            wanted = self._options.namespace or (free[0] if free else "")
            if wanted not in rest:
                raise self._no_column(ID, rest, "")
            return wanted, "NULL", rest.pop(wanted).fetched(as_text=True), rest
        if self._options.namespace is None:
            raise DataError(
                f"`{self.name}` has a column {quote(identity.name)} and none that says its "
                f"namespace: add `{NAMESPACE}`, or say `--namespace`"
            )
        return self._options.namespace, "NULL", identity.fetched(as_text=True), rest

    def _fields(
        self, rest: Mapping[str, Column]
    ) -> tuple[list[tuple[str, Callable[[Any], Any]]], list[str]]:
        known = FIELDS[self._options.kind]
        renamed = {column: field for field, column in self._options.columns.items()}
        readers: list[tuple[str, Callable[[Any], Any]]] = []
        selected: list[str] = []
        for name, column in rest.items():
            field = renamed.get(name, name)
            if known and field not in known:
                continue  # of no use here, as is usual of what another tool has written
            readers.append((field, self._reader(field, column)))
            selected.append(_fetched(column))
        if self._options.kind == "scores" and "score" not in dict(readers):
            raise self._no_column("score", rest, "")
        if not known and not readers:
            raise DataError(f"`{self.name}` has no column with an attribute")
        return readers, selected

    def _reader(self, field: str, column: Column) -> Callable[[Any], Any]:
        if self._options.kind == "profiles":
            return _attribute_reader(column)
        if field == "status":
            return _status
        if field == "factors":
            return _factors
        if field in _NUMBERS:
            return lambda value: _number(value, field)
        if column.kind is Kind.INSTANT:
            if column.is_local_time:
                return clock_reader(self._options.time_zone)
            return _unchanged
        read = reader_of(ValueType.TIMESTAMP, self._options.time_zone)
        return lambda value: _time(read(str(value)), field)

    def _no_column(self, column: str, rest: Mapping[str, Column], purpose: str) -> DataError:
        near = nearest(column, rest)
        hint = f"; did you mean {quote(near)}" if near else ""
        return DataError(f"`{self.name}` has no column {quote(column)}{purpose}{hint}")

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except self._database_error as error:
            raise DataError(f"`{self.name}` can't be read: {first_line(error)}") from error

    def _fetched(self, cursor: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        try:
            return cursor.fetchmany(_BATCH)
        except self._database_error as error:
            raise DataError(f"`{self.name}` can't be read: {first_line(error)}") from error

    @property
    def _database_error(self) -> type[Exception]:
        import duckdb

        return duckdb.Error


def _fetched(column: Column) -> str:
    if column.kind is None:
        return f"CAST(to_json({identifier(column.name)}) AS VARCHAR)"
    return column.fetched()


def _unchanged(value: Any) -> Any:
    return value


def _status(value: Any) -> bool:
    exited = _STATUSES.get(str(value).strip().lower())
    if exited is None:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED,
            f"`status` is {quote(str(value))}; expected `realized` or `exited`",
            field="status",
        )
    return exited


def _number(value: Any, field: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidArgument(
            Reason.WRONG_TYPE, f"`{field}` is {quote(str(value))}; expected a number", field=field
        ) from None


def _time(value: Any, field: str) -> int:
    if isinstance(value, int):
        return value
    raise InvalidArgument(
        Reason.INVALID_TIME,
        f"`{field}` is {quote(str(value))}; expected a time such as `2026-01-31T09:30:00Z`",
        field=field,
    )


class _Factor(msgspec.Struct):
    code: str
    value: str = ""
    importance: str = ""


_decode_factors = msgspec.json.Decoder(list[_Factor]).decode


def _factors(value: Any) -> list[tuple[str, str, str]]:
    try:
        found = _decode_factors(value if isinstance(value, str) else msgspec.json.encode(value))
    except (msgspec.DecodeError, RecursionError):
        raise InvalidArgument(
            Reason.MALFORMED,
            "`factors` is no list of objects with `code`, `value` and `importance`",
            field="factors",
        ) from None
    return [(factor.code, factor.value, factor.importance) for factor in found]


def _attribute_reader(column: Column) -> Callable[[Any], Any]:
    """Returns what makes a value of a column one that JSON has; the service knows the types."""
    if column.kind is Kind.INSTANT:
        return _written_instant
    if column.kind is Kind.INTEGER:
        return _integer
    if column.kind in (Kind.OBJECT, None):
        return _decoded
    return _unchanged


def _written_instant(value: int) -> Any:
    return format_instant(value)


def _integer(value: int) -> Any:
    return value if abs(value) <= _EXACT else str(value)


def _decoded(value: str) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value  # a text, which the service may take
