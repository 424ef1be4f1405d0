"""Places that are kept encoded, since a million of them as objects would fill the memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import msgspec

from offerd.model.place import Place

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(Place)


class PackedPlaces(Sequence[Place]):
    """A sequence of places, each decoded whenever it is asked for.

    `records` are the places as MessagePack, the same for equal places.
    """

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self.records: list[bytes] = [_ENCODER.encode(place) for place in places]

    def append(self, place: Place) -> None:
        """Adds a place as the last."""
        self.records.append(_ENCODER.encode(place))

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> Place: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Place, ...]: ...

    def __getitem__(self, index: int | slice) -> Place | tuple[Place, ...]:
        if isinstance(index, slice):
            return tuple(_DECODER.decode(record) for record in self.records[index])
        return _DECODER.decode(self.records[index])

    def __iter__(self) -> Iterator[Place]:
        return map(_DECODER.decode, self.records)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PackedPlaces):
            return self.records == other.records
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self.records))
