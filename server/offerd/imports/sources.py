"""Files that DuckDB reads for an import: finding them, and what reads which."""

# ruff: noqa: S608 - SQL in a mapping is its author's, names and paths are quoted

from __future__ import annotations

import csv
import glob
import gzip
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from offerd.admission import quote
from offerd.errors import ConfigurationError

if TYPE_CHECKING:
    import duckdb

Format = Literal["csv", "jsonl", "parquet"]

_LOOKS_LIKE: Final = re.compile(r"\b(DATE|TIME(STAMP)?(_S|_MS|_NS)?( WITH TIME ZONE)?|UUID)\b")
_PACKAGE: Final = "package:"
_ENDINGS: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class SourceProblem(Exception):
    """A source can't be read; the message says why, for the place that names it."""


def connect(temporary_folder: Path) -> duckdb.DuckDBPyConnection:
    """Returns a DuckDB of its own, in memory, that spills over into a folder.

    It loads no extension and fetches nothing. Raises ConfigurationError without DuckDB.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ConfigurationError(
            "importing data needs DuckDB: run `pip install 'offerd[import]'`"
        ) from error
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(temporary_folder),
        },
    )
    connection.execute("SET enable_progress_bar = false")
    return connection


def find_files(source: str, folder: Path) -> list[Path]:
    """Returns the files that a source names, sorted: a path, a pattern or a package's file.

    Paths are relative to `folder`. `package:name/path` is a file within an installed Python
    package, which is found without being imported. Raises SourceProblem if there is none.
    """
    if source.startswith(_PACKAGE):
        return [_file_of_package(source.removeprefix(_PACKAGE))]
    path = folder / source
    if path.is_file():
        return [path]
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))
    files = [file for file in found if file.is_file()]
    if not files:
        raise SourceProblem(f"no file {quote(source)} in {quote(str(folder))}")
    return files


def _file_of_package(name: str) -> Path:
    package, slash, inside = name.partition("/")
    if not package.isidentifier() or not slash or not inside:
        raise SourceProblem(
            f"{quote(_PACKAGE + name)} names no file of a package, "
            "such as `package:mypackage/data/sales.parquet`"
        )
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise SourceProblem(
            f"no package {quote(package)} is installed: "
            f"run `pip install {package.replace('_', '-')}`"
        )
    for location in spec.submodule_search_locations:
        file = Path(location) / inside
        if file.is_file():
            return file
    raise SourceProblem(f"package {quote(package)} has no file {quote(inside)}")


def format_of(file: Path, given: Format | None) -> Format:
    """Returns a file's format: the given one, or what its name's ending says."""
    if given is not None:
        return given
    for ending in (file.suffix, Path(file.stem).suffix if file.suffix == ".gz" else ""):
        if ending.lower() in _ENDINGS:
            return _ENDINGS[ending.lower()]
    raise SourceProblem(
        f"{quote(file.name)} ends like no known format; say `format: csv`, `jsonl` or `parquet`"
    )


def reading(
    connection: duckdb.DuckDBPyConnection, file: Path, form: Format, delimiter: str | None
) -> str:
    """Returns the SQL table function that reads a file.

    Columns of CSV are text, which is read as whatever type is declared; so are dates and
    times in JSON Lines, whose other types are those of all the lines together.
    """
    path = literal(str(file))
    if form == "parquet":
        return f"read_parquet({path})"
    if form == "csv":
        apart = delimiter or ("\t" if ".tsv" in file.suffixes else ",")
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in _header(file, apart))
        return (
            f"read_csv({path}, auto_detect=false, header=true, delim={literal(apart)}, "
            f"quote='\"', escape='\"', columns={{{columns}}})"
        )
    options = "format='newline_delimited'"
    detected = f"read_json({path}, {options}, sample_size=-1)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {detected}").fetchall()
    typed = ", ".join(
        f"{literal(name)}: {literal(_json_type(kind))}" for name, kind, *_ in described
    )
    return f"read_json({path}, {options}, columns={{{typed}}})"


def malformed_line(file: Path) -> tuple[int, str] | None:
    """Returns the number of the first line of a JSON Lines file that is no JSON, and why."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                if line.strip():
                    msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                return number, str(error)
    return None


def _header(file: Path, delimiter: str) -> list[str]:
    """Returns the names of the columns of a CSV file; nothing else is guessed from its rows."""
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8-sig", newline="") as lines:
            names = next(csv.reader(lines, delimiter=delimiter), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceProblem(f"{quote(file.name)} has no readable header line: {error}") from error
    if not any(names):
        raise SourceProblem(f"{quote(file.name)} has no header line")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SourceProblem(f"{quote(file.name)} has two columns {quote(twice)}")
    return names


def _json_type(detected: str) -> str:
    if detected.startswith(("STRUCT", "MAP", "JSON")):
        return "JSON"  # objects stay as they are written
    # What merely looks like a date is text until an attribute declares it a timestamp.
    return _LOOKS_LIKE.sub("VARCHAR", detected)


def literal(text: str) -> str:
    """Returns a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Returns a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
