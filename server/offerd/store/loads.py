"""What was loaded in bulk: which loads are in force, and the rows of each.

Every load has a generation, a number that grows. Its rows lie in `loaded` under profile digest
and generation, and don't count before `loads` says that the generation is in force: one small
transaction, however many rows there are. A full load puts the former ones out of force in the
same transaction; a delta is in force beside them. Rows whose generation isn't in force are
nobody's, and are dropped later (see `load_cleaning`).

`loads` holds one value, the ledger. It begins with eight bytes that change with every change,
so that a reader knows by its own snapshot whether what it remembers still holds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from msgspec.structs import asdict

from offerd.customer.loaded import (
    AttributesRow,
    Entry,
    Found,
    LoadKind,
    LoadTarget,
    MembershipRow,
    Row,
    ScoreRow,
)
from offerd.model.profile import ProfileKey
from offerd.store.layout import DIGEST_BYTES, Table, profile_digest

_LEDGER: Final = b"ledger"
_VERSION: Final = struct.Struct(">Q")
_GENERATION: Final = struct.Struct(">I")


class Generation(msgspec.Struct, array_like=True, frozen=True):
    """A load in force: as of when, since when, of so many rows; `full` or a delta."""

    number: int
    as_of_ns: int
    load_ns: int
    rows: int
    full: bool


class TargetLoads(msgspec.Struct, array_like=True):
    """The loads of one target that are in force, oldest first."""

    kind: LoadKind
    id: str
    generations: list[Generation]

    @property
    def target(self) -> LoadTarget:
        """What they fill."""
        return LoadTarget(self.kind, self.id)


class Ledger(msgspec.Struct, array_like=True):
    """All loads. `staging` are generations whose rows are being written, and won't count if that
    breaks off. `unclean` counts what has left dead rows since the last time they were dropped,
    `deltas` the deltas since then."""

    next_generation: int = 1
    staging: list[int] = []
    unclean: int = 0
    deltas: int = 0
    loads: list[TargetLoads] = []

    def of(self, target: LoadTarget) -> TargetLoads | None:
        """Returns the loads of a target, None if there never was one."""
        return next((loads for loads in self.loads if loads.target == target), None)


class Databases(Protocol):
    """An environment, whoever may write to it."""

    def database(self, table: Table) -> Any:
        """Returns LMDB's handle of a database."""
        ...


class Live(NamedTuple):
    """What is in force, as readers need it; `version` is that of the ledger."""

    version: bytes
    generations: dict[int, tuple[LoadTarget, int]]
    complete: frozenset[str]


_NOTHING_LIVE = Live(b"", {}, frozenset())
_NOTHING_FOUND = Found()
_encode = msgspec.msgpack.Encoder().encode
_decode_ledger = msgspec.msgpack.Decoder(Ledger).decode
_DECODERS: Final[dict[LoadKind, Callable[[Any], tuple[str, str, Row]]]] = {
    LoadKind.MEMBERSHIPS: msgspec.msgpack.Decoder(tuple[str, str, MembershipRow]).decode,
    LoadKind.SCORES: msgspec.msgpack.Decoder(tuple[str, str, ScoreRow]).decode,
    LoadKind.PROFILES: msgspec.msgpack.Decoder(tuple[str, str, AttributesRow]).decode,
}
_decode_key = msgspec.msgpack.Decoder(tuple[str, str, msgspec.Raw]).decode


def encode_row(key: ProfileKey, row: Row) -> bytes:
    """Returns the value of loaded."""
    return _encode((key.namespace, key.id, row))


def loaded_key(digest: bytes, generation: int) -> bytes:
    """Returns what a row is kept under."""
    return digest + _GENERATION.pack(generation)


def generation_of(key: bytes) -> int:
    """Returns the generation in a key of loaded."""
    return int(_GENERATION.unpack_from(key, DIGEST_BYTES)[0])


class LoadReader:
    """Reads what is in force. For any thread."""

    def __init__(self, databases: Databases) -> None:
        self._loads = databases.database(Table.LOADS)
        self._loaded = databases.database(Table.LOADED)
        self._live = _NOTHING_LIVE
        self._empty_at = -1
        """The number of the last snapshot in which nothing was in force."""

    def ledger(self, transaction: Any) -> Ledger:
        """Returns the ledger as it is in a transaction."""
        value = transaction.get(_LEDGER, db=self._loads)
        return Ledger() if value is None else _decode_ledger(value[_VERSION.size :])

    def live(self, transaction: Any) -> Live:
        """Returns what is in force in a transaction."""
        value = transaction.get(_LEDGER, db=self._loads)
        if value is None:
            return _NOTHING_LIVE
        live = self._live
        if live.version != value[: _VERSION.size]:
            ledger = _decode_ledger(value[_VERSION.size :])
            live = self._live = _live(bytes(value[: _VERSION.size]), ledger)
        return live

    def cursor(self, transaction: Any) -> Any:
        """Returns a cursor over all rows, in force or not."""
        return transaction.cursor(db=self._loaded)

    def find(self, transaction: Any, members: Iterable[ProfileKey]) -> Found:
        """Returns all that counts of some identities, in their order."""
        live = self.live(transaction)
        if not live.generations:
            return _NOTHING_FOUND
        entries: list[Entry] = []
        cursor = transaction.cursor(db=self._loaded)
        for member in members:
            entries += self._entries(cursor, member, live)
        return Found(entries, live.complete)

    def find_in_snapshot(self, snapshot: Any, member: ProfileKey) -> Found:
        """As `find`, of one identity, in a transaction that only reads."""
        number = snapshot.id()
        if number == self._empty_at:
            return _NOTHING_FOUND
        if not self.live(snapshot).generations:
            self._empty_at = number
            return _NOTHING_FOUND
        return self.find(snapshot, (member,))

    def _entries(self, cursor: Any, member: ProfileKey, live: Live) -> list[Entry]:
        digest = profile_digest(member)
        newest: dict[LoadTarget, tuple[int, Any]] = {}
        more = cursor.set_range(digest)
        while more:
            key = cursor.key()
            if key[:DIGEST_BYTES] != digest:
                break
            found = live.generations.get(generation_of(key))
            if found is not None:
                # Generations ascend, so the last one of a target is its newest.
                newest[found[0]] = (found[1], cursor.value())
            more = cursor.next()
        entries = []
        for target, (as_of_ns, value) in newest.items():
            namespace, identity, row = _DECODERS[target.kind](value)
            if (namespace, identity) == member:
                entries.append(Entry(target, member, as_of_ns, row))
        return entries


def _live(version: bytes, ledger: Ledger) -> Live:
    generations = {
        generation.number: (loads.target, generation.as_of_ns)
        for loads in ledger.loads
        for generation in loads.generations
    }
    complete = frozenset(
        loads.id
        for loads in ledger.loads
        if loads.kind is LoadKind.MEMBERSHIPS and any(one.full for one in loads.generations)
    )
    return Live(version, generations, complete)


class LoadTables:
    """The loads within one write transaction."""

    def __init__(self, databases: Databases, transaction: Any) -> None:
        self._loads = databases.database(Table.LOADS)
        self._loaded = databases.database(Table.LOADED)
        self._transaction = transaction

    def ledger(self) -> Ledger:
        """Returns the ledger, to change and `store`."""
        value = self._transaction.get(_LEDGER, db=self._loads)
        return Ledger() if value is None else _decode_ledger(value[_VERSION.size :])

    def store(self, ledger: Ledger) -> None:
        """Stores the ledger as another version."""
        value = self._transaction.get(_LEDGER, db=self._loads)
        version = 0 if value is None else _VERSION.unpack_from(value)[0]
        encoded = _VERSION.pack(version + 1) + _encode(ledger)
        self._transaction.put(_LEDGER, encoded, db=self._loads)

    def add(self, generation: int, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Stores rows of a generation, by profile digest, ascending."""
        with self._transaction.cursor(db=self._loaded) as cursor:
            cursor.putmulti([(loaded_key(digest, generation), value) for digest, value in rows])

    def drop(self, keys: Iterable[bytes]) -> None:
        """Removes rows by key."""
        for key in keys:
            self._transaction.delete(key, db=self._loaded)

    def remove_of(self, digest: bytes) -> int:
        """Removes all rows of an identity, those being loaded too; returns how many there were."""
        removed = 0
        with self._transaction.cursor(db=self._loaded) as cursor:
            found = cursor.set_range(digest)
            while found and cursor.key()[:DIGEST_BYTES] == digest:
                removed += 1
                found = cursor.delete()  # moves on to the next
        return removed


def exported(databases: Databases, transaction: Any, key: ProfileKey) -> Iterator[dict[str, Any]]:
    """Yields what is in force of one identity as plain data, for exports."""
    for entry in LoadReader(databases).find(transaction, (key,)).entries:
        yield {
            "kind": entry.target.kind.value,
            "target": entry.target.id,
            "as_of_ns": entry.as_of_ns,
            **_plain(entry.row),
        }


def _plain(row: Row) -> dict[str, Any]:
    if isinstance(row, AttributesRow):
        return {"attributes": row.attributes}
    plain = {name: value for name, value in asdict(row).items() if value is not None}
    if isinstance(row, ScoreRow):
        plain["factors"] = [asdict(factor) for factor in row.factors]
    return plain


class KeysPage(NamedTuple):
    """Some identities of which something is loaded, and where to go on; None at the end."""

    keys: list[ProfileKey]
    next_digest: bytes | None


def keys_page(reader: LoadReader, transaction: Any, start: bytes, limit: int) -> KeysPage:
    """Returns up to `limit` identities from a digest on, b"" for the first, of loads in force."""
    live = reader.live(transaction).generations
    keys: list[ProfileKey] = []
    digest = b""
    cursor = reader.cursor(transaction)
    more = cursor.set_range(start)
    while more:
        key = cursor.key()
        if key[:DIGEST_BYTES] != digest and generation_of(key) in live:
            if len(keys) == limit:
                return KeysPage(keys, bytes(key[:DIGEST_BYTES]))
            digest = bytes(key[:DIGEST_BYTES])
            namespace, identity, _ = _decode_key(cursor.value())
            keys.append(ProfileKey(namespace, identity))
        more = cursor.next()
    return KeysPage(keys, None)
