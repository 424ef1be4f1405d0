"""The command that loads memberships, scores and profiles into a running service: load."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

from offerd.admission import InvalidInstant, parse_instant
from offerd.app.health import HealthTls, open_channel
from offerd.errors import DataError, OfferdError, RequestError
from offerd_gateway.listen import parse_address

if TYPE_CHECKING:
    from offerd.imports.load_files import FileOptions, FileRow, LoadFile
    from offerd_client.loading import LoadProgress, LoadRow

_FILE = click.Path(path_type=Path)
_FOUND_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_LEFT_OUT: Final = 3
"""The exit status of a load that is in force without all of its rows."""

_TOLD: Final = 100


def add_load_commands(group: click.Group) -> None:
    """Adds the command of this module to a command line."""
    group.add_command(load_command)


@click.command("load")
@click.argument("files", nargs=-1, required=True, type=_FOUND_FILE)
@click.option(
    "--to",
    "address",
    default="127.0.0.1:50051",
    show_default=True,
    help="The service's gRPC door.",
)
@click.option("--kind", required=True, type=click.Choice(["memberships", "scores", "profiles"]))
@click.option(
    "--target",
    required=True,
    help="The external audience, the score, or a name for where the profiles come from.",
)
@click.option(
    "--as-of", required=True, help="As of when the data is: 2026-01-31T09:30:00Z, or a date (UTC)."
)
@click.option(
    "--mode",
    type=click.Choice(["replace", "delta"]),
    default="replace",
    show_default=True,
    help="replace: what isn't in the files isn't known from then on; delta: it stays.",
)
@click.option("--strict", is_flag=True, help="Change nothing if any row is bad.")
@click.option("--namespace", help="The namespace of all rows, if no column says it.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Where a field is in a column of another name; repeatable.",
)
@click.option("--time-zone", default="UTC", show_default=True, help="Of times that name no offset.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    help="Of files whose names don't say it.",
)
@click.option("--tls-ca", type=_FILE, help="Speak TLS, and trust this authority or certificate.")
@click.option("--tls-cert", type=_FILE, help="PEM file of the certificate to show (mutual TLS).")
@click.option("--tls-key", type=_FILE, help="PEM file of its private key.")
@click.option(
    "--timeout", "timeout_s", default=10.0, show_default=True, help="To connect, seconds."
)
def load_command(
    *,
    files: tuple[Path, ...],
    address: str,
    kind: str,
    target: str,
    as_of: str,
    mode: str,
    strict: bool,
    namespace: str | None,
    columns: tuple[str, ...],
    time_zone: str,
    form: Any,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    timeout_s: float,
) -> None:
    """Load files into a running service, all at once for those who decide.

    FILES are CSV, JSON Lines or Parquet. Their rows are one load: nothing of it is seen before
    all of it is. The exit status is 0 if all rows are in force, 3 if the load is in force but rows
    were left out, and 1 if nothing has changed.
    """
    from offerd.imports.load_files import FileOptions
    from offerd_client.loading import LoadHeader, LoadKind, load

    options = FileOptions(kind, namespace, _columns(columns), _zone(time_zone), form)
    asked = parse_address(address).from_here()
    header = LoadHeader(
        LoadKind[kind.upper()], target, _instant(as_of), replace=mode == "replace", strict=strict
    )
    tls = HealthTls.of(tls_ca, tls_cert, tls_key)
    with _opened(files, options) as source, open_channel(asked, tls, timeout_s) as channel:
        rows = _Rows(source, strict=strict)
        shown = _Shown(sys.stderr, sum(file.count() for file in source))
        last: LoadProgress | None = None
        try:
            for last in load(channel, header, rows.each()):
                shown.advance(last.stored + last.refused + last.tombstoned + len(rows.unreadable))
        except RequestError as error:
            raise rows.placed(error) from error
        shown.finish()
    if last is None or not last.done:
        raise DataError("the service ended the load without saying that it is in force")
    _report(rows, last, target)


def _report(rows: _Rows, last: LoadProgress, target: str) -> None:
    told = sorted(
        [*rows.unreadable[:_TOLD], *((rows.place(r.field), r.message) for r in last.refusals)]
    )
    for (file, row), message in told[:_TOLD]:
        click.echo(f"left out: `{rows.files[file].name}`, row {row:,}: {message}", err=True)
    refused = last.refused + len(rows.unreadable)
    if refused > len(told):
        click.echo(f"left out: {refused - len(told):,} more rows", err=True)
    click.echo(
        f"{target}: {last.stored:,} rows in force, {refused:,} left out, "
        f"{last.tombstoned:,} of deleted customers"
    )
    if refused:
        sys.exit(_LEFT_OUT)


class _Rows:
    """The rows of all files as they are sent, and where each came from."""

    def __init__(self, files: Sequence[LoadFile], *, strict: bool) -> None:
        self.files = files
        self._strict = strict
        self._starts: list[int] = []
        self._skipped: list[int] = []
        self.unreadable: list[tuple[tuple[int, int], str]] = []
        """(file, row) and why, of rows that weren't sent."""

    def each(self) -> Iterator[LoadRow]:
        """Yields the rows that can be read; raises DataError at the first other one if strict."""
        seen = 0
        for number, file in enumerate(self.files):
            self._starts.append(seen)
            for row in file.rows():
                if isinstance(row, Exception):
                    place = number, seen - self._starts[-1] + 1
                    if self._strict:
                        raise DataError(f"`{file.name}`, row {place[1]:,}: {row}")
                    self.unreadable.append((place, str(row)))
                    self._skipped.append(seen)
                else:
                    yield _sent(row, file.kind)
                seen += 1

    def placed(self, error: RequestError) -> OfferdError:
        """Returns a refusal that says which row of which file it is about, if it is about one."""
        if not error.field.startswith("rows["):
            return error
        file, row = self.place(error.field)
        return DataError(f"`{self.files[file].name}`, row {row:,}: {error.message}")

    def place(self, field: str) -> tuple[int, int]:
        """Returns file and row, from 1, of a field such as `rows[17].identity`."""
        position = int(field.removeprefix("rows[").partition("]")[0])
        for skipped in self._skipped:
            if skipped > position:
                break
            position += 1
        file = max(n for n, start in enumerate(self._starts) if start <= position)
        return file, position - self._starts[file] + 1


def _sent(row: FileRow, kind: str) -> LoadRow:
    from offerd_client.loading import AttributesRow, MembershipRow, ScoreRow

    values = row.values
    if kind == "profiles":
        return AttributesRow(row.namespace, row.id, values)
    if kind == "scores":
        return ScoreRow(
            row.namespace,
            row.id,
            values["score"],
            values.get("probability"),
            values.get("percentile"),
            values.get("factors", ()),
            values.get("score_date"),
        )
    return MembershipRow(
        row.namespace,
        row.id,
        values.get("status", False),
        values.get("since"),
        values.get("valid_until"),
    )


@contextmanager
def _opened(files: Sequence[Path], options: FileOptions) -> Iterator[list[LoadFile]]:
    import tempfile

    from offerd.imports.load_files import LoadFile
    from offerd.imports.sources import connect

    with tempfile.TemporaryDirectory(prefix="offerd-load-") as folder:
        connection = connect(Path(folder))
        try:
            yield [LoadFile(connection, file, options) for file in files]
        finally:
            connection.close()


def _columns(given: Sequence[str]) -> dict[str, str]:
    columns = {}
    for one in given:
        field, equals, column = one.partition("=")
        if not equals or not field or not column:
            raise click.BadParameter(f"`{one}` isn't `FIELD=COLUMN`", param_hint="--column")
        columns[field] = column
    return columns


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"`{name}` is no time zone", param_hint="--time-zone") from None


def _instant(text: str) -> int:
    whole = text if "T" in text or " " in text else f"{text}T00:00:00Z"
    try:
        return parse_instant(whole)
    except InvalidInstant:
        raise click.BadParameter(
            f"`{text}` is no time such as `2026-01-31T09:30:00Z` or `2026-01-31`",
            param_hint="--as-of",
        ) from None


class _Shown:
    """How far the load is, and how fast: a line that is rewritten on terminals, else a few."""

    def __init__(self, stream: IO[str], total: int) -> None:
        self._stream = stream
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        self._told = self._started
        self._every_s = 0.2 if stream.isatty() else 10.0

    def advance(self, done: int) -> None:
        """Tells of so many rows, if it is time to."""
        self._done = done
        now = time.monotonic()
        if now - self._told >= self._every_s:
            self._told = now
            self._tell(now, "\r" if self._stream.isatty() else "\n")

    def finish(self) -> None:
        """Tells of the end."""
        self._tell(time.monotonic(), "\n")

    def _tell(self, now: float, end: str) -> None:
        took_s = max(now - self._started, 1e-9)
        line = (
            f"loaded {self._done:,} of {self._total:,} rows in {took_s:.1f} s, "
            f"{self._done / took_s:,.0f} rows/s"
        )
        print(line.ljust(72) if end == "\r" else line, end=end, file=self._stream, flush=True)
