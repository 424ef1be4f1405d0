"""PQL tokens to a syntax tree."""

from __future__ import annotations

import json
from typing import Final

from offerd.dialects.error import DialectError, dialect_error
from offerd.dialects.pql.lexer import Token, tokenize
from offerd.dialects.pql.syntax import (
    Array,
    Between,
    Binary,
    Call,
    Chain,
    Filter,
    Literal,
    Node,
    Occurs,
    Path,
    Period,
    Quantified,
    Step,
    Unary,
)

UNITS: Final = {
    name: singular
    for singular in ("millisecond", "second", "minute", "hour", "day", "week", "month", "year")
    for name in (singular, f"{singular}s")
} | {"decade": "decade", "decades": "decade", "century": "century", "centuries": "century"}
_COMPARISONS: Final = ("=", "!=", "<", "<=", ">", ">=")
_DIRECTIONS: Final = ("before", "after", "from")
_LEVELS: Final = (("or",), ("and",), (*_COMPARISONS, "in", "notIn", "like"), ("+", "-"),
                  ("*", "/", "%"))  # fmt: skip
_COMPARING: Final = 2
_LEFT_OUT: Final = {
    "let": "`let`",
    "select": "`select`",
    "xor": "`xor`",
}
MAXIMUM_DEPTH: Final = 60
MAXIMUM_OPERANDS: Final = 120


def parse(source: str) -> Node:
    """The tree of a whole text; DialectError where it is not PQL, or not of this subset."""
    parser = _Parser(source)
    parser.skip_parameter()
    node = parser.expression()
    parser.expect_end()
    return node


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.place = 0
        self.depth = 0
        self.parameter = "$1"

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def error(self, message: str, token: Token | None = None) -> DialectError:
        found = token or self.token
        return dialect_error(self.source, message, found.start, found.end)

    def take(self) -> Token:
        token = self.token
        self.place += token.kind != "end"
        return token

    def at(self, *texts: str) -> bool:
        return self.token.kind in ("symbol", "name") and self.token.text in texts

    def accept(self, *texts: str) -> bool:
        if self.at(*texts):
            self.take()
            return True
        return False

    def expect(self, text: str) -> Token:
        if not self.at(text):
            raise self.error(f"expected `{text}`: found {self.shown()}")
        return self.take()

    def shown(self) -> str:
        return "the end" if self.token.kind == "end" else f"`{self.token.text}`"

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.error(f"expected the end: found {self.shown()}")

    def name(self) -> str:
        if self.token.kind != "name":
            raise self.error(f"expected a name: found {self.shown()}")
        return self.take().text

    def skip_parameter(self) -> None:
        """`(P) => ...` gives the profile a name."""
        texts = [token.text for token in self.tokens[:4]]
        if len(texts) == 4 and texts[0] == "(" and texts[2:] == [")", "=>"]:
            self.parameter = texts[1]
            self.place = 4

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.error(f"nested too deep: at most {MAXIMUM_DEPTH} levels")
        node = self.level(0)
        self.depth -= 1
        return node

    def level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        if level == _COMPARING and self.at("not", "!"):
            return self.negation()
        left = self.level(level + 1)
        for _ in range(MAXIMUM_OPERANDS):
            if level == _COMPARING and self.at("occurs"):
                left = self.occurs(left)
            elif self.at(*_LEVELS[level]):
                operator = self.take().text
                right = self.level(level + 1)
                left = Binary(operator, left, right, left.start, right.end)
            else:
                return left
        raise self.error(f"more than {MAXIMUM_OPERANDS} operands in a row")

    def negation(self) -> Node:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise self.error(f"nested too deep: at most {MAXIMUM_DEPTH} levels")
        start = self.take().start
        operand = self.level(_COMPARING)
        self.depth -= 1
        return Unary("not", operand, start, operand.end)

    def unary(self) -> Node:
        if self.at("-"):
            start = self.take().start
            if self.token.kind == "number":
                return self.number(start)
            raise self.error("`-` is only read before a number")
        return self.postfix(self.primary())

    def number(self, minus: int | None = None) -> Literal:
        token = self.take()
        text = token.text if minus is None else f"-{token.text}"
        value = float(text) if "." in text else int(text)
        return Literal(value, token.start if minus is None else minus, token.end)

    def primary(self) -> Node:
        token = self.token
        if token.kind == "number":
            return self.number()
        if token.kind == "string":
            self.take()
            return Literal(self.unquoted(token), token.start, token.end)
        if self.accept("("):
            node = self.expression()
            self.expect(")")
            return node
        if self.at("["):
            return self.array()
        if self.at("^"):
            raise self.error("`^`, which reaches an outer scope, is not translated")
        if token.kind == "name":
            return self.named()
        raise self.error(f"expected a value: found {self.shown()}")

    def unquoted(self, token: Token) -> str:
        try:
            return str(json.loads(token.text))
        except ValueError:
            raise self.error("a string with an unknown escape", token) from None

    def array(self) -> Array:
        start = self.expect("[").start
        items: list[Node] = []
        while not self.at("]"):
            items.append(self.expression())
            if not self.accept(","):
                break
        end = self.expect("]").end
        return Array(tuple(items), start, end)

    def named(self) -> Node:
        token = self.token
        if token.text in _LEFT_OUT:
            raise self.error(f"{_LEFT_OUT[token.text]} is not translated")
        if token.text in ("true", "false"):
            self.take()
            return Literal(token.text == "true", token.start, token.end)
        if token.text in ("exists", "forall"):
            return self.quantified()
        if token.text.upper() == "CHAIN":
            return self.chain()
        self.take()
        if self.at("("):
            return self.call(token.text, (), token.start)
        return Path((token.text,), token.start, token.end)

    def call(self, name: str, first: tuple[Node, ...], start: int) -> Call:
        self.expect("(")
        arguments = list(first)
        while not self.at(")"):
            arguments.append(self.expression())
            if not self.accept(","):
                break
        end = self.expect(")").end
        return Call(name, tuple(arguments), start, end)

    def postfix(self, node: Node) -> Node:
        while True:
            if self.accept("."):
                end = self.token.end
                name = self.name()
                if self.at("("):
                    node = self.call(name, (node,), node.start)
                elif isinstance(node, Path):
                    is_profile = node.parts == (self.parameter,)
                    parts = (name,) if is_profile else (*node.parts, name)
                    node = Path(parts, node.start, end)
                else:
                    raise self.error(
                        f"`.{name}` of a value is not translated", self.tokens[self.place - 1]
                    )
            elif self.at("["):
                if not isinstance(node, Path):
                    raise self.error("a filter of a value is not translated")
                self.take()
                condition = self.expression()
                end = self.expect("]").end
                node = Filter(node, condition, node.start, end)
            else:
                return node

    def quantified(self) -> Quantified:
        token = self.take()
        variable = self.name()
        self.expect("from")
        array = self.postfix_path()
        if self.at(","):
            raise self.error(f"`{token.text}` over several arrays is not translated")
        condition = self.expression() if self.accept("where", ":") else None
        end = self.tokens[self.place - 1].end
        return Quantified(token.text == "forall", variable, array, condition, token.start, end)

    def postfix_path(self) -> Path:
        start = self.token.start
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        if parts[0] == self.parameter and len(parts) > 1:
            del parts[0]
        return Path(tuple(parts), start, self.tokens[self.place - 1].end)

    def occurs(self, timestamp: Node) -> Occurs:
        self.take()
        when = self.when()
        return Occurs(timestamp, when, timestamp.start, when.end)

    def when(self) -> Period | Between:
        token = self.token
        if self.accept("between"):
            first = self.time()
            self.expect("and")
            last = self.time()
            return Between(first, last, token.start, last.end)
        if self.accept("on"):
            time = self.time()
            return Period("", 0, "", "on", time, token.start, time.end)
        if self.at(*_DIRECTIONS):
            direction = self.take().text
            time = self.time()
            return Period("", 0, "", direction, time, token.start, time.end)
        if self.at(*_COMPARISONS):
            return self.period()
        time = self.time()
        return Period("", 0, "", "on", time, token.start, time.end)

    def period(self) -> Period:
        comparison = self.take()
        if self.token.kind != "number" or "." in self.token.text:
            raise self.error(f"expected a whole number: found {self.shown()}")
        count = int(self.take().text)
        unit = UNITS.get(self.token.text)
        if unit is None:
            raise self.error(f"expected a unit of time, such as `days`: found {self.shown()}")
        self.take()
        if not self.at(*_DIRECTIONS):
            raise self.error(f"expected `before`, `after` or `from`: found {self.shown()}")
        direction = self.take().text
        time = self.time()
        return Period(comparison.text, count, unit, direction, time, comparison.start, time.end)

    def time(self) -> Node:
        if self.at("this", "last", "next"):
            raise self.error("calendar units, such as `this month`, are not translated")
        return self.postfix(self.primary())

    def chain(self) -> Chain:
        token = self.take()
        self.expect("(")
        array = self.postfix_path()
        if array.text != "xEvent":
            raise self.error("a sequence is read of `xEvent` only", token)
        self.expect(",")
        self.expect("timestamp")
        self.expect(",")
        self.expect("[")
        steps = [self.step()]
        while self.accept(","):
            steps.append(self.step())
        self.expect("]")
        end = self.expect(")").end
        return Chain(tuple(steps), token.start, end)

    def step(self) -> Step:
        if self.at("not", "!"):
            raise self.error("an excluded element of a sequence is not translated")
        self.name()
        self.expect(":")
        self.expect("WHAT")
        self.expect("(")
        what = self.expression()
        self.expect(")")
        when: Period | Between | None = None
        if self.accept("WHEN"):
            self.expect("(")
            when = self.when()
            self.expect(")")
        return Step(what, when)
