"""Copying a state while a server has it open."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from offerd.errors import StateError
from offerd.store.directory import DATA_FILE
from offerd.store.layout import Table
from offerd.store.read_only import ReadOnlyState


class Backup(NamedTuple):
    """What a copy holds, and how large it and what it was copied from are, in bytes."""

    profiles: int
    events: int
    size_bytes: int
    copied_bytes: int


def back_up(path: Path, out: Path) -> Backup:
    """Copies a state, as it is at one moment, into a new directory; returns what was copied.

    Everything that was acknowledged before the call is in the copy, no write is in it by half,
    and pages that the state no longer uses are left out. Any process may use the state meanwhile;
    pages that it frees until the copy is done are used again only afterwards, so that its file
    grows by about what is written meanwhile. `out` appears whole and on disk, or not at all.
    Raises StateError if there is no state, `out` exists, or the copy can't be written.
    """
    with ReadOnlyState(path) as state:
        _refuse_existing(out)
        try:
            folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        except OSError as error:
            raise _unwritable(out, error) from error
        try:
            _write(state, folder / DATA_FILE)
            done = _checked(path, folder)
            shutil.copymode(path, folder)
            _publish(folder, out)
        except OSError as error:
            raise _unwritable(out, error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return done


def _write(state: ReadOnlyState, file: Path) -> None:
    # What a state knows of people is for nobody else.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        state.copy(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(source: Path, folder: Path) -> Backup:
    """Opens the copy as whoever restores it would, and counts what is in it."""
    with ReadOnlyState(folder) as copied:
        tables = [copied.database(table) for table in (Table.PROFILES, Table.EVENTS)]

        def count(transaction: Any) -> list[int]:
            return [transaction.stat(table)["entries"] for table in tables]

        profiles, events = copied.read(count)
    for entry in folder.iterdir():
        if entry.name != DATA_FILE:
            entry.unlink()
    sizes = [(at / DATA_FILE).stat().st_size for at in (folder, source)]
    return Backup(profiles, events, *sizes)


def _publish(folder: Path, out: Path) -> None:
    """Gives the finished copy its name, unless somebody else has taken it meanwhile."""
    _sync_directory(folder)
    try:
        # Renaming replaces an empty directory in one step, and this one is nobody else's.
        out.mkdir()
    except FileExistsError:
        _refuse_existing(out)
        raise
    folder.rename(out)
    _sync_directory(out.parent)


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_existing(out: Path) -> None:
    if os.path.lexists(out):
        raise StateError(f"`{out}` exists already; a backup replaces nothing")


def _unwritable(out: Path, error: OSError) -> StateError:
    return StateError(
        f"the backup `{out}` can't be written: {(error.strerror or str(error)).lower()}"
    )
