"""Signed texts that callers send back: item tokens and preview tokens.

An item token is what a display, click or conversion is reported with. It says which offer was
proposed where, so that feedback needs no look-up and can't be made up. A preview token puts a
request into arms of experiments. Layout before base64url: MessagePack of the content, then 16
bytes of BLAKE2b over it, keyed with the state's secret and, for preview tokens, personalized
with `preview`, so that neither kind passes for the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from offerd.admission import format_instant
from offerd.errors import InvalidArgument, Reason

_SIGNATURE_BYTES = 16
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
MAXIMUM_TOKEN = 2_048


class ItemReference(NamedTuple):
    """The proposed item that a token names."""

    proposition: str
    decision: str
    placement: str
    offer: str


class Preview(NamedTuple):
    """What a preview token says: the arm to be in by experiment, and until when."""

    arms: dict[str, str]
    expire_time_ns: int


class Tokens:
    """Makes and reads tokens with one secret of 16 to 64 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._items = _Signed(secret, b"")
        self.seal = self._items.seal
        """Returns the token of an item as `make`, of what `named` and `shown` give together."""
        self._previews = _Signed(secret, b"preview")
        self._decode_item = msgspec.msgpack.Decoder(ItemReference).decode
        self._decode_preview = msgspec.msgpack.Decoder(Preview).decode

    def make(self, item: ItemReference) -> str:
        """Returns the token of an item: URL-safe text."""
        return self._items.seal(msgspec.msgpack.encode(item)).decode()

    def read(self, token: str, field: str) -> ItemReference:
        """Returns what a token names; raises InvalidArgument if this service didn't make it."""
        try:
            return self._decode_item(self._items.open(token))
        except (_NotOurs, msgspec.DecodeError, msgspec.ValidationError):
            raise InvalidArgument(
                Reason.INVALID_TOKEN,
                "not a token that this service made: send it back exactly as `Decide` gave it",
                field=field,
            ) from None

    def make_preview(self, arms: Mapping[str, str], expire_time_ns: int) -> str:
        """Returns a token that forces arms, by experiment, up to an instant: URL-safe text."""
        content = msgspec.msgpack.encode(Preview(dict(arms), expire_time_ns))
        return self._previews.seal(content).decode()

    def read_preview(self, token: str, field: str, now_ns: int) -> dict[str, str]:
        """Returns the arm that a token forces by experiment.

        Raises InvalidArgument if this service didn't make it, or it has expired.
        """
        try:
            preview = self._decode_preview(self._previews.open(token))
        except (_NotOurs, msgspec.DecodeError, msgspec.ValidationError):
            raise InvalidArgument(
                Reason.INVALID_TOKEN,
                "not a preview token of this service: `offerd experiment token` makes one",
                field=field,
            ) from None
        if now_ns >= preview.expire_time_ns:
            raise InvalidArgument(
                Reason.INVALID_TOKEN,
                f"the preview token expired at {format_instant(preview.expire_time_ns)}: "
                f"`offerd experiment token` makes a new one",
                field=field,
            )
        return preview.arms


def named(proposition: bytes) -> bytes:
    """Returns how the token of an item of a proposition begins, from its id in UTF-8."""
    if len(proposition) < _SHORT:
        return _BEGINNINGS[len(proposition)] + proposition
    return _ITEM + msgspec.msgpack.encode(proposition.decode())


def shown(decision: str, placement: str, offer: str) -> bytes:
    """Returns how it goes on, which is the same in every proposition."""
    return b"".join([msgspec.msgpack.encode(one) for one in (decision, placement, offer)])


def token_size(proposition_bytes: int, goes_on: bytes) -> int:
    """Returns how long a token is, by how long a proposition's id is and what `shown` gives."""
    size_bytes = len(named(bytes(proposition_bytes))) + len(goes_on) + _SIGNATURE_BYTES
    return -(-4 * size_bytes // 3)


_ITEM: Final = b"\x94"
"""MessagePack of a list of four, as an ItemReference is."""
_SHORT: Final = 32
_BEGINNINGS: Final = [_ITEM + bytes((0xA0 | size,)) for size in range(_SHORT)]


class _NotOurs(Exception):
    """A token is cut, altered, or of another secret or kind."""


class _Signed:
    """Bytes with a signature, as URL-safe text; `kind` is at most 16 bytes."""

    def __init__(self, secret: bytes, kind: bytes) -> None:
        # Of one kind with nothing in it yet: quicker to copy than to make.
        self._unsigned = hashlib.blake2b(key=secret, digest_size=_SIGNATURE_BYTES, person=kind)

    def seal(self, payload: bytes) -> bytes:
        signed = self._unsigned.copy()
        signed.update(payload)
        return b2a_base64(payload + signed.digest()).translate(_URL_SAFE).rstrip(b"=\n")

    def open(self, token: str) -> bytes:
        if len(token) > MAXIMUM_TOKEN or not token.isascii():
            raise _NotOurs
        try:
            raw = base64.b64decode(
                token.replace("-", "+").replace("_", "/") + "=" * (-len(token) % 4), validate=True
            )
        except binascii.Error:
            raise _NotOurs from None
        payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise _NotOurs
        return payload

    def _sign(self, payload: bytes) -> bytes:
        signed = self._unsigned.copy()
        signed.update(payload)
        return signed.digest()
