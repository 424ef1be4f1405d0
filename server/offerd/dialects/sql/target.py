"""What dialects of SQL say differently; the base says what nearly all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.syntax import (
    BIGINT,
    binary,
    call,
    case,
    cast,
    closed,
    integer,
    is_constant,
    is_null,
    is_simple,
    text,
    try_cast,
)

Body: TypeAlias = Callable[[exp.Expression], exp.Expression]

INT_LEAST: Final = -(2**63)
INT_MOST: Final = 2**63 - 1


class Target:
    """A dialect with numbers, texts and conditions; it refuses lists, maps, patterns and zones.

    Every method gives a node that is NULL where an argument is, and that never makes a query
    fail.
    """

    wide = exp.DataType.build("DECIMAL(38, 0)")
    """A type for the product of two 64-bit integers, and for nanoseconds of any timestamp."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._names = 0

    def refuse(self, what: str) -> CannotSay:
        """The reason why something has no translation here."""
        return CannotSay(f"{what} can't be said in the SQL of {self.name}")

    def variable(self) -> str:
        """A name that no other lambda of the query has."""
        self._names += 1
        return f"cel_{self._names}"

    def function(self, body: Body) -> exp.Expression:
        """A lambda of one parameter."""
        name = self.variable()
        parameter = exp.to_identifier(name)
        return exp.Lambda(this=body(exp.column(name)), expressions=[parameter])

    def bind(self, value: exp.Expression, body: Body) -> exp.Expression:
        """The body, in which the value may be used several times."""
        return body(value)

    def widened(self, node: exp.Expression) -> exp.Expression:
        """The same integer, in the wide type."""
        return cast(node, self.wide)

    def narrowed(self, node: exp.Expression) -> exp.Expression:
        """A wide integer as one of 64 bits; NULL when it is out of range."""
        return self.within(node, INT_LEAST, INT_MOST, lambda value: cast(value, BIGINT))

    def within(
        self, node: exp.Expression, least: int, most: int, body: Body | None = None
    ) -> exp.Expression:
        """A wide integer, or what the body makes of it; NULL outside of least..most."""

        def checked(value: exp.Expression) -> exp.Expression:
            inside = exp.Between(
                this=closed(value.copy()), low=self.integer(least), high=self.integer(most)
            )
            return case((inside, value.copy() if body is None else body(value.copy())))

        return self.bind(node, checked)

    def integer(self, value: int) -> exp.Expression:
        """An integer of any size that the wide type holds."""
        if INT_LEAST <= value <= INT_MOST:
            return integer(value)
        return cast(text(str(value)), self.wide)

    def truncated(self, value: exp.Expression) -> exp.Expression:
        """A double without its fraction, as an integer; NULL when it is out of range."""
        raise self.refuse("a double made an integer")

    def divided(self, left: exp.Expression, right: exp.Expression) -> exp.Expression:
        """Division of doubles as IEEE 754 has it."""
        if isinstance(right, exp.Cast) and is_constant(right) and float(right.this.name) != 0:
            return binary(exp.Div, left, right)
        raise self.refuse("a division by what may be zero")

    def matches(self, value: exp.Expression, pattern: str) -> exp.Expression:
        """Whether a part of the text is described by a valid RE2 pattern."""
        raise self.refuse("`matches`")

    def contains_text(self, value: exp.Expression, part: exp.Expression) -> exp.Expression:
        """Whether a text holds another."""
        raise self.refuse("`contains`")

    def starts_with(self, value: exp.Expression, part: exp.Expression) -> exp.Expression:
        """Whether a text begins with another."""
        raise self.refuse("`startsWith`")

    def ends_with(self, value: exp.Expression, part: exp.Expression) -> exp.Expression:
        """Whether a text ends with another."""
        raise self.refuse("`endsWith`")

    def replaced_characters(self, value: exp.Expression, old: str, new: str) -> exp.Expression:
        """A text with each character of `old` replaced by its counterpart in `new`."""
        return call("TRANSLATE", value, text(old), text(new))

    def trimmed(self, value: exp.Expression, characters: str) -> exp.Expression:
        """A text without these characters at either end."""
        return exp.Trim(this=value, expression=text(characters), position="BOTH")

    def replaced(self, value: exp.Expression, old: str, new: exp.Expression) -> exp.Expression:
        """A text with every `old`, which isn't empty, replaced."""
        return exp.Replace(this=value, expression=text(old), replacement=new)

    def split(self, value: exp.Expression, separator: str) -> exp.Expression:
        """The parts of a text between separators, which aren't empty."""
        raise self.refuse("`split`")

    def joined(self, values: exp.Expression, separator: exp.Expression) -> exp.Expression:
        """The texts of a list as one."""
        raise self.refuse("`join`")

    def list_literal(
        self, items: Sequence[exp.Expression], element: exp.DataType | None
    ) -> exp.Expression:
        """A list; of `element`s, where that is known."""
        raise self.refuse("a list")

    def size(self, values: exp.Expression) -> exp.Expression:
        """The number of elements of a list."""
        raise self.refuse("a list")

    def element(self, values: exp.Expression, place: exp.Expression) -> exp.Expression:
        """An element by its place from 0; NULL outside of the list."""
        raise self.refuse("a list")

    def has_element(self, values: exp.Expression, value: exp.Expression) -> exp.Expression:
        """Whether a list holds a value."""
        raise self.refuse("a list")

    def transformed(self, values: exp.Expression, body: Body) -> exp.Expression:
        """The list of what the body makes of each element, NULLs included."""
        raise self.refuse("a list")

    def filtered(self, values: exp.Expression, body: Body) -> exp.Expression:
        """The elements for which the body is true."""
        raise self.refuse("a list")

    def concatenated(self, left: exp.Expression, right: exp.Expression) -> exp.Expression:
        """One list after the other; both are known."""
        raise self.refuse("a list")

    def extreme(self, values: exp.Expression, *, greatest: bool) -> exp.Expression:
        """The greatest or least of a list; NULL for an empty one."""
        raise self.refuse("a list")

    def none_null(self, values: exp.Expression) -> exp.Expression:
        """Whether no element of a list is NULL; NULL for a list that is NULL."""
        return binary(exp.EQ, self.size(self.filtered(values, is_null)), integer(0))

    def known_elements(self, values: exp.Expression) -> exp.Expression:
        """A list, or NULL when one of its elements is."""
        return self.bind(values, lambda v: case((self.none_null(v.copy()), v.copy())))

    def map_literal(self, keys: Sequence[exp.Expression], values: exp.Expression) -> exp.Expression:
        """A map of distinct keys, and a list of as many values."""
        raise self.refuse("a map")

    def keys(self, mapping: exp.Expression) -> exp.Expression:
        """The keys of a map, as a list."""
        raise self.refuse("a map")

    def entry(self, mapping: exp.Expression, key: exp.Expression) -> exp.Expression:
        """The value of a key, NULL if there is none."""
        raise self.refuse("a map")

    def mapped_values(self, mapping: exp.Expression, body: Body) -> exp.Expression:
        """The map with what the body makes of each value."""
        raise self.refuse("a map")

    def local_seconds(self, seconds: exp.Expression, zone: str) -> exp.Expression:
        """Seconds since 1970 UTC → what a clock in the zone shows, as seconds since 1970."""
        raise self.refuse("a named time zone")

    def date(self, days: exp.Expression) -> exp.Expression:
        """The date so many days after 0001-01-01."""
        raise self.refuse("a part of a date")

    def nanoseconds(self, native: exp.Expression) -> exp.Expression:
        """Nanoseconds since 1970 UTC of a native timestamp."""
        raise self.refuse("a native timestamp")


class ListTarget(Target):
    """A dialect with lists, lambdas and maps."""

    def bind(self, value: exp.Expression, body: Body) -> exp.Expression:
        """A list of one element stands for a variable."""
        if is_simple(value):
            return body(value)
        made = self.transformed(self.list_literal([value], None), body)
        return self.element(made, integer(0))

    def element(self, values: exp.Expression, place: exp.Expression) -> exp.Expression:
        """Places that aren't small and positive are asked of no function: some count backwards."""
        if isinstance(place, exp.Literal):
            return self.nth(values, integer(min(int(place.name), _LARGE)))

        def checked(at: exp.Expression) -> exp.Expression:
            inside = exp.Between(this=closed(at.copy()), low=integer(0), high=integer(_LARGE))
            return case((inside, self.nth(values, at.copy())))

        return self.bind(place, checked)

    def nth(self, values: exp.Expression, place: exp.Expression) -> exp.Expression:
        """An element by a place that is within 0..2³⁰."""
        # Each dialect has its own.
        raise NotImplementedError

    def narrowed(self, node: exp.Expression) -> exp.Expression:
        """These dialects have a conversion that gives NULL."""
        return try_cast(node, BIGINT)

    def contains_text(self, value: exp.Expression, part: exp.Expression) -> exp.Expression:
        """As the dialect's own function has it."""
        return exp.Contains(this=value, expression=part)

    def starts_with(self, value: exp.Expression, part: exp.Expression) -> exp.Expression:
        """As the dialect's own function has it."""
        return exp.StartsWith(this=value, expression=part)

    def ends_with(self, value: exp.Expression, part: exp.Expression) -> exp.Expression:
        """As the dialect's own function has it."""
        return exp.EndsWith(this=value, expression=part)

    def split(self, value: exp.Expression, separator: str) -> exp.Expression:
        """As the dialect's own function has it."""
        return exp.Split(this=value, expression=text(separator))

    def size(self, values: exp.Expression) -> exp.Expression:
        """As the dialect's own function has it."""
        return exp.ArraySize(this=values)

    def has_element(self, values: exp.Expression, value: exp.Expression) -> exp.Expression:
        """As the dialect's own function has it."""
        return call("ARRAY_CONTAINS", values, value)

    def transformed(self, values: exp.Expression, body: Body) -> exp.Expression:
        """As the dialect's own function has it."""
        return exp.Transform(this=values, expression=self.function(body))

    def filtered(self, values: exp.Expression, body: Body) -> exp.Expression:
        """As the dialect's own function has it."""
        return exp.ArrayFilter(this=values, expression=self.function(body))

    def keys(self, mapping: exp.Expression) -> exp.Expression:
        """As the dialect's own function has it."""
        return call("MAP_KEYS", mapping)


_LARGE: Final = 2**30
