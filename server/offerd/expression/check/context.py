"""What the parts of the checker share: declarations, scopes, issues, choice of overloads."""

from __future__ import annotations

import abc
import enum
from collections.abc import Iterable, Sequence
from typing import Final

from offerd.expression.check.constancy import lint_comparison
from offerd.expression.check.constants import constant_hint, to_blame
from offerd.expression.check.declarations import Environment
from offerd.expression.check.failing import lint_failing
from offerd.expression.check.folding import fold
from offerd.expression.check.formats import lint_format
from offerd.expression.check.lints import Meanings, condition_hint, lint_condition, lint_values
from offerd.expression.check.nearest import suggestion
from offerd.expression.check.resolve import at_run_time, coerce, resolve
from offerd.expression.check.tree import Constant, Local, Node, Operation, Stop
from offerd.expression.check.types import BOOL, DYN, ERROR, NEVER
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.issues import Issue, issue_at
from offerd.expression.limits import Limits
from offerd.expression.syntax import ast
from offerd.expression.values import EvaluationError

_MOST_HINTS: Final = 20


class Checking(enum.Enum):
    """How much is refused.

    RULE refuses what is wrong or surely not meant. CEL refuses only what the language's type rules
    refuse. OPEN refuses nothing but syntax: mistakes become failures at run time.
    """

    RULE = "rule"
    CEL = "cel"
    OPEN = "open"


class Context(abc.ABC):
    """The state of checking one expression, and what every part of the checker does with it."""

    def __init__(
        self, source: str, environment: Environment, checking: Checking, limits: Limits
    ) -> None:
        self.source = source
        self.environment = environment
        self.checking = checking
        self.limits = limits
        self.issues: dict[tuple[int, str], Issue] = {}
        self.locals: list[tuple[str, Local]] = []
        self.meanings: list[Node | None] = []
        """Of each of the locals what it goes through, or stands for; see lints.Meanings."""
        self.loops = 0
        self.beside: tuple[Node, frozenset[int]] | None = None
        """What a comparison is with, and the lone names (by id) that are on the other side."""

    @property
    def is_open(self) -> bool:
        """Whether mistakes become failures at run time."""
        return self.checking is Checking.OPEN

    @property
    def is_rule(self) -> bool:
        """Whether what is surely not meant is refused too."""
        return self.checking is Checking.RULE

    def nearest(self, name: str, candidates: Iterable[str], prefix: str = "") -> str:
        """ ": did you mean `x`?", or "" when none is near or so many mistakes were told already."""
        return suggestion(name, candidates, prefix) if len(self.issues) < _MOST_HINTS else ""

    def report(self, message: str, start: int, end: int) -> None:
        """Notes a mistake about source[start:end]."""
        self.issues.setdefault((start, message), issue_at(self.source, message, start, end))

    def reject(self, message: str, start: int, end: int) -> Node:
        """A mistake, and the node that stands for the part that has it."""
        if self.is_open:
            return Stop(message, DYN, start, end)
        self.report(message, start, end)
        return Constant(None, ERROR, start, end)

    @abc.abstractmethod
    def check(self, expr: ast.Expr) -> Node:
        """The checked form of a part."""

    def operation(self, name: str, arguments: Sequence[Node], start: int, end: int) -> Node | None:
        """A function of the table on checked arguments; None when no overload fits."""
        if any(argument.type is ERROR for argument in arguments):
            return Constant(None, ERROR, start, end)
        operation = resolve(FUNCTIONS[name], arguments, start, end)
        if operation is None:
            return at_run_time(name, arguments, DYN, start, end) if self.is_open else None
        if self.is_rule:
            lint_values(operation, Meanings(self.environment, self.meanings), self.report)
            lint_failing(operation, self.report)
            lint_comparison(operation, self.source, self.report)
            lint_format(operation, self.report)
        return self._folded(operation)

    def _folded(self, operation: Operation) -> Node:
        try:
            return fold(operation)
        except EvaluationError as error:
            if self.is_rule:
                blamed = to_blame(operation)
                message = f"{error}{constant_hint(operation)}"
                return self.reject(message, blamed.start, blamed.end)
            return operation

    def condition(self, node: Node, where: str) -> Node:
        """A node that must be a bool."""
        if node.type is BOOL:
            if self.is_rule:
                lint_condition(node, where, self.report)
            return node
        if node.type in (DYN, ERROR, NEVER):
            return node
        if self.is_open:
            return coerce(node, DYN)
        message = f"{where} must be true or false: found `{node.type}`"
        return self.reject(f"{message}{condition_hint(node, self.source)}", node.start, node.end)
