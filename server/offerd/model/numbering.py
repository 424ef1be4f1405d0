"""Finding numbers by names where the names are kept elsewhere."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

from offerd.model.catalogue import Offer

_MOST_KEPT: Final = 4_096


class Numbering(Mapping[str, int]):
    """The places of names in a sequence that tells them, in some ten bytes for each.

    `names` tells all of them in order, none of them twice, and `name_of` the one at a place. Names
    that were asked for lately are kept.
    """

    __slots__ = ("_count", "_kept", "_mask", "_name_of", "_names", "_slots")

    def __init__(
        self, count: int, names: Callable[[], Iterator[str]], name_of: Callable[[int], str]
    ) -> None:
        self._count = count
        self._names = names
        self._name_of = name_of
        self._kept: dict[str, int] = {}
        size = 1 << (2 * count).bit_length()
        self._mask = mask = size - 1
        # Each name stands in the first free slot from that of its hash on, its place plus one.
        self._slots = slots = array("I", bytes(array("I").itemsize * size))
        for place, name in enumerate(names(), 1):
            slot = hash(name) & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = place

    def __getitem__(self, name: str) -> int:
        known = self._kept.get(name)
        if known is not None:
            return known
        slots, mask = self._slots, self._mask
        slot = hash(name) & mask
        while place := slots[slot]:
            if self._name_of(place - 1) == name:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[name] = place - 1
                return place - 1
            slot = (slot + 1) & mask
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return self._names()

    def __len__(self) -> int:
        return self._count


@runtime_checkable
class NumberedOffers(Protocol):
    """Offers that know their numbers themselves."""

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of each offer by its id."""


def numbers_of(offers: Sequence[Offer]) -> Mapping[str, int]:
    """Returns the number of each offer by its id."""
    if isinstance(offers, NumberedOffers):
        return offers.numbers
    return {offer.id: number for number, offer in enumerate(offers)}
