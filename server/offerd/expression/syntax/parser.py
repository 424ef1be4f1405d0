"""Tokens to syntax tree, by precedence climbing.

The first mistake ends the parse: what follows it would be guesswork. The depth of nesting is
counted, so that no input can exhaust the interpreter's stack.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NoReturn

from offerd.expression.check.types import BOOL, BYTES, DOUBLE, INT, NULL, STRING, UINT
from offerd.expression.issues import ExpressionError, issue_at, snippet
from offerd.expression.limits import DEFAULT_LIMITS, Limits
from offerd.expression.syntax.ast import (
    Call,
    Expr,
    ListLiteral,
    Literal,
    MapLiteral,
    Name,
    Select,
    children,
)
from offerd.expression.syntax.hints import OPENINGS, unexpected_hint, word_hint
from offerd.expression.syntax.lexer import tokenize
from offerd.expression.syntax.tokens import Token, TokenKind
from offerd.expression.values import quoted

_BINARY: Final = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "in": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "%": 5,
}
_RESERVED: Final = frozenset(
    (
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let",
        "loop", "namespace", "package", "return", "var", "void", "while",
    )
)  # fmt: skip
_CONSTANTS: Final = {"true": (True, BOOL), "false": (False, BOOL), "null": (None, NULL)}
_INT_MAXIMUM: Final = 2**63 - 1
_UINT_MAXIMUM: Final = 2**64 - 1


def parse(source: str, limits: Limits = DEFAULT_LIMITS) -> Expr:
    """The syntax tree of the source; ExpressionError with one issue if there is none."""
    if len(source) > limits.source_length:
        message = f"the expression has {len(source)} characters: at most {limits.source_length}"
        raise ExpressionError((issue_at(source, message, 0, 1),))
    if not _is_text(source):
        message = "the expression holds half a character"
        raise ExpressionError((issue_at(source, message, 0, 1),))
    try:
        expr = _Parser(source, tokenize(source), limits).whole()
    except RecursionError:
        # The caller's own stack was nearly full; depth is limited well below what Python allows.
        raise ExpressionError((issue_at(source, _too_deep(limits), 0, 1),)) from None
    deepest = _beyond(expr, limits.depth)
    if deepest is not None:
        message = _too_deep(limits)
        raise ExpressionError((issue_at(source, message, deepest.start, deepest.end),))
    return expr


def _is_text(source: str) -> bool:
    try:
        source.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep(limits: Limits) -> str:
    return f"the expression is nested too deep: at most {limits.depth} levels"


def _beyond(expr: Expr, depth: int) -> Expr | None:
    """A part nested deeper than allowed, if any: chains such as `1+1+1` nest without brackets."""
    level = [expr]
    for _ in range(depth):
        level = [child for node in level for child in children(node)]
    return level[0] if level else None


class _Parser:
    def __init__(self, source: str, tokens: list[Token], limits: Limits) -> None:
        self.source = source
        self.tokens = tokens
        self.limits = limits
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def next(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        return token

    def fail(self, message: str, token: Token) -> NoReturn:
        raise ExpressionError((issue_at(self.source, message, token.start, token.end),))

    def at(self, symbol: str) -> bool:
        token = self.tokens[self.index]
        return token.kind is TokenKind.SYMBOL and token.text == symbol

    def accept(self, symbol: str) -> bool:
        if self.at(symbol):
            self.index += 1
            return True
        return False

    def expect(self, symbol: str, why: str) -> Token:
        if not self.at(symbol):
            self.unexpected(f"expected `{symbol}` {why}")
        return self.next()

    def unexpected(self, expected: str) -> NoReturn:
        """Fails at the token here, with a hint if it is a word of another language."""
        token = self.token
        if token.kind is TokenKind.END:
            why = (
                ": `%` is the remainder of a division, not a percentage"
                if self.follows("%")
                else ""
            )
            self.fail(f"the expression ends too early: {expected}{why}", token)
        hint = unexpected_hint(self.tokens, self.index)
        if hint is not None:
            issue = issue_at(self.source, hint.message, hint.start, hint.end)
            raise ExpressionError((issue,))
        self.fail(f"unexpected `{token.text}`: {expected}", token)

    def follows(self, symbol: str) -> bool:
        """Whether the token here comes right after such a symbol."""
        before = self.tokens[self.index - 1] if self.index else self.token
        return before.kind is TokenKind.SYMBOL and before.text == symbol

    def enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > self.limits.depth:
            self.fail(_too_deep(self.limits), token)

    def whole(self) -> Expr:
        if len(self.tokens) == 1:
            self.fail("the expression is empty", self.token)
        expr = self.expression()
        if self.token.text in OPENINGS and self.token.kind is TokenKind.SYMBOL:
            opening = OPENINGS[self.token.text]
            self.fail(
                f"unexpected `{self.token.text}`: there is no `{opening}` before it", self.token
            )
        if self.token.kind is not TokenKind.END:
            self.unexpected("expected an operator or the end of the expression")
        return expr

    def expression(self) -> Expr:
        """A condition with its branches, or anything that binds tighter."""
        start = self.token
        self.enter(start)
        result = self.binary(1)
        if self.at("?"):
            mark = self.next()
            yes = self.binary(1)
            self.expect(":", "and the other value, after `?`")
            no = self.expression()
            result = Call("_?_:_", None, (result, yes, no), mark.start, result.start, no.end)
        self.depth -= 1
        return result

    def binary(self, minimum: int) -> Expr:
        left = self.unary()
        while True:
            operator = self.token
            if operator.kind not in (TokenKind.SYMBOL, TokenKind.NAME):
                return left
            precedence = _BINARY.get(operator.text, 0)
            if precedence < minimum:
                return left
            self.index += 1
            right = self.binary(precedence + 1)
            left = _combine(operator, left, right)

    def unary(self) -> Expr:
        """Prefix operators, gathered in a loop so that a long run of them needs no stack."""
        operators: list[Token] = []
        while self.at("!") or self.at("-"):
            operators.append(self.next())
        literal = self.negative_literal(operators)
        operand = self.postfix(self.primary() if literal is None else literal)
        for operator in reversed(operators):
            name = "!_" if operator.text == "!" else "-_"
            operand = Call(name, None, (operand,), operator.start, operator.start, operand.end)
        return operand

    def negative_literal(self, operators: list[Token]) -> Literal | None:
        """A minus sign right before a number is part of it: the least int has no positive twin."""
        token = self.token
        if not operators or operators[-1].text != "-":
            return None
        if token.kind not in (TokenKind.INT, TokenKind.DOUBLE):
            return None
        self.index += 1
        start = operators.pop().start
        if isinstance(token.value, float):
            return Literal(-token.value, DOUBLE, start, token.end)
        value = self.integer(token, _INT_MAXIMUM + 1, f"`-{token.text}`", "an int")
        return Literal(-value, INT, start, token.end)

    def postfix(self, operand: Expr) -> Expr:
        while True:
            token = self.token
            if self.accept("."):
                operand = self.member(operand)
            elif self.accept("["):
                name = "_[?_]" if self.accept("?") else "_[_]"
                index = self.expression()
                end = self.expect("]", "after the index").end
                operand = Call(name, None, (operand, index), token.start, operand.start, end)
            elif self.at("{") and isinstance(operand, Name | Select):
                self.fail("message values such as `Name{...}` are not part of the language", token)
            else:
                return operand

    def member(self, operand: Expr) -> Expr:
        optional = self.accept("?")
        token = self.token
        quoted = token.kind is TokenKind.QUOTED_NAME
        if not quoted and (token.kind is not TokenKind.NAME or token.text == "in"):
            self.unexpected("expected a name after `.`")
        self.index += 1
        if optional:
            field = Literal(token.text, STRING, token.start, token.end)
            return Call("_?._", None, (operand, field), token.start, operand.start, token.end)
        if self.at("(") and token.kind is TokenKind.NAME:
            self.index += 1
            arguments, end = self.arguments()
            return Call(token.text, operand, arguments, token.start, operand.start, end)
        return Select(operand, token.text, token.start, operand.start, token.end)

    def primary(self) -> Expr:
        token = self.next()
        if token.kind is TokenKind.NAME:
            return self.named(token, absolute=False, start=token.start)
        if token.kind is TokenKind.SYMBOL:
            return self.bracketed(token)
        if token.kind is TokenKind.QUOTED_NAME:
            self.fail("a name in backticks stands after a `.`; a text is written in quotes", token)
        if token.kind is TokenKind.END:
            self.index -= 1
            self.unexpected("expected a value")
        return self.literal(token)

    def bracketed(self, token: Token) -> Expr:
        if token.text == "(":
            inner = self.expression()
            if self.at(","):
                self.parenthesised_list(token)
            end = self.expect(")", "to close the parenthesis").end
            return replace(inner, start=token.start, end=end)
        if token.text == "[":
            return self.list_literal(token)
        if token.text == "{":
            return self.map_literal(token)
        if token.text == "." and self.token.kind is TokenKind.NAME:
            return self.named(self.next(), absolute=True, start=token.start)
        self.index -= 1
        if token.text in _BINARY and token.text != "-":
            self.fail(f"`{token.text}` needs a value on its left", token)
        return self.unexpected("expected a value")

    def parenthesised_list(self, opening: Token) -> None:
        """Fails at `("a", "b")`, which is a list in other languages."""
        if unexpected_hint(self.tokens, self.index) is not None:
            return
        while self.accept(","):
            self.expression()
        end = self.expect(")", "to close the parenthesis")
        text = snippet(self.source, opening.end, end.start)
        message = f"a list is written in square brackets: {quoted(f'[{text}]')}"
        raise ExpressionError((issue_at(self.source, message, opening.start, end.end),))

    def named(self, token: Token, *, absolute: bool, start: int) -> Expr:
        if token.text in _CONSTANTS and not absolute:
            value, type_ = _CONSTANTS[token.text]
            return Literal(value, type_, token.start, token.end)
        if token.text in _RESERVED:
            hint = word_hint(token.text) or "the word is reserved"
            self.fail(f"unexpected `{token.text}`: {hint}", token)
        if self.accept("("):
            arguments, end = self.arguments()
            return Call(token.text, None, arguments, token.start, start, end)
        following = self.token
        operand = following.kind in (TokenKind.NAME, TokenKind.STRING, TokenKind.INT)
        if operand and token.text.lower() == "not":
            self.fail(f"unexpected `{token.text}`: use `!`", token)
        return Name(token.text, absolute, start, token.end)

    def literal(self, token: Token) -> Literal:
        shown = f"`{token.text}`"
        if token.kind is TokenKind.INT:
            self.integer(token, _INT_MAXIMUM, shown, "an int")
        if token.kind is TokenKind.UINT:
            self.integer(token, _UINT_MAXIMUM, shown, "a uint")
        return Literal(token.value, _LITERAL_TYPES[token.kind], token.start, token.end)

    def integer(self, token: Token, greatest: int, shown: str, what: str) -> int:
        """The value of a token that is a whole number of at most this size."""
        if not isinstance(token.value, int) or token.value > greatest:
            self.fail(f"{shown} is out of the range of {what}", token)
        return token.value

    def arguments(self) -> tuple[tuple[Expr, ...], int]:
        """Expressions up to the closing parenthesis, and where that ends."""
        items: list[Expr] = []
        while not self.at(")"):
            items.append(self.expression())
            if not self.accept(","):
                break
            if self.at(")"):
                self.unexpected("expected an argument after `,`")
        return tuple(items), self.expect(")", "or `,` here").end

    def list_literal(self, opening: Token) -> Expr:
        items: list[Expr] = []
        optional: list[int] = []
        while not self.at("]"):
            if self.accept("?"):
                optional.append(len(items))
            items.append(self.expression())
            if not self.accept(","):
                break
        end = self.expect("]", "or `,` here").end
        return ListLiteral(tuple(items), opening.start, end, tuple(optional))

    def map_literal(self, opening: Token) -> Expr:
        entries: list[tuple[Expr, Expr]] = []
        optional: list[int] = []
        while not self.at("}"):
            if self.accept("?"):
                optional.append(len(entries))
            key = self.expression()
            if self.at("}"):
                why = "a map is written `{key: value}`, and a name without braces"
                self.fail(f"unexpected `}}`: {why}", self.token)
            self.expect(":", "after the key")
            entries.append((key, self.expression()))
            if not self.accept(","):
                break
        end = self.expect("}", "or `,` here").end
        return MapLiteral(tuple(entries), opening.start, end, tuple(optional))


_LITERAL_TYPES: Final = {
    TokenKind.INT: INT,
    TokenKind.UINT: UINT,
    TokenKind.DOUBLE: DOUBLE,
    TokenKind.STRING: STRING,
    TokenKind.BYTES: BYTES,
}


def _combine(operator: Token, left: Expr, right: Expr) -> Call:
    name = f"_{operator.text}_"
    arguments: tuple[Expr, ...] = (left, right)
    if operator.text in ("&&", "||") and isinstance(left, Call) and left.function == name:
        # A parenthesised chain on the left is flattened too: both operators are associative.
        arguments = (*left.arguments, right)
    return Call(name, None, arguments, operator.start, left.start, right.end)
