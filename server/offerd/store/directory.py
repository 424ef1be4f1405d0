"""Telling a state from anything else, creating it, and keeping others out of it."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import Any, Final

import lmdb
import msgspec

from offerd.errors import RequestError, StateError
from offerd.store.environment import Environment
from offerd.store.layout import (
    FORMAT,
    FORMAT_VERSION,
    UPGRADED_VERSIONS,
    Table,
    decode_event,
    decode_record,
)

LOCK_FILE: Final = "state.lock"
DATA_FILE: Final = "data.mdb"
SECRET_BYTES: Final = 32

_FORMAT_KEY: Final = b"format"
_VERSION_KEY: Final = b"version"
_SECRET_KEY: Final = b"secret"
_IGNORED: Final = frozenset({LOCK_FILE, "lock.mdb", "lost+found"})


class DirectoryLock:
    """A directory that this process alone may use, until it ends or lets go."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StateError(
                f"the state in `{path}` is in use by process {holder or 'unknown'}"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets others in."""
        os.close(self._descriptor)


def lock_directory(path: Path) -> DirectoryLock:
    """Returns the lock of a directory that is a state, or is empty and can become one."""
    if path.exists() and not path.is_dir():
        raise StateError(f"`{path}` is no directory; a state is one")
    try:
        path.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise _unusable(path, error) from error
    foreign = sorted(name for name in names if name not in _IGNORED and not name.startswith("."))
    if foreign and DATA_FILE not in names:
        raise StateError(
            f"`{path}` is no state of offerd: it holds `{foreign[0]}`; "
            "expected a state, an empty directory or a new one"
        )
    return DirectoryLock(path)


def prepare(environment: Environment, path: Path) -> bytes:
    """Opens the databases of a state, creating them at first use; returns the state's secret.

    Creation is one transaction: whoever is interrupted leaves an empty environment, which is
    as good as none.
    """
    try:
        short = _extend_if_short(environment, path / DATA_FILE)
        found = environment.read(lambda txn: _read_meta(environment, txn))
        if found is None:
            environment.write(lambda txn: _create(environment, txn))
            found = environment.read(lambda txn: _read_meta(environment, txn))
        secret = checked_secret(found or {}, path)
        environment.write(lambda txn: _upgrade(environment, txn))
        if short:
            environment.read(lambda txn: _walk(environment, txn))
    except (lmdb.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateError(f"the state in `{path}` is damaged: {error}") from error
    except RequestError as error:
        raise StateError(f"`{path}` can't be used for a state: {error}") from error
    return secret


def _extend_if_short(environment: Environment, file: Path) -> bool:
    """Returns whether the file ends before the last page that LMDB ever gave out.

    Pages that were freed before they were written may lie beyond the end of a sound file. In a
    file that was cut off pages in use do, and to touch one would kill the process. Extended
    with zeros, which take no room, both can be read, and a walk tells them apart.
    """
    last_page = environment.raw.info()["last_pgno"]
    expected = (last_page + 1) * environment.raw.stat()["psize"]
    if file.stat().st_size >= expected:
        return False
    os.truncate(file, expected)
    return True


def _walk(environment: Environment, transaction: Any) -> None:
    """Reads everything; raises if anything can't be read."""
    for table in Table:
        database = environment.database(table)
        decode = {Table.PROFILES: decode_record, Table.EVENTS: decode_event}.get(table)
        met = 0
        for _, value in transaction.cursor(db=database):
            met += 1
            if decode is not None:
                decode(value)
        if met != transaction.stat(database)["entries"]:
            raise lmdb.CorruptedError(f"`{table.value}` lacks entries")


def _read_meta(environment: Environment, transaction: Any) -> dict[bytes, bytes] | None:
    """Returns what the meta database says; None if the environment is empty."""
    names = [bytes(name) for name, _ in transaction.cursor()]
    if not names:
        return None
    if Table.META.value.encode() not in names:
        return {}
    meta = environment.raw.open_db(Table.META.value.encode(), txn=transaction, create=False)
    return {bytes(key): bytes(value) for key, value in transaction.cursor(db=meta)}


def _create(environment: Environment, transaction: Any) -> None:
    environment.open_databases(transaction)
    meta = environment.database(Table.META)
    transaction.put(_FORMAT_KEY, FORMAT, db=meta)
    transaction.put(_VERSION_KEY, str(FORMAT_VERSION).encode(), db=meta)
    transaction.put(_SECRET_KEY, secrets.token_bytes(SECRET_BYTES), db=meta)


def _upgrade(environment: Environment, transaction: Any) -> None:
    """Opens the databases, adding those that an older format lacks, and marks the state as of
    this format: what wrote the older one wouldn't keep them up."""
    environment.open_databases(transaction)
    version = str(FORMAT_VERSION).encode()
    transaction.put(_VERSION_KEY, version, db=environment.database(Table.META))


def checked_secret(meta: dict[bytes, bytes], path: Path) -> bytes:
    """Returns the secret in the meta database; raises StateError if that is none of a state."""
    if meta.get(_FORMAT_KEY) != FORMAT:
        raise StateError(f"`{path}` holds an LMDB environment that is no state of offerd")
    version = meta.get(_VERSION_KEY, b"").decode("ascii", "replace")
    if version != str(FORMAT_VERSION) and version not in UPGRADED_VERSIONS:
        raise StateError(
            f"the state in `{path}` has format {version or 'unknown'}; "
            f"this version of offerd reads format {FORMAT_VERSION}"
        )
    secret = meta.get(_SECRET_KEY, b"")
    if len(secret) != SECRET_BYTES:
        raise StateError(f"the state in `{path}` is damaged: its secret is missing")
    return secret


def _unusable(path: Path, error: OSError) -> StateError:
    return StateError(f"`{path}` can't be used for a state: {error.strerror}")
