"""Random uses of the extensions: optionals, `cel.bind`, two-variable macros, lists, sets, math."""

from __future__ import annotations

import random
from collections.abc import Callable

from offerd.expression import BOOL, DOUBLE, INT, STRING, UINT, Type, list_of, map_of

INTS = list_of(INT)
DOUBLES = list_of(DOUBLE)
STRINGS = list_of(STRING)
COUNTS = map_of(STRING, INT)
LISTS = (INTS, DOUBLES, STRINGS)
Make = Callable[[], str]


class Extensions:
    """A part of the generator, which has the methods declared here."""

    random: random.Random
    of: Callable[[Type, int], str]
    within: Callable[[Type, Type, int], tuple[str, str]]
    paths: Callable[[Type], list[str]]

    def extended(self, type_: Type, depth: int) -> list[Make]:
        """Ways to make an expression of this type with the extensions."""
        made: list[Make] = [
            lambda: self.bound(type_, depth),
            lambda: f"({self.optional(type_, depth)}).orValue({self.of(type_, depth)})",
            lambda: f"({self.optional(type_, depth)}).value()",
        ]
        more = {BOOL: self.bools, STRING: self.strings, COUNTS: self.maps}.get(type_)
        if more is not None:
            made += more(depth)
        if type_ in (INT, UINT, DOUBLE):
            made += self.numbers(type_, depth)
        if type_ in LISTS:
            made += self.lists(type_, depth)
        return made

    def bound(self, type_: Type, depth: int) -> str:
        kind = self.random.choice((BOOL, INT, STRING, INTS, COUNTS))
        value = self.of(kind, depth)
        name, body = self.within(kind, type_, depth)
        return f"cel.bind({name}, {value}, {body})"

    def optional(self, type_: Type, depth: int) -> str:
        """An expression of an optional of this type."""
        made: list[Make] = [
            lambda: f"optional.of({self.of(type_, depth)})",
            lambda: f"optional.ofNonZeroValue({self.of(type_, depth)})",
            lambda: (
                f"({self.of(BOOL, depth)} ? optional.of({self.of(type_, 0)}) : optional.none())"
            ),
            lambda: f"({self.optional(type_, 0)}).or({self.optional(type_, 0)})",
            lambda: self.mapped(type_, depth),
        ]
        paths = self.paths(type_)
        if paths:
            made += [lambda: ".?".join(self.random.choice(paths).split(".", 1))] * 2
        if list_of(type_) in LISTS:
            made.append(lambda: f"({self.of(list_of(type_), depth)})[?{self.of(INT, 0)}]")
            made.append(
                lambda: f"({self.of(list_of(type_), depth)}).{self.either('first', 'last')}()"
            )
        if type_ is INT:
            made.append(lambda: f"({self.of(COUNTS, 0)})[?{self.of(STRING, 0)}]")
            made.append(lambda: f"({self.of(COUNTS, 0)}).?gold")
        return self.random.choice(made)()

    def mapped(self, type_: Type, depth: int) -> str:
        kind = self.random.choice((INT, STRING))
        optional = self.optional(kind, 0)
        name, body = self.within(kind, type_, depth)
        return f"({optional}).optMap({name}, {body})"

    def either(self, *texts: str) -> str:
        return self.random.choice(texts)

    def entries(self, macro: str, depth: int, result: Type) -> str:
        """A macro of two variables on a list or on a map."""
        range_ = self.random.choice((*LISTS, COUNTS))
        first, second = (STRING, INT) if range_ is COUNTS else (INT, range_.parameters[0])
        source = self.of(range_, depth)
        outer, inner = "", ""

        def body() -> str:
            nonlocal inner
            inner, text = self.within(second, result, depth)
            return text

        outer, text = self.nested(first, body)
        return f"({source}).{macro}({outer}, {inner}, {text})"

    def nested(self, type_: Type, body: Make) -> tuple[str, str]:
        raise NotImplementedError

    def bools(self, depth: int) -> list[Make]:
        list_ = self.random.choice(LISTS)
        return [
            lambda: self.entries(self.either("exists", "all", "existsOne"), depth, BOOL),
            lambda: f"({self.optional(self.random.choice((INT, STRING)), depth)}).hasValue()",
            lambda: f"({self.optional(INT, depth)} == {self.optional(INT, depth)})",
            lambda: (
                f"sets.{self.either('contains', 'intersects', 'equivalent')}"
                f"({self.of(list_, depth)}, {self.of(list_, 0)})"
            ),
            lambda: (
                f"(dyn(profile.extra.{self.either('sort()', 'first()', 'reverse()')}) == dyn([]))"
            ),
            lambda: f"(dyn(profile.extra.{self.either('hasValue()', 'orValue(true)')}) == true)",
        ]

    def strings(self, depth: int) -> list[Make]:
        return [
            lambda: f"({self.of(STRING, depth)}).{self.either('lower', 'upper')}Ascii()",
            lambda: f"({self.of(STRING, depth)}).reverse()",
            lambda: f"({self.of(STRING, depth)}).replace({self.of(STRING, 0)}, 'x')",
            lambda: f"({self.of(STRINGS, depth)}).join()",
        ]

    def numbers(self, type_: Type, depth: int) -> list[Make]:
        def some() -> str:
            count = self.random.randint(1, 3)
            return ", ".join(self.of(type_, depth) for _ in range(count))

        made: list[Make] = [
            lambda: f"math.{self.either('greatest', 'least')}({some()})",
            lambda: f"math.{self.either('abs', 'sign')}({self.of(type_, depth)})",
        ]
        if type_ is INT:
            made.append(lambda: f"({self.of(STRING, depth)}).indexOf({self.of(STRING, 0)})")
        return made

    def lists(self, type_: Type, depth: int) -> list[Make]:
        element = type_.parameters[0]

        def by() -> str:
            source = self.of(type_, depth)
            name, body = self.within(element, self.random.choice((INT, STRING)), depth)
            return f"({source}).sortBy({name}, {body})"

        made: list[Make] = [
            by,
            lambda: f"({self.of(type_, depth)}).{self.either('sort', 'distinct', 'reverse')}()",
            lambda: f"({self.of(type_, depth)}).slice(0, {self.of(INT, 0)})",
            lambda: self.entries("transformList", depth, element),
            lambda: f"[{self.of(element, depth)}, ?{self.optional(element, depth)}]",
        ]
        if type_ is STRINGS:
            made.append(lambda: f"({self.of(STRING, depth)}).split({self.of(STRING, 0)})")
        return made

    def maps(self, depth: int) -> list[Make]:
        def transformed() -> str:
            source = self.of(COUNTS, 0)
            inner = ""

            def body() -> str:
                nonlocal inner
                inner, text = self.within(INT, INT, depth)
                return text

            outer, text = self.nested(STRING, body)
            return f"({source}).transformMap({outer}, {inner}, {text})"

        return [transformed]
