"""Fields that may be written in several forms, and paths of parts without their form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from offerd.definitions.documents.fields import Id

_BEGINS_TAG = "\x00"
"""No key that people write begins so; a tag does, so that it is known among keys."""

PLAIN: Final = f"{_BEGINS_TAG}plain"
MANIFOLD: Final = f"{_BEGINS_TAG}manifold"
"""The tags of the two forms: a value as it is, and what it is computed from or consists of."""

MAXIMUM_LIMIT: Final = 1_000_000_000
MAXIMUM_COMPUTED_LIMIT: Final = 10_000


def without_tags(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path of a part as it is written: without the form that it was taken for."""
    return tuple(
        part for part in path if not (isinstance(part, str) and part.startswith(_BEGINS_TAG))
    )


def told_by(kind: type) -> Discriminator:
    """Takes a value of that type for the manifold form, and everything else for the plain one."""

    def form(value: Any) -> str:
        return MANIFOLD if isinstance(value, kind) else PLAIN

    telling: Callable[[Any], str] = form
    return Discriminator(telling)


Limit = Annotated[
    Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT), Tag(PLAIN)] | Annotated[str, Tag(MANIFOLD)],
    told_by(str),
]
"""How many: an integer from 1, or a rule that gives one."""

Computed = Annotated[
    Annotated[float, Field(allow_inf_nan=False), Tag(PLAIN)] | Annotated[str, Tag(MANIFOLD)],
    told_by(str),
]
"""A number, or a rule that gives one."""

CountedPlacements = Annotated[
    Annotated[Literal["each"], Tag(PLAIN)]
    | Annotated[list[Id], Field(min_length=1), Tag(MANIFOLD)],
    told_by(list),
]
"""Ids of placements, or `each`."""

SHARE_PATTERN = r"^(100(\.00?)?|[0-9]{1,2}(\.[0-9]{1,2})?)%$"
Share = Annotated[str, StringConstraints(pattern=SHARE_PATTERN)]
"""A share in steps of 0.01%, such as `12.5%`."""


def ten_thousandths(share: str) -> int:
    """What a share comes to in ten-thousandths: 10000 for `100%`."""
    whole, _, fraction = share.removesuffix("%").partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0"))
