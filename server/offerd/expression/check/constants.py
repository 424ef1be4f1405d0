"""Constants that a function can never accept: which one is meant, and what to write instead."""

from __future__ import annotations

import re
import zoneinfo
from functools import lru_cache
from typing import Final

from offerd.expression.check.nearest import nearest_name
from offerd.expression.check.tree import Constant, Node, Operation

_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?)?")
_ZONED: Final = frozenset(
    ("today", "isBirthday", "isAnniversary", "yearsSince", "daysUntilAnniversary")
)


def to_blame(operation: Operation) -> Node:
    """The constant that makes an operation fail; the operation if all of it is constant."""
    last = operation.arguments[-1]
    others = operation.arguments[:-1]
    alone = isinstance(last, Constant) and not all(isinstance(o, Constant) for o in others)
    return last if alone else operation


def constant_hint(operation: Operation) -> str:
    """What to write instead of a constant that is not accepted; "" if nobody knows."""
    last = operation.arguments[-1]
    if not isinstance(last, Constant) or not isinstance(last.value, str):
        return ""
    if operation.function in _ZONED or operation.function.startswith("get"):
        return _zone_hint(last.value)
    return ""


def _zone_hint(text: str) -> str:
    name = nearest_zone(text)
    return f": did you mean `{name}`?" if name else ": write it as `Europe/Stockholm` or `+02:00`"


def nearest_zone(text: str) -> str | None:
    """The time zone of a city, or of a name that is not quite right; None if none is near."""
    folded = text.strip().replace(" ", "_").casefold()
    zones = _zones()
    return zones.get(folded) or zones.get(folded.rpartition("/")[2]) or _near(folded, zones)


def _near(folded: str, zones: dict[str, str]) -> str | None:
    near = nearest_name(folded, zones) if 3 < len(folded) < 40 else None
    return None if near is None else zones[near]


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Every zone by its name and by its city, in small letters; areas come before old names."""
    names = sorted(zoneinfo.available_timezones())
    by_city = {name.rpartition("/")[2].casefold(): name for name in names if "/" in name}
    return {**by_city, **{name.casefold(): name for name in names}}
