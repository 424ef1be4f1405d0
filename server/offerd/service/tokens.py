"""Item tokens: what a caller reports a display, click or conversion with.

A token says which offer was proposed where, signed with the state's secret, so that
feedback needs no look-up and can't be made up. Layout before base64url: MessagePack of
(proposition id, decision, placement, offer), then 16 bytes of keyed BLAKE2b over it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple

import msgspec

from offerd.errors import InvalidArgument, Reason

_SIGNATURE_BYTES = 16
MAXIMUM_TOKEN = 2_048


class ItemReference(NamedTuple):
    """The proposed item that a token names."""

    proposition: str
    decision: str
    placement: str
    offer: str


class Tokens:
    """Makes and reads tokens with one secret of 16 to 64 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._decode = msgspec.msgpack.Decoder(ItemReference).decode

    def make(self, item: ItemReference) -> str:
        """Returns the token of an item: URL-safe text."""
        payload = msgspec.msgpack.encode(item)
        return base64.urlsafe_b64encode(payload + self._sign(payload)).rstrip(b"=").decode()

    def read(self, token: str, field: str) -> ItemReference:
        """Returns what a token names; raises InvalidArgument if this service didn't make it."""
        wrong = InvalidArgument(
            Reason.INVALID_TOKEN,
            "not a token that this service made: send it back exactly as `Decide` gave it",
            field=field,
        )
        if len(token) > MAXIMUM_TOKEN or not token.isascii():
            raise wrong
        try:
            raw = base64.b64decode(
                token.replace("-", "+").replace("_", "/") + "=" * (-len(token) % 4), validate=True
            )
        except binascii.Error:
            raise wrong from None
        payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise wrong
        try:
            return self._decode(payload)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise wrong from None

    def _sign(self, payload: bytes) -> bytes:
        return hashlib.blake2b(payload, key=self._secret, digest_size=_SIGNATURE_BYTES).digest()
