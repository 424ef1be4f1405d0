"""Checked expressions to bytes and back.

What is read back comes from an untrusted place. `decode` accepts only a tree that the checker
could have made: known nodes and functions, arguments of the types the functions take, macro
variables in their scope, a depth that evaluation can bear. Names of variables are for `plan`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from offerd.expression.check.tree import Checked
from offerd.expression.check.types import Type, parse_type
from offerd.expression.check.verify import verify
from offerd.expression.limits import DEFAULT_LIMITS, Limits

MAXIMUM_SIZE = 4_000_000
"""No encoded expression is longer, in bytes."""


class DecodeError(Exception):
    """The bytes are not an encoded expression, or one that the checker would not have made."""


def encode(checked: Checked) -> bytes:
    """The expression as msgpack; equal expressions give equal bytes."""
    return _ENCODER.encode(checked)


def decode(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Checked:
    """The expression that `encode` wrote; DecodeError for anything else.

    `limits` are those it was compiled with: what exceeds them is refused too.
    """
    if len(data) > MAXIMUM_SIZE:
        raise DecodeError(f"an encoded expression has at most {MAXIMUM_SIZE} bytes")
    try:
        checked = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"not an encoded expression: {error}") from None
    try:
        verify(checked, limits)
    except ValueError as error:
        raise DecodeError(f"not a valid expression: {error}") from None
    return checked


def _write_type(value: Any) -> str:
    if isinstance(value, Type):
        return value.name
    # What msgspec asks of a hook that meets a type it doesn't know.
    raise NotImplementedError(f"cannot encode `{type(value).__name__}`")


def _read_type(kind: type, value: Any) -> Type:
    if kind is not Type or not isinstance(value, str):
        raise ValueError("expected the name of a type")
    return parse_type(value)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_write_type, order="deterministic")
_DECODER = msgspec.msgpack.Decoder(Checked, dec_hook=_read_type)
