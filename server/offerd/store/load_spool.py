"""Rows of a load on their way into the state, put into the order of their keys on the way.

Rows come in any order. Written one by one to where they belong, each would touch a page of its
own, and a load would write a hundred times its size. So they are gathered in a file first,
apart by the first bits of their key, and come out part by part. The file has no name: it is gone
when the process is, however that ends.
"""

from __future__ import annotations

import os
import struct
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from offerd.errors import Exhausted, Reason
from offerd.store.layout import DIGEST_BYTES

PART_BITS: Final = 10
_PARTS: Final = 2**PART_BITS
BUFFER_BYTES: Final = 8 * 2**20
"""About how much is kept in memory before it goes to the file."""

_LENGTH: Final = struct.Struct("<I")
_HEAD_BYTES: Final = DIGEST_BYTES + _LENGTH.size


class Spool:
    """Rows by digest. Of several with one digest the last counts."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._buffers = [bytearray() for _ in range(_PARTS)]
        self._pieces = [array("Q") for _ in range(_PARTS)]
        self._buffered_bytes = 0
        self._end = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to `flush`."""
        return self._buffered_bytes >= BUFFER_BYTES

    def add(self, digest: bytes, value: bytes) -> None:
        """Takes a row into memory."""
        part = int.from_bytes(digest[:2], "big") >> (16 - PART_BITS)
        buffer = self._buffers[part]
        buffer += digest
        buffer += _LENGTH.pack(len(value))
        buffer += value
        self._buffered_bytes += _HEAD_BYTES + len(value)

    def flush(self) -> None:
        """Writes what is in memory to the file; raises Exhausted (STORE_FULL)."""
        for buffer, pieces in zip(self._buffers, self._pieces, strict=True):
            if buffer:
                pieces.append(self._end)
                pieces.append(len(buffer))
                self._end += len(buffer)
        whole = memoryview(b"".join(self._buffers))
        try:
            while whole:
                whole = whole[self._file.write(whole) :]
        except OSError as error:
            raise Exhausted(
                Reason.STORE_FULL,
                f"the rows of a load can't be put aside: {(error.strerror or str(error)).lower()}",
            ) from error
        for buffer in self._buffers:
            buffer.clear()
        self._buffered_bytes = 0

    def batches(self, size: int) -> Iterator[list[tuple[bytes, bytes]]]:
        """Yields all rows by digest, ascending, about `size` at a time; flush first."""
        batch: list[tuple[bytes, bytes]] = []
        for part in range(_PARTS):
            batch += self._part(part)
            while len(batch) >= size:
                yield batch[:size]
                batch = batch[size:]
        if batch:
            yield batch

    def _part(self, part: int) -> list[tuple[bytes, bytes]]:
        rows: dict[bytes, bytes] = {}
        pieces = self._pieces[part]
        for number in range(0, len(pieces), 2):
            piece = os.pread(self._file.fileno(), pieces[number + 1], pieces[number])
            position = 0
            while position < len(piece):
                start = position + _HEAD_BYTES
                digest = piece[position : position + DIGEST_BYTES]
                (length,) = _LENGTH.unpack_from(piece, position + DIGEST_BYTES)
                position = start + length
                rows[digest] = piece[start:position]
        return sorted(rows.items())

    def close(self) -> None:
        """Gives the file's room back. Safe to call twice."""
        self._file.close()
