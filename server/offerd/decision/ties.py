"""The order of offers of the same score and priority.

By id: offer ids, ascending, compared character by character. Daily: by a hash that differs from
customer to customer and from one UTC day to the next, and is the same all day. It is BLAKE2b with
8 octets over, in UTF-8 and separated by single zero octets, the namespace of the profile, its
id, the offer's id, and the number of the day since 1970-01-01 in decimal digits; smaller hashes
first, compared octet by octet, and then offer ids. A request about nobody has an empty namespace
and id.

Vectors: namespace `crm`, id `1`, offer `a`, day 20,000 (2024-10-04): a2a248ba01176987; offer `b`
of the same: 75c8450410d2e50b; offer `a` a day later: 5feb0725c9a0dbb1; nobody, offer `a`, day 0:
e82df63a2603b596.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from offerd.model.profile import ProfileKey

DAY_NS = 86_400_000_000_000


def daily_key(subject: ProfileKey | None, now_ns: int) -> Callable[[str], tuple[bytes, str]]:
    """Returns what orders offer ids for a customer on the UTC day of an instant."""
    namespace, identifier = ("", "") if subject is None else subject
    begun = hashlib.blake2b(f"{namespace}\0{identifier}\0".encode(), digest_size=8)
    end = f"\0{now_ns // DAY_NS}".encode()

    def key(offer: str) -> tuple[bytes, str]:
        hashed = begun.copy()
        hashed.update(offer.encode() + end)
        return hashed.digest(), offer

    return key
