"""The seal: 64 bytes behind the LMDB environment, by which a whole bundle is known.

    offset  bytes  what
    0       8      the magic `offerd\\x00B`
    8       4      format version, little endian
    12      4      zero
    16      8      length of the environment before the seal, little endian
    24      32     BLAKE2b-256 of the environment and of the 24 bytes above
    56      8      zero

The digest is checked before LMDB sees the file, because LMDB trusts its pages: a truncated
file would be read past its end, an altered one anywhere. The digest finds damage; it is no
signature, so it doesn't say who made the bundle.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from offerd.errors import BundleError

FORMAT_VERSION = 5
"""The only format that this offerd writes and reads."""

SEAL_BYTES = 64
_MAGIC = b"offerd\x00B"
_HEAD = struct.Struct("<8sIIQ")
_DIGEST_BYTES = 32
_CHUNK_BYTES = 1 << 20


class Sealed(NamedTuple):
    """A file whose seal was found whole; `inode` tells it from one put in its place."""

    format_version: int
    environment_bytes: int
    inode: int


def seal(path: Path, format_version: int = FORMAT_VERSION) -> None:
    """Appends the seal to a closed LMDB environment. The caller syncs and renames."""
    with path.open("r+b") as file:
        length = file.seek(0, 2)
        head = _HEAD.pack(_MAGIC, format_version, 0, length)
        file.seek(0)
        digest = _digest(file, length, head)
        file.seek(length)
        file.write((head + digest).ljust(SEAL_BYTES, b"\x00"))


def verify_seal(path: Path) -> Sealed:
    """Returns what the seal says, having compared the whole file with it.

    Raises BundleError that says whether the file can't be read, is no bundle, was cut short,
    is of a newer format, or was altered.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            inode = os.fstat(file.fileno()).st_ino
            if size < SEAL_BYTES:
                raise BundleError(f"`{path}` is no bundle, or was cut short: {size} bytes")
            file.seek(size - SEAL_BYTES)
            tail = file.read(SEAL_BYTES)
            magic, format_version, _, length = _HEAD.unpack_from(tail)
            if magic != _MAGIC:
                raise BundleError(
                    f"`{path}` is no bundle, or was cut short: "
                    f"it doesn't end with the seal of a bundle"
                )
            if format_version > FORMAT_VERSION:
                raise BundleError(
                    f"`{path}` has format {format_version}, and this offerd reads format "
                    f"{FORMAT_VERSION}: it was compiled by a newer offerd"
                )
            if format_version < 1:
                raise BundleError(f"`{path}` was altered: format {format_version} never was")
            if format_version < FORMAT_VERSION:
                raise BundleError(
                    f"`{path}` has format {format_version}, and this offerd reads format "
                    f"{FORMAT_VERSION}: compile its definitions again"
                )
            if length != size - SEAL_BYTES:
                raise BundleError(
                    f"`{path}` was cut short or added to: "
                    f"{size} bytes, sealed with {length + SEAL_BYTES}"
                )
            file.seek(0)
            digest = _digest(file, length, tail[: _HEAD.size])
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise BundleError(f"`{path}` can't be read: {cause}") from error
    if tail[_HEAD.size :] != digest.ljust(SEAL_BYTES - _HEAD.size, b"\x00"):
        raise BundleError(f"`{path}` was altered: its checksum differs from the sealed one")
    return Sealed(format_version, length, inode)


def _digest(file: BinaryIO, length: int, head: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    remaining = length
    while remaining:
        chunk = file.read(min(_CHUNK_BYTES, remaining))
        if not chunk:
            raise BundleError("the file became shorter while it was read")
        digest.update(chunk)
        remaining -= len(chunk)
    digest.update(head)
    return digest.digest()
