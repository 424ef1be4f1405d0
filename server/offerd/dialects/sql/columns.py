"""How the records that rules read lie in the columns of a table."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

from sqlglot import exp

Columns: TypeAlias = Callable[[str, str], exp.Expression]
"""From a root and a dotted path (`profile`, `loyalty.tier`) to what is read in SQL.

The path of a variable that is no record, such as `now`, is empty. A missing attribute is NULL.
"""


class Times(enum.Enum):
    """What columns of timestamps hold, also as the values of maps; since 1970 UTC.

    Microseconds and native timestamps say less than nanoseconds: a rule that tells apart two
    nanoseconds has another answer there.
    """

    NANOSECONDS = "nanoseconds"
    MICROSECONDS = "microseconds"
    NATIVE = "native"


def flat_columns(root: str, path: str) -> exp.Expression:
    """One column per attribute, named like the attribute: `"profile.loyalty.tier"`."""
    return exp.column(exp.to_identifier(f"{root}.{path}" if path else root, quoted=True))


def nested_columns(root: str, path: str) -> exp.Expression:
    """One struct column per record, with structs in it: `"profile"."loyalty"."tier"`."""
    found: exp.Expression = exp.column(exp.to_identifier(root, quoted=True))
    for part in path.split(".") if path else ():
        found = exp.Dot(this=found, expression=exp.to_identifier(part, quoted=True))
    return found
