"""Random well-typed rules over what definitions can declare, and random data for them.

Unlike the rules of the expression's own tests these have no `dyn`, no unsigned integers and no
bytes, which other languages can't say, and many more functions.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from offerd.expression import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Attribute,
    Environment,
    Lookup,
    Record,
    Type,
    list_of,
    map_of,
)

INTS = list_of(INT)
DOUBLES = list_of(DOUBLE)
STRINGS = list_of(STRING)
COUNTS = map_of(STRING, INT)
SUMS = map_of(STRING, DOUBLE)
TIMES = map_of(STRING, TIMESTAMP)

PROFILE = {
    "vip": BOOL,
    "subscribed": BOOL,
    "age": INT,
    "loyalty.points": INT,
    "score": DOUBLE,
    "spent": DOUBLE,
    "loyalty.tier": STRING,
    "city": STRING,
    "joined": TIMESTAMP,
    "renewed": TIMESTAMP,
    "ages": INTS,
    "scores": DOUBLES,
    "tags": STRINGS,
}
AGGREGATE = {
    "purchases": INT,
    "counts": COUNTS,
    "sums": SUMS,
    "last": TIMES,
    "last_seen": TIMESTAMP,
}
ENVIRONMENT = Environment(
    {
        "profile": Record({path: Attribute(type_) for path, type_ in PROFILE.items()}),
        "context": Record({"city": Attribute(STRING), "hour": Attribute(INT)}),
        "aggregate": Record({path: Attribute(type_) for path, type_ in AGGREGATE.items()}),
        "now": TIMESTAMP,
    },
    {"audience": Lookup(["a", "b"])},
)
COLUMNS: dict[tuple[str, str], Type] = {
    **{("profile", path): type_ for path, type_ in PROFILE.items()},
    ("context", "city"): STRING,
    ("context", "hour"): INT,
    **{("aggregate", path): type_ for path, type_ in AGGREGATE.items()},
    ("now", ""): TIMESTAMP,
}
"""Everything that a row holds."""

AUDIENCES = {
    "a": 'profile.age > 17 && profile.city in ["Oslo", "gold"]',
    "b": 'audience("a") || profile.score / profile.spent < 2.0',
}

WORDS = (
    "",
    "a",
    "b",
    "gold",
    "Gold",
    "GOLD-2",
    " a b ",
    "Oslo",
    "héé",
    "日本",
    "a,b,,c",
    "12",
    "-7",
)
INT_VALUES = (0, 1, -1, 2, 3, 7, 18, 65, 2**53 + 1, 2**63 - 1, -(2**63))
DOUBLE_VALUES = (0.0, -0.0, 1.0, 1.5, -2.5, 0.1, 0.3, math.nan, math.inf, 1e300, 2.0**63)
PATTERNS = ("^go", "ld$", "[a-c]+", "^(a|b),?", "o.d", "\\\\d", "^$", "G(?:old|O)", "é{2}")
ZONES = ("UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata", "+02:00", "-05:30")
GETTERS = (
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
    "getHours", "getMinutes", "getSeconds", "getMilliseconds",
)  # fmt: skip
ORDERS = ("<", "<=", ">", ">=", "==", "!=")
SCALAR_TYPES = (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION)
NEAR = (1_000_000_000, 1_699_999_999_123_456_000, 1_711_846_800_000_000_000, -1_000_001)
"""Timestamps: 1970, 2023, a change of European clocks, and just before 1970."""


class Rules:
    """A source of rules and of rows of data, from a seed; times are whole microseconds."""

    def __init__(self, seed: int, *, optionals: bool = False) -> None:
        self.random = random.Random(seed)
        self.scope: list[tuple[str, Type]] = []
        self.uses_optionals = optionals

    def source(self) -> str:
        """A bool expression, in CEL."""
        return self.of(BOOL, self.random.randint(1, 4))

    def of(self, type_: Type, depth: int) -> str:
        """An expression of this type."""
        choices = self.leaves(type_)
        if depth > 0:
            choices = choices[:1] + self.branches(type_, depth - 1) * 2
            if self.uses_optionals:
                choices += self.with_optionals(type_, depth - 1)
        return self.random.choice(choices)()

    def leaves(self, type_: Type) -> list[Callable[[], str]]:
        names = [
            f"{root}.{path}" if path else root
            for (root, path), found in COLUMNS.items()
            if found is type_
        ]
        names += [name for name, found in self.scope if found is type_] * 2
        literal: Callable[[], str] = lambda: self.literal(type_)  # noqa: E731
        if not names:
            return [literal]
        return [lambda: self.random.choice(names), literal]

    def literal(self, type_: Type) -> str:
        pick = self.random.choice
        if type_ is BOOL:
            return pick(('audience("a")', 'audience("b")', self.presence()))
        if type_ is STRING:
            return f'"{pick(WORDS)}"'
        if type_ is INT:
            return str(pick(INT_VALUES))
        if type_ is DOUBLE:
            return pick(("0.0", "1.0", "1.5", "-2.5", "0.1", "0.3", "1e300"))
        if type_ is DURATION:
            return pick(
                ('duration("1h")', 'duration("-5m")', 'duration("0s")', 'duration("2160h")')
            )
        if type_ in (INTS, DOUBLES, STRINGS):
            count = self.random.randint(0, 4)
            return f"[{', '.join(self.literal(type_.parameters[0]) for _ in range(count))}]"
        if type_ is COUNTS:
            return pick(("aggregate.counts", '{"a": 1, "gold": profile.age}'))
        if type_ is SUMS:
            return "aggregate.sums"
        return {TIMESTAMP: 'timestamp("2024-02-29T23:59:59.5Z")', TIMES: "aggregate.last"}[type_]

    def branches(self, type_: Type, depth: int) -> list[Callable[[], str]]:
        made: list[Callable[[], str]] = [lambda: self.conditional(type_, depth)]
        if type_ is BOOL:
            return made + self.conditions(depth)
        if type_ in (INT, DOUBLE):
            return made + self.numbers(type_, depth)
        if type_ is STRING:
            return made + self.texts(depth)
        if type_ is TIMESTAMP:
            made.append(lambda: self.binary(TIMESTAMP, DURATION, ("+", "-"), depth))
            made.append(lambda: f"aggregate.last[{self.of(STRING, depth)}]")
            zone = self.random.choice(("UTC", "+02:00", "-05:30"))
            made.append(lambda: f'today({self.of(TIMESTAMP, 0)}, "{zone}")')
        elif type_ is DURATION:
            made.append(lambda: self.binary(TIMESTAMP, TIMESTAMP, ("-",), depth))
            made.append(lambda: self.binary(DURATION, DURATION, ("+", "-"), depth))
        elif type_ in (INTS, DOUBLES, STRINGS):
            made.append(lambda: self.list_macro(type_, "filter", depth))
            made.append(lambda: self.list_macro(type_, "map", depth))
            made.append(lambda: self.binary(type_, type_, ("+",), depth))
            if type_ is STRINGS:
                made.append(lambda: f'({self.of(STRING, depth)}).split("{self.word()}")')
        return made

    def with_optionals(self, type_: Type, depth: int) -> list[Callable[[], str]]:
        """Ways to come to this type through an optional."""
        kind = self.random.choice((INT, STRING, DOUBLE, INTS, COUNTS))
        made: list[Callable[[], str]] = [
            lambda: f"({self.optional(type_, depth)}).orValue({self.of(type_, depth)})",
            lambda: f"({self.optional(type_, depth)}).orValue({self.of(type_, depth)})",
            lambda: f"({self.optional(type_, depth)}).value()",
        ]
        if type_ is BOOL:
            made.append(lambda: f"({self.optional(kind, depth)}).hasValue()")
        return made

    def optional(self, type_: Type, depth: int) -> str:
        """An optional of this type."""
        of = self.of
        made: list[Callable[[], str]] = [
            lambda: f"optional.of({of(type_, depth)})",
            lambda: f"({of(BOOL, depth)} ? optional.of({of(type_, 0)}) : optional.none())",
            lambda: f"({self.optional(type_, 0)}).or({self.optional(type_, 0)})",
        ]
        paths = [key for key, found in COLUMNS.items() if found is type_ and key[1]]
        if paths:
            made += [lambda: "{}.?{}".format(*self.random.choice(paths))] * 3
        lists = {INT: INTS, DOUBLE: DOUBLES, STRING: STRINGS}
        if type_ in lists:
            list_ = lists[type_]
            end = self.random.choice(("first", "last"))
            made.append(lambda: f"({of(list_, depth)})[?{of(INT, 0)}]")
            made.append(lambda: f"({of(list_, depth)}).{end}()")
            made.append(lambda: f"({self.optional(list_, 0)})[?{of(INT, 0)}]")
        if type_ is INT:
            made.append(lambda: f"({of(COUNTS, 0)})[?{of(STRING, 0)}]")
            made.append(lambda: f"({self.optional(COUNTS, 0)}).?gold")
        return self.random.choice(made)()

    def conditions(self, depth: int) -> list[Callable[[], str]]:
        of = self.of
        return [
            lambda: self.chain(depth),
            lambda: self.chain(depth),
            lambda: f"!({of(BOOL, depth)})",
            lambda: self.comparison(depth),
            lambda: self.comparison(depth),
            lambda: self.membership(depth),
            lambda: self.membership(depth),
            lambda: self.quantifier(depth),
            lambda: self.quantifier(depth),
            lambda: self.text_test(depth),
            lambda: self.bound(depth),
            self.presence,
        ]

    def text_test(self, depth: int) -> str:
        text = self.of(STRING, depth)
        if self.random.random() < 0.3:
            return f'({text}).matches("{self.random.choice(PATTERNS)}")'
        method = self.random.choice(("startsWith", "endsWith", "contains"))
        return f"({text}).{method}({self.of(STRING, depth)})"

    def numbers(self, type_: Type, depth: int) -> list[Callable[[], str]]:
        of = self.of
        operators = ("+", "-", "*", "/") if type_ is DOUBLE else ("+", "-", "*", "/", "%")
        made = [lambda: self.binary(type_, type_, operators, depth)] * 3
        made.append(lambda: f"-({of(type_, depth)})")
        extreme = self.random.choice(("math.greatest", "math.least"))
        made.append(lambda: f"{extreme}({of(type_, depth)}, {of(type_, depth)})")
        if type_ is DOUBLE:
            made.append(lambda: f"double({of(INT, depth)})")
            made.append(lambda: f"aggregate.sums[{of(STRING, 0)}]")
            made.append(lambda: f"({of(DOUBLES, depth)})[{of(INT, 0)}]")
            return made
        sized = self.random.choice((STRING, INTS, STRINGS, COUNTS))
        getter = self.random.choice(GETTERS)
        zone = self.random.choice(("", *(f'"{zone}"' for zone in ZONES)))
        made += [
            lambda: f"size({of(sized, depth)})",
            lambda: f"({of(INTS, depth)})[{of(INT, 0)}]",
            lambda: f"({of(COUNTS, 0)})[{of(STRING, 0)}]",
            lambda: f"int({of(self.random.choice((DOUBLE, STRING, TIMESTAMP)), depth)})",
            lambda: f"({of(TIMESTAMP, depth)}).{getter}({zone})",
            lambda: f"({of(TIMESTAMP, depth)}).{getter}({zone})",
            lambda: f"({of(DURATION, depth)}).{self.random.choice(GETTERS[6:])}()",
        ]
        return made

    def texts(self, depth: int) -> list[Callable[[], str]]:
        of = self.of
        return [
            lambda: self.binary(STRING, STRING, ("+",), depth),
            lambda: f"({of(STRING, depth)}).lowerAscii()",
            lambda: f"({of(STRING, depth)}).upperAscii()",
            lambda: f"({of(STRING, depth)}).trim()",
            lambda: f'({of(STRING, depth)}).replace("{self.word()}", {of(STRING, 0)})',
            lambda: f"({of(STRING, depth)}).substring({of(INT, 0)})",
            lambda: f"({of(STRING, depth)}).substring({of(INT, 0)}, {of(INT, 0)})",
            lambda: f"({of(STRINGS, depth)}).join({of(STRING, 0)})",
            lambda: f"({of(STRINGS, depth)})[{of(INT, 0)}]",
            lambda: f"string({of(self.random.choice((INT, BOOL)), depth)})",
        ]

    def word(self) -> str:
        """A text that is not empty."""
        return self.random.choice(WORDS[1:])

    def binary(self, left: Type, right: Type, operators: tuple[str, ...], depth: int) -> str:
        operator = self.random.choice(operators)
        return f"({self.of(left, depth)} {operator} {self.of(right, depth)})"

    def conditional(self, type_: Type, depth: int) -> str:
        condition = self.of(BOOL, depth)
        return f"({condition} ? {self.of(type_, depth)} : {self.of(type_, depth)})"

    def chain(self, depth: int) -> str:
        operator = self.random.choice((" && ", " || "))
        parts = [self.of(BOOL, depth) for _ in range(self.random.randint(2, 3))]
        return f"({operator.join(parts)})"

    def comparison(self, depth: int) -> str:
        type_ = self.random.choice((*SCALAR_TYPES, INTS, DOUBLES, STRINGS))
        if type_ in (INT, DOUBLE) and self.random.random() < 0.3:
            return self.binary(type_, self.random.choice((INT, DOUBLE)), ORDERS, depth)
        return self.binary(type_, type_, ORDERS if type_ in SCALAR_TYPES else ORDERS[4:], depth)

    def membership(self, depth: int) -> str:
        container = self.random.choice((INTS, DOUBLES, STRINGS, COUNTS, TIMES))
        element = STRING if container in (COUNTS, TIMES) else container.parameters[0]
        return f"({self.of(element, depth)} in {self.of(container, depth)})"

    def presence(self) -> str:
        if self.random.random() < 0.2:
            return f"has(aggregate.{self.random.choice(('counts', 'last'))}.gold)"
        root, path = self.random.choice([key for key in COLUMNS if key[1]])
        return f"has({root}.{path})"

    def within(self, element: Type, type_: Type, depth: int) -> tuple[str, str]:
        name = f"x{len(self.scope)}"
        self.scope.append((name, element))
        body = self.of(type_, depth)
        self.scope.pop()
        return name, body

    def bound(self, depth: int) -> str:
        type_ = self.random.choice((INT, DOUBLE, STRING, BOOL))
        name, body = self.within(type_, BOOL, depth)
        return f"cel.bind({name}, {self.of(type_, depth)}, {body})"

    def quantifier(self, depth: int) -> str:
        macro = self.random.choice(("exists", "all", "exists_one"))
        range_ = self.random.choice((INTS, DOUBLES, STRINGS, COUNTS, TIMES))
        name, body = self.within(range_.parameters[0], BOOL, depth)
        return f"({self.of(range_, depth)}).{macro}({name}, {body})"

    def list_macro(self, type_: Type, macro: str, depth: int) -> str:
        element = type_.parameters[0]
        name, body = self.within(element, BOOL if macro == "filter" else element, depth)
        if macro == "map" and self.random.random() < 0.3:
            _, condition = self.within(element, BOOL, depth)
            body = f"{condition}, {body}"
        return f"({self.of(type_, depth)}).{macro}({name}, {body})"

    def row(self) -> dict[str, Any]:
        """Values for the roots of ENVIRONMENT, some attributes missing."""
        roots: dict[str, Any] = {"profile": {}, "context": {}, "aggregate": {}}
        for (root, path), type_ in COLUMNS.items():
            if not path:
                roots[root] = self.datum(type_)
            elif self.random.random() < 0.8:
                roots[root][path] = self.datum(type_)
        return roots

    def datum(self, type_: Type) -> Any:
        pick = self.random.choice
        count = self.random.randint(0, 4)
        if type_ in (INTS, DOUBLES, STRINGS):
            return [self.datum(type_.parameters[0]) for _ in range(count)]
        if type_ in (COUNTS, SUMS, TIMES):
            words = self.random.sample(WORDS, count)
            return {word: self.datum(type_.parameters[1]) for word in words}
        if type_ is TIMESTAMP:
            base = pick((*NEAR, 0, 2**62, -(2**62)))
            spread = self.random.randrange(-(10**17), 10**17) if pick((True, False)) else 0
            return (base + spread) // 1000 * 1000
        values: dict[Type, tuple[Any, ...]] = {
            BOOL: (True, False),
            INT: INT_VALUES,
            DOUBLE: DOUBLE_VALUES,
            STRING: WORDS,
        }
        return pick(values[type_])
