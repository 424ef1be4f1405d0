"""Addresses that nobody is written to.

    suppressions   profile digest of the address → Suppression

Nothing in a row says whose address it is. The list outlives customers: that somebody must not be
written to still holds after everything else about them was deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec

from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment
from offerd.store.layout import Table, profile_digest
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace
from offerd.store.writer import Writer


class Suppression(msgspec.Struct, array_like=True, frozen=True):
    """Since when an address is on the list, and why; "" wasn't said."""

    since_ns: int
    reason: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Suppression).decode


class Suppress(Operation[int]):
    """Puts addresses on the list. Those that are on it stay as they are."""

    def __init__(self, addresses: Iterable[ProfileKey], suppression: Suppression) -> None:
        self._digests = sorted({profile_digest(address) for address in addresses})
        self._row = _encode(suppression)
        self.weight = max(1, len(self._digests))
        self.size_bytes = (16 + len(self._row)) * len(self._digests)

    def apply(self, workspace: Workspace) -> int:
        """Returns how many weren't on it."""
        added = 0
        for digest in self._digests:
            if workspace.get(Table.SUPPRESSIONS, digest) is None:
                workspace.put(Table.SUPPRESSIONS, digest, self._row)
                added += 1
        return added


class Lift(Operation[int]):
    """Takes addresses off the list."""

    frees = True

    def __init__(self, addresses: Iterable[ProfileKey]) -> None:
        self._digests = sorted({profile_digest(address) for address in addresses})
        self.weight = max(1, len(self._digests))

    def apply(self, workspace: Workspace) -> int:
        """Returns how many were on it."""
        return sum(workspace.delete(Table.SUPPRESSIONS, digest) for digest in self._digests)


class Suppressions:
    """The list. For any thread; reading never waits for a write."""

    def __init__(self, environment: Environment, writer: Writer) -> None:
        self._environment = environment
        self._writer = writer

    def find(self, addresses: Sequence[ProfileKey]) -> Mapping[ProfileKey, Suppression]:
        """Returns those of some addresses that are on the list, in their order."""
        digests = [(address, profile_digest(address)) for address in addresses]
        database = self._environment.database(Table.SUPPRESSIONS)

        def read(transaction: Any) -> dict[ProfileKey, Suppression]:
            rows = ((address, transaction.get(key, db=database)) for address, key in digests)
            return {address: _decode(row) for address, row in rows if row is not None}

        return self._environment.read(read)

    def add(self, addresses: Sequence[ProfileKey], reason: str, now_ns: int) -> Future[int]:
        """Puts addresses on the list; tells how many weren't on it, once durable."""
        return self._writer.submit(Suppress(addresses, Suppression(now_ns, reason)))

    def lift(self, addresses: Sequence[ProfileKey]) -> Future[int]:
        """Takes addresses off the list; tells how many were on it, once durable."""
        return self._writer.submit(Lift(addresses))


def exported(
    environment: Environment, transaction: Any, key: ProfileKey
) -> Iterable[dict[str, Any]]:
    """Yields whether an identity is on the list as an address, as plain data."""
    row = transaction.get(profile_digest(key), db=environment.database(Table.SUPPRESSIONS))
    if row is not None:
        found = _decode(row)
        yield {"since_ns": found.since_ns, "reason": found.reason}
