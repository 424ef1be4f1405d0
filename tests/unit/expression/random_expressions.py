"""Random well-typed expressions, and random data for them, from a seeded generator."""

from __future__ import annotations

import math
import random
from typing import Any

from offerd.expression import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    Attribute,
    Environment,
    Lookup,
    Record,
    Type,
    Uint,
    list_of,
    map_of,
)
from offerd.expression.values import boxer
from unit.expression.random_extensions import COUNTS, DOUBLES, INTS, STRINGS, Extensions, Make

ROWS = list_of(map_of(STRING, STRING))

PROFILE = {
    "vip": BOOL,
    "age": INT,
    "loyalty.points": INT,
    "visits": UINT,
    "score": DOUBLE,
    "loyalty.tier": STRING,
    "city": STRING,
    "joined": TIMESTAMP,
    "stay": DURATION,
    "ages": INTS,
    "scores": DOUBLES,
    "tags": STRINGS,
    "rows": ROWS,
    "counts": COUNTS,
    "extra": DYN,
}
ENVIRONMENT = Environment(
    {
        "profile": Record({path: Attribute(type_) for path, type_ in PROFILE.items()}),
        "context": Record({"city": Attribute(STRING), "hour": Attribute(INT)}),
        "now": TIMESTAMP,
    },
    {"audience": Lookup(["a", "b"])},
)
CONFUSED = Environment(
    {
        "profile": Record({path: Attribute(DYN) for path in PROFILE}),
        "context": Record({"city": Attribute(DYN), "hour": Attribute(DYN)}),
        "now": TIMESTAMP,
    },
    {"audience": Lookup(["a", "b"])},
)
"""The same names without types: every value may be anything."""
TYPES = (BOOL, INT, UINT, DOUBLE, STRING, TIMESTAMP, DURATION, INTS, DOUBLES, STRINGS, ROWS, COUNTS)
WORDS = ("", "a", "b", "gold", "silver", "Oslo")
INT_VALUES = (0, 1, -1, 2, 3, 7, 2**53 + 1, 2**63 - 1, -(2**63))
UINT_VALUES = (0, 1, 2, 5, 2**64 - 1)
DOUBLE_VALUES = (0.0, -0.0, 1.0, 1.5, -2.5, math.nan, math.inf, 1e300)
ORDERS = ("<", "<=", ">", ">=", "==", "!=")


class Expressions(Extensions):
    """A source of expressions and of rows of data.

    With `extended` they use the extensions too.
    """

    def __init__(self, seed: int, *, extended: bool = False) -> None:
        self.random = random.Random(seed)
        self.uses_extensions = extended
        self.scope: list[tuple[str, Type]] = []

    def source(self) -> str:
        """A bool expression, in CEL."""
        return self.of(BOOL, self.random.randint(1, 4))

    def of(self, type_: Type, depth: int) -> str:
        """An expression of this type."""
        choices = self.leaves(type_)
        if depth > 0:
            choices = choices[:1] + self.branches(type_, depth - 1) * 2
            if self.uses_extensions:
                choices += self.extended(type_, depth - 1)
        source: str = self.random.choice(choices)()
        return source

    def paths(self, type_: Type) -> list[str]:
        """The attributes of this type."""
        return [f"profile.{path}" for path, found in PROFILE.items() if found is type_]

    def leaves(self, type_: Type) -> list[Any]:
        names = self.paths(type_) + [name for name, found in self.scope if found is type_]
        names += {STRING: ["context.city"], INT: ["context.hour"], TIMESTAMP: ["now"]}.get(
            type_, []
        )
        return [lambda: self.random.choice(names), lambda: self.literal(type_)]

    def literal(self, type_: Type) -> str:
        pick = self.random.choice
        if type_ is BOOL:
            return pick(('audience("a")', 'audience("b")', "has(profile.vip)"))
        if type_ is STRING:
            return f'"{pick(WORDS)}"'
        if type_ is INT:
            return str(pick(INT_VALUES))
        if type_ is UINT:
            return f"{pick(UINT_VALUES)}u"
        if type_ is DOUBLE:
            return pick(("0.0", "1.0", "1.5", "-2.5", "1e300"))
        if type_ is DURATION:
            return pick(('duration("1h")', 'duration("-5m")', 'duration("0s")'))
        if type_ in (INTS, DOUBLES, STRINGS):
            count = self.random.randint(0, 5)
            return f"[{', '.join(self.literal(type_.parameters[0]) for _ in range(count))}]"
        if type_ is COUNTS:
            return pick(("profile.counts", '{"a": 1, "b": 2}'))
        return "now" if type_ is TIMESTAMP else "profile.rows"

    def branches(self, type_: Type, depth: int) -> list[Any]:
        made = [lambda: self.conditional(type_, depth)]
        if type_ is BOOL:
            made += [
                lambda: self.chain(depth),
                lambda: self.chain(depth),
                lambda: f"!({self.of(BOOL, depth)})",
                lambda: self.comparison(depth),
                lambda: self.comparison(depth),
                lambda: self.open_comparison(depth),
                lambda: self.membership(depth),
                lambda: self.quantifier(depth),
                self.presence,
                lambda: f"({self.of(STRING, depth)}).startsWith({self.of(STRING, 0)})",
            ]
        elif type_ in (INT, UINT, DOUBLE):
            operators = ("+", "-", "*", "/") if type_ is DOUBLE else ("+", "-", "*", "/", "%")
            made += [lambda: self.binary(type_, type_, operators, depth)] * 3
            if type_ is INT:
                made.append(lambda: f"size({self.of(self.random.choice((STRING, INTS)), depth)})")
                made.append(lambda: f"({self.of(INTS, depth)})[{self.of(INT, 0)}]")
                made.append(lambda: f"({self.of(COUNTS, 0)})[{self.of(STRING, 0)}]")
                made.append(lambda: f"-({self.of(INT, depth)})")
        elif type_ is STRING:
            made.append(lambda: self.binary(STRING, STRING, ("+",), depth))
        elif type_ is TIMESTAMP:
            made.append(lambda: self.binary(TIMESTAMP, DURATION, ("+", "-"), depth))
        elif type_ is DURATION:
            made.append(lambda: self.binary(TIMESTAMP, TIMESTAMP, ("-",), depth))
            made.append(lambda: self.binary(DURATION, DURATION, ("+", "-"), depth))
        elif type_ in (INTS, DOUBLES, STRINGS):
            made.append(lambda: self.list_macro(type_, "filter", depth))
            made.append(lambda: self.list_macro(type_, "map", depth))
            made.append(lambda: self.binary(type_, type_, ("+",), depth))
        return made

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
        type_ = self.random.choice(TYPES)
        if type_ in (INT, UINT, DOUBLE) and self.random.random() < 0.3:
            return self.binary(type_, self.random.choice((INT, UINT, DOUBLE)), ORDERS, depth)
        ordered = type_ in TYPES[:7]
        return self.binary(type_, type_, ORDERS if ordered else ("==", "!="), depth)

    def open_comparison(self, depth: int) -> str:
        """A comparison where only the values decide."""
        other = self.of(self.random.choice(TYPES[:7]), depth)
        dyn = self.random.choice(("profile.extra", f"dyn({self.of(INT, depth)})"))
        kinds = (
            f"({dyn} {self.random.choice(ORDERS)} {other})",
            f"(dyn({other}) {self.random.choice(ORDERS)} profile.extra)",
            f"({dyn} + dyn({other}) == profile.extra)",
            f"(dyn({other}) in profile.extra)",
            f"(profile.extra in [{dyn}, dyn({other})])",
            "(profile.extra && profile.vip)",
        )
        return self.random.choice(kinds)

    def membership(self, depth: int) -> str:
        list_ = self.random.choice((INTS, DOUBLES, STRINGS, COUNTS))
        element = STRING if list_ is COUNTS else list_.parameters[0]
        return f"({self.of(element, depth)} in {self.of(list_, depth)})"

    def presence(self) -> str:
        return f"has(profile.{self.random.choice(sorted(PROFILE))})"

    def within(self, element: Type, type_: Type, depth: int) -> tuple[str, str]:
        name = f"x{len(self.scope)}"
        self.scope.append((name, element))
        body = self.of(type_, depth)
        self.scope.pop()
        return name, body

    def nested(self, type_: Type, body: Make) -> tuple[str, str]:
        name = f"x{len(self.scope)}"
        self.scope.append((name, type_))
        text = body()
        self.scope.pop()
        return name, text

    def quantifier(self, depth: int) -> str:
        macro = self.random.choice(("exists", "all", "exists_one"))
        if self.random.random() < 0.3:
            word = self.of(STRING, 0)
            return f"profile.rows.{macro}(r, r.kind == {word} || r.missing == {word})"
        list_ = self.random.choice((INTS, DOUBLES, STRINGS))
        name, body = self.within(list_.parameters[0], BOOL, depth)
        return f"({self.of(list_, depth)}).{macro}({name}, {body})"

    def list_macro(self, type_: Type, macro: str, depth: int) -> str:
        element = type_.parameters[0]
        name, body = self.within(element, BOOL if macro == "filter" else element, depth)
        return f"({self.of(type_, depth)}).{macro}({name}, {body})"

    def row(self) -> dict[str, Any]:
        """Values for the roots of ENVIRONMENT, some attributes missing."""
        present = {path: type_ for path, type_ in PROFILE.items() if self.random.random() < 0.8}
        context = {"city": STRING, "hour": INT} if self.random.random() < 0.9 else {}
        return {
            "profile": {path: self.datum(type_) for path, type_ in present.items()},
            "context": {path: self.datum(type_) for path, type_ in context.items()},
            "now": self.datum(TIMESTAMP),
            "audience": {
                name: self.random.random() < 0.5
                for name in ("a", "b")
                if self.random.random() < 0.8
            },
        }

    def confused_row(self) -> dict[str, Any]:
        """Values as in `row`, but each boxed and of any type, whatever is declared."""

        def any_datum() -> Any:
            type_ = self.random.choice((*TYPES, DYN, DYN))
            value = self.datum(type_)
            box = boxer(type_, DYN)
            return value if box is None else box(value)

        row = self.row()
        for record in ("profile", "context"):
            row[record] = {path: any_datum() for path in row[record]}
        return row

    def datum(self, type_: Type) -> Any:
        pick = self.random.choice
        count = self.random.randint(0, 4)
        if type_ in (INTS, DOUBLES, STRINGS):
            return [self.datum(type_.parameters[0]) for _ in range(count)]
        if type_ is ROWS:
            return [{"kind": pick(WORDS)} if pick((True, False)) else {} for _ in range(count)]
        if type_ is COUNTS:
            return {pick(WORDS): pick(INT_VALUES) for _ in range(count)}
        values: dict[Type, tuple[Any, ...]] = {
            BOOL: (True, False),
            INT: INT_VALUES,
            UINT: UINT_VALUES,
            DOUBLE: DOUBLE_VALUES,
            STRING: WORDS,
            TIMESTAMP: (0, 10**18, 15 * 10**17, -62135596800 * 10**9),
            DURATION: (0, 3600 * 10**9, -1, 2**63 - 1),
            DYN: (True, False, 0, 1, 1.0, math.nan, "a", None, Uint(1), [1, "a"], {"a": 1}, b"a"),
        }
        return pick(values[type_])
