"""A profile that a transaction has met, decoded as far as anybody needs it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

from offerd.events import FoldPlan
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.layout import decode_record, encode_record

_EMPTY_MAP: Final = b"\x80"
_NO_MAP: Final = Raw(_EMPTY_MAP)
_NO_LIST: Final = Raw(b"\x90")
_NOTHING: Final = Raw(b"\xc0")


class LeanRecord(msgspec.Struct):
    """A ProfileRecord of which only what counting events changes is decoded."""

    namespace: str
    id: str
    attributes: Raw = _NO_MAP
    aggregates: Raw = _NO_MAP
    counted: dict[str, list[int]] = {}
    fold: bytes = b""
    event_count: int = 0
    update_time_ns: int = 0
    remainders: Raw = _NO_MAP
    truncated: Raw = _NO_LIST
    schema: bytes = b""
    timestamps: Raw = _NO_LIST
    scores: Raw = _NO_MAP
    consent: Raw = _NOTHING
    attributes_time_ns: int = 0
    event_bytes: int = 0
    whereabouts: Raw = _NOTHING


_decode_lean = msgspec.msgpack.Decoder(LeanRecord).decode


def lean_record(value: bytes, key: ProfileKey, plan: FoldPlan) -> LeanRecord | None:
    """Returns what is stored of a profile; None if it has to be looked at as a whole.

    So it is unless it is as the plan would store it.
    """
    lean = _decode_lean(value)
    if lean.fold != plan.fingerprint or lean.schema != plan.attributes.fingerprint:
        return None
    if lean.id != key.id or lean.namespace != key.namespace:
        return None
    # One of before that time was kept is given it when all of it is decoded.
    if not lean.attributes_time_ns and bytes(lean.attributes) != _EMPTY_MAP:
        return None
    return lean


class Met:
    """A profile, and the plan that folds it.

    Its record is `record` or, as long as no more is needed of it, `lean`. If both are None
    nothing is known of it.
    """

    __slots__ = ("changed", "digest", "lean", "plan", "record")

    def __init__(self, digest: bytes, plan: FoldPlan) -> None:
        self.digest = digest
        self.plan = plan
        self.record: ProfileRecord | None = None
        self.lean: LeanRecord | None = None
        self.changed = False

    def decode(self) -> None:
        """Has all of the record decoded."""
        if self.lean is not None:
            self.record = decode_record(encode_record(self.lean))
            self.lean = None

    def encoded(self) -> bytes:
        """Returns the record as it is stored; there must be one."""
        record: Any = self.lean or self.record
        return encode_record(record)
