"""Records that stay in the memory map and are decoded whenever they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, overload

import msgspec

from offerd.bundle.damage import UNREADABLE, damage_at
from offerd.bundle.environment import BundleEnvironment
from offerd.bundle.tables import Table
from offerd.errors import BundleError
from offerd.model.catalogue import Offer
from offerd.model.numbering import Numbering

T = TypeVar("T")

_MOST_KEPT: Final = 4_096
"""So many records that were asked for by number are kept decoded; what is full is emptied."""


class Mapped(Sequence[T], Generic[T]):
    """The records of a table, by number.

    Each walk over all of them decodes them anew. Raises BundleError where one is missing or isn't
    what the table holds.
    """

    def __init__(self, environment: BundleEnvironment, table: Table) -> None:
        self._environment = environment
        self._table = table
        self._decode = msgspec.msgpack.Decoder(table.record).decode
        self._count = environment.meta.counts[table.name]
        self._kept: dict[int, T] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> T: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[T, ...]: ...

    def __getitem__(self, number: int | slice) -> T | tuple[T, ...]:
        if isinstance(number, slice):
            return tuple(map(self._read, range(*number.indices(self._count))))
        known = self._kept.get(number)
        if known is None:
            known = self._read(range(self._count)[number])
            # Not read back: another thread may have emptied it.
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[number] = known
        return known

    def __iter__(self) -> Iterator[T]:
        decode = self._decode
        with damage_at(f"a record of `{self._table.name}`"):
            for record in self._environment.records(self._table):
                yield decode(record)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment] # what is as large as a table is no key

    def _read(self, number: int) -> T:
        try:
            return self._decoded(number)
        except (BundleError, RecursionError, *UNREADABLE):
            # Once more, to say what is wrong: the words for it take longer than the reading.
            with damage_at(f"a record of `{self._table.name}`"):
                return self._decoded(number)

    def _decoded(self, number: int) -> T:
        record = self._environment.record(self._table, number)
        if record is None:
            raise BundleError(f"`{self._table.name}` has no record {number}")
        decoded: T = self._decode(record)
        return decoded


class MappedOffers(Mapped[Offer]):
    """The offers of a bundle, by number."""

    _numbers: Mapping[str, int] | None = None

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of each offer by its id; made when first asked for, which takes a while."""
        if self._numbers is None:
            # Of records of their own: what isn't a cycle is closed when its last user goes.
            offers: Mapped[Offer] = Mapped(self._environment, self._table)
            self._numbers = Numbering(
                len(offers),
                lambda: (offer.id for offer in offers),
                lambda number: offers[number].id,
            )
        return self._numbers


def mapped(environment: BundleEnvironment, table: Table) -> Mapped[Any]:
    """Returns the records of a table."""
    return MappedOffers(environment, table) if table.record is Offer else Mapped(environment, table)
