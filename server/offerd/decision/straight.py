"""The columns of a record as one function without loops, compiled when a bundle is opened.

It does what `rule_index.narrowed` does, which is the reference, for records that are plain dicts
and values of the declared types; where a value is of another type it asks the rules. Nothing of
the definitions is part of the text that is compiled: attributes, sets and bounds are defaults of
parameters, so that many indexes share few texts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Final

from offerd.decision.columns import Bits, Equal, Ordered

Straight = Callable[[Any, Bits, Bits], tuple[Bits, Bits]]
"""Takes the `get` of a record, the rules that may be true and those to be asked; returns both."""

_MOST_COLUMNS: Final = 200
"""More attributes than these stay a loop: one more of them is then no longer what it costs."""


class Missing:
    """The type of MISSING, which no value has."""


MISSING: Final = Missing()


def straight(equal: Sequence[Equal], ordered: Sequence[Ordered]) -> Straight | None:
    """Returns the function for some columns, None if they had better stay a loop."""
    if not 0 < len(equal) + len(ordered) <= _MOST_COLUMNS:
        return None
    if any(column.kind is object or column.few for column in equal):
        return None
    constants: list[Any] = []
    for column in equal:
        constants += [column.path, column.kind, column.values.get, column.other]
        constants += [column.missing, column.readers]
    for bounded in ordered:
        constants += [bounded.path, bounded.kind, bounded.bounds, bounded.places]
        constants += [bounded.missing, bounded.readers, bounded.unsure]
    shape = tuple(bounded.unsure is not None for bounded in ordered)
    floats = tuple(bounded.kind is float for bounded in ordered)
    code = _compiled(len(equal), shape, floats)
    names = {"__builtins__": {"type": type}, "bisect_right": bisect_right, "MISSING": MISSING}
    return FunctionType(code, names, "straight", tuple(constants))


@lru_cache(64)
def _compiled(equal: int, unsure: tuple[bool, ...], floats: tuple[bool, ...]) -> CodeType:
    count = equal * 6 + len(unsure) * 7
    parameters = ", ".join(("get", "maybe", "asked", *(f"c{place}" for place in range(count))))
    lines = [f"def straight({parameters}):"]
    for number in range(equal):
        lines.extend(_equal(number * 6))
    for number, (is_unsure, is_float) in enumerate(zip(unsure, floats, strict=True)):
        lines.extend(_ordered(equal * 6 + number * 7, unsure=is_unsure, number=is_float))
    lines.append(" return maybe, asked")
    module = compile("\n".join(lines), "<columns>", "exec", optimize=2)
    return next(code for code in module.co_consts if isinstance(code, CodeType))


def _equal(first: int) -> Iterator[str]:
    path, kind, get, other, missing, readers = (f"c{first + place}" for place in range(6))
    yield f" value = get({path}, MISSING)"
    yield f" if type(value) is {kind}: maybe &= {get}(value, {other})"
    yield f" elif value is MISSING: maybe &= {missing}"
    yield f" else: asked |= {readers}"


def _ordered(first: int, *, unsure: bool, number: bool) -> Iterator[str]:
    names = (f"c{first + place}" for place in range(7))
    path, kind, bounds, places, missing, readers, unsure_places = names
    whole = " and value == value" if number else ""  # NaN isn't
    yield f" value = get({path}, MISSING)"
    if unsure:
        yield f" if type(value) is {kind}{whole}:"
        yield f"  place = bisect_right({bounds}, value)"
        yield f"  maybe &= {places}[place]; asked |= {unsure_places}[place]"
    else:
        narrowed = f"maybe &= {places}[bisect_right({bounds}, value)]"
        yield f" if type(value) is {kind}{whole}: {narrowed}"
    yield f" elif value is MISSING: maybe &= {missing}"
    yield f" else: asked |= {readers}"
