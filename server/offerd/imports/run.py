"""`offerd import`: data and a mapping into the state."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from offerd.errors import DataError, InvalidArgument
from offerd.imports.bind import Bound
from offerd.imports.mapping import load_mapping
from offerd.imports.progress import ImportProgress, Silent
from offerd.imports.rows import BadRow
from offerd.imports.scan import Scanner
from offerd.imports.sources import connect
from offerd.model.catalogue import Catalogue
from offerd.store import LoadProgress, State

T = TypeVar("T")
ItemT_co = TypeVar("ItemT_co", covariant=True)


class _Rows(Protocol[ItemT_co]):
    """Rows that become profiles, or events."""

    def admitted(self, columns: Sequence[Sequence[Any]]) -> Sequence[ItemT_co] | None:
        """Returns a batch of items, or None if any of them might be refused."""
        ...

    def admit(self, row: Sequence[Any]) -> ItemT_co:
        """Returns the item of one row; raises InvalidArgument."""
        ...


@dataclass
class ImportReport:
    """What an import did.

    `events` were new, `repeated` were in the state before, `clashing` have the id of an event
    there that says something else, and were left out. So were `deleted` ones, from before their
    customer was deleted, those of profiles that were `full`, and `bad_rows`.
    """

    profiles: int = 0
    events: int = 0
    repeated: int = 0
    clashing: int = 0
    deleted: int = 0
    full: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


def run_import(
    mapping_path: Path,
    state: State,
    catalogue: Catalogue,
    *,
    now_ns: int,
    everything: bool = False,
    max_errors: int = 0,
    progress: ImportProgress | None = None,
) -> ImportReport:
    """Puts the profiles and events that a mapping describes into a state.

    `everything` leaves the slices of the mapping aside. Up to `max_errors` bad rows are left
    out and reported; the next one stops the import. What was stored until then stays, so the
    import can be repeated once the data is corrected: the same row twice changes nothing.
    Raises DataError, or ConfigurationError if DuckDB isn't installed.
    """
    mapping = load_mapping(mapping_path)
    report = ImportReport()
    with tempfile.TemporaryDirectory(prefix="offerd-import-") as folder, _no_cycle_search():
        connection = connect(Path(folder))
        try:
            scanner = Scanner(connection, mapping, catalogue.schema)
            importer = _Importer(
                scanner,
                state,
                report,
                now_ns=now_ns,
                max_errors=max_errors,
                progress=progress or Silent(),
            )
            for number, each in enumerate(mapping.imports):
                for relation in scanner.relations(number):
                    bound, total = scanner.open(number, relation, everything=everything)
                    importer.load(each.name, relation.name, bound, total)
        finally:
            connection.close()
    return report


@contextmanager
def _no_cycle_search() -> Iterator[None]:
    """Keeps Python from searching for cycles: none arise, and a tenth of the time goes there."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Importer:
    """Takes the rows that a scanner has made ready into the state."""

    def __init__(
        self,
        scanner: Scanner,
        state: State,
        report: ImportReport,
        *,
        now_ns: int,
        max_errors: int,
        progress: ImportProgress,
    ) -> None:
        self._scanner = scanner
        self._state = state
        self._report = report
        self._now_ns = now_ns
        self._max_errors = max_errors
        self._progress = progress

    def load(self, name: str, source: str, bound: Bound, total: int) -> None:
        """Loads one source."""
        self._progress.start(name, total)
        bad_before = len(self._report.bad_rows)
        last = LoadProgress()
        for last in self._loading(source, bound):
            self._progress.advance(last.done + len(self._report.bad_rows) - bad_before)
        if bound.profiles is not None:
            self._report.profiles += last.accepted
        else:
            self._report.events += last.accepted
            self._report.repeated += last.duplicate
            self._report.clashing += last.reused
            self._report.deleted += last.deleted
            self._report.full += last.full
        self._progress.advance(total)
        self._progress.finish()

    def _loading(self, source: str, bound: Bound) -> Iterator[LoadProgress]:
        if bound.profiles is not None:
            return self._state.load_profiles(self._taken(bound.profiles, source, 0), self._now_ns)
        if bound.events is not None:
            return self._state.load_events(self._taken(bound.events, source, 1), self._now_ns)
        raise AssertionError("an import binds profiles or events")

    def _taken(self, rows: _Rows[T], source: str, named_by: int) -> Iterator[T]:
        for batch in self._scanner.batches():
            columns = list(zip(*batch, strict=True))
            taken = rows.admitted(columns[1:])
            if taken is not None:
                yield from taken
                continue
            for number, *values in batch:
                try:
                    item = rows.admit(values)
                except InvalidArgument as error:
                    name = values[named_by] or ""
                    self._refuse(BadRow(source, number, name, error.message))
                else:
                    yield item

    def _refuse(self, bad: BadRow) -> None:
        self._report.bad_rows.append(bad)
        if len(self._report.bad_rows) > self._max_errors:
            rows = map(str, self._report.bad_rows)
            raise DataError("\n".join(rows))
