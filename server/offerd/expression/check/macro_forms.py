"""What macros there are: the names they bind, the parts they have, the types they take and give."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from offerd.expression.check.types import (
    BOOL,
    DYN,
    INT,
    NEVER,
    SCALARS,
    Kind,
    Type,
    join,
    list_of,
    map_of,
    optional_of,
)


class Over(enum.Enum):
    """What a macro is applied to."""

    ELEMENTS = "a list or a map"
    ITEMS = "a list"
    OPTIONAL = "an optional value"
    ANYTHING = "a value"


class Gives(enum.Enum):
    """How the type of a macro follows from its parts."""

    BOOL = "bool"
    SAME = "list of the elements"
    LIST = "list of the results"
    MAP = "map from keys to the results"
    MERGED = "map of the entries of the results"
    RESULT = "the result"
    OPTIONAL = "the result, made optional"
    OPTIONAL_RESULT = "the result, which is optional"
    EITHER = "this optional or that"
    VALUE = "the value of the optional, or the other"


@dataclass(frozen=True, slots=True)
class MacroForm:
    """One form of a macro.

    `name` is how the checked tree calls it, `variables` how many names it binds. `condition` is
    True when it needs a condition, False when it has none, None when it may have one; `result`
    whether it has a result. `example` shows how it is written, `doc` says what it comes to.
    """

    name: str
    variables: int
    over: Over
    condition: bool | None
    gives: Gives
    example: str
    doc: str

    @property
    def result(self) -> bool:
        """Whether it computes something besides conditions."""
        return self.gives not in (Gives.BOOL, Gives.SAME) or self.name == "sort_by"

    @property
    def loops(self) -> bool:
        """Whether its parts are evaluated once for every element."""
        return self.over in (Over.ELEMENTS, Over.ITEMS)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many arguments it may be written with."""
        parts = self.variables + int(self.result) + int(self.condition is True)
        return (parts,) if self.condition is not None else (parts, parts + 1)


_ONE_OR_TWO: Final = ("exists", "all", "exists_one")
_FORMS: Final = (
    MacroForm("exists", 1, Over.ELEMENTS, True, Gives.BOOL, "items.exists(x, x > 0)",
              "Whether the condition holds for one element of a list, or key of a map, at least; "
              "the first for which it does settles it, whatever fails or is unknown elsewhere."),
    MacroForm("all", 1, Over.ELEMENTS, True, Gives.BOOL, "items.all(x, x > 0)",
              "Whether the condition holds for every element or key; the first for which it does "
              "not settles it. True for an empty list."),
    MacroForm("exists_one", 1, Over.ELEMENTS, True, Gives.BOOL, "items.exists_one(x, x > 0)",
              "Whether the condition holds for exactly one element or key."),
    MacroForm("filter", 1, Over.ELEMENTS, True, Gives.SAME, "items.filter(x, x > 0)",
              "The elements or keys for which the condition holds, in their order."),
    MacroForm("map", 1, Over.ELEMENTS, None, Gives.LIST, "items.map(x, x > 0, x + 1)",
              "The list of what the last argument comes to for every element or key, or for those "
              "for which the condition holds."),
    MacroForm("exists_entry", 2, Over.ELEMENTS, True, Gives.BOOL, "items.exists(i, x, x > i)",
              "As with one variable, with the index of a list or the key of a map first."),
    MacroForm("all_entries", 2, Over.ELEMENTS, True, Gives.BOOL, "items.all(i, x, x > i)",
              "As with one variable, with the index of a list or the key of a map first."),
    MacroForm("exists_one_entry", 2, Over.ELEMENTS, True, Gives.BOOL,
              "items.existsOne(i, x, x > i)",
              "As with one variable, with the index of a list or the key of a map first."),
    MacroForm("transform_list", 2, Over.ELEMENTS, None, Gives.LIST,
              "items.transformList(i, x, x > 0, x + i)",
              "The list of what the last argument comes to for every index and element, or key "
              "and value, or for those for which the condition holds."),
    MacroForm("transform_map", 2, Over.ELEMENTS, None, Gives.MAP,
              "items.transformMap(k, v, v > 0, v + 1)",
              "The map with the same keys, or indexes, and the values the last argument comes to, "
              "without the entries for which the condition does not hold."),
    MacroForm("transform_map_entry", 2, Over.ELEMENTS, None, Gives.MERGED,
              "items.transformMapEntry(k, v, v > 0, {v: k})",
              "The map of all entries of the maps the last argument comes to; a key that comes "
              "twice is a failure."),
    MacroForm("sort_by", 1, Over.ITEMS, False, Gives.SAME, "items.sortBy(x, x.size())",
              "The elements in the order of what the second argument comes to for each; those "
              "that are equal in that keep their order."),
    MacroForm("bind", 1, Over.ANYTHING, False, Gives.RESULT, "cel.bind(x, 1 + 1, x * x)",
              "The last argument, with the name standing for the value of the second."),
    MacroForm("opt_map", 1, Over.OPTIONAL, False, Gives.OPTIONAL, "value.optMap(x, x + 1)",
              "The optional of what the second argument comes to; none when there is no value."),
    MacroForm("opt_flat_map", 1, Over.OPTIONAL, False, Gives.OPTIONAL_RESULT,
              "value.optFlatMap(x, x.?name)",
              "What the second argument, itself optional, comes to; none when there is no value."),
    MacroForm("or", 0, Over.OPTIONAL, False, Gives.EITHER, "value.or(other)",
              "The optional itself if it has a value, else the other, which is evaluated only "
              "then."),
    MacroForm("or_value", 0, Over.OPTIONAL, False, Gives.VALUE, "value.orValue(0)",
              "The value if there is one, else the argument, which is evaluated only then."),
)  # fmt: skip

FORMS: Final[dict[str, MacroForm]] = {form.name: form for form in _FORMS}
"""Every form, by the name that the checked tree uses."""

WRITTEN: Final[dict[str, tuple[MacroForm, ...]]] = {
    "exists": (FORMS["exists"], FORMS["exists_entry"]),
    "all": (FORMS["all"], FORMS["all_entries"]),
    "exists_one": (FORMS["exists_one"],),
    "existsOne": (FORMS["exists_one"], FORMS["exists_one_entry"]),
    "filter": (FORMS["filter"],),
    "map": (FORMS["map"],),
    "transformList": (FORMS["transform_list"],),
    "transformMap": (FORMS["transform_map"],),
    "transformMapEntry": (FORMS["transform_map_entry"],),
    "sortBy": (FORMS["sort_by"],),
    "optMap": (FORMS["opt_map"],),
    "optFlatMap": (FORMS["opt_flat_map"],),
    "or": (FORMS["or"],),
    "orValue": (FORMS["or_value"],),
}
"""The forms of every name that is written after a value; `cel.bind` stands alone."""

BIND: Final = FORMS["bind"]


def _element(type_: Type) -> Type:
    return DYN if type_ is NEVER else type_


def variable_types(form: MacroForm, range_type: Type) -> tuple[Type, ...] | None:
    """The types of the names it binds, over such a value; None when it takes no such value."""
    if form.over is Over.ANYTHING:
        return (_element(range_type),)
    if range_type in (DYN, NEVER):
        return (DYN,) * form.variables
    if form.over is Over.OPTIONAL:
        fits = range_type.kind is Kind.OPTIONAL
        return (_element(range_type.parameters[0]),) * form.variables if fits else None
    is_map = range_type.kind is Kind.MAP
    if range_type.kind is not Kind.LIST and not (is_map and form.over is Over.ELEMENTS):
        return None
    parts = tuple(map(_element, range_type.parameters))
    if form.variables == 2:
        return parts if is_map else (INT, parts[0])
    return (parts[0],)


def macro_type(
    form: MacroForm, range_type: Type, variables: tuple[Type, ...], result: Type | None
) -> Type | None:
    """The type of the whole; None when the result is not of a type the macro can use."""
    if form.gives is Gives.BOOL:
        return BOOL
    if form.gives is Gives.SAME:
        orderable = result is None or result in (*SCALARS, DYN)
        return list_of(variables[0]) if orderable else None
    if result is None:
        return None
    match form.gives:
        case Gives.LIST:
            return list_of(result)
        case Gives.MAP:
            return map_of(variables[0], result)
        case Gives.MERGED:
            return result if result.kind is Kind.MAP or result is DYN else None
        case Gives.RESULT:
            return result
        case Gives.OPTIONAL:
            return optional_of(result)
        case Gives.OPTIONAL_RESULT:
            return result if result.kind is Kind.OPTIONAL or result is DYN else None
        case Gives.EITHER:
            fits = result.kind is Kind.OPTIONAL or DYN in (result, range_type)
            return join(range_type, result) if fits else None
    return join(DYN if range_type is DYN else range_type.parameters[0], result)
