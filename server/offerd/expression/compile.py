"""Source text to checked expression: parse, check, and keep within the limits."""

from __future__ import annotations

from offerd.expression.check.checker import Checker
from offerd.expression.check.context import Checking
from offerd.expression.check.declarations import Environment
from offerd.expression.check.lints import lint_condition
from offerd.expression.check.size import count_nodes, type_too_deep, worst_steps
from offerd.expression.check.tree import Checked, Node, collect_references
from offerd.expression.check.types import (
    BOOL,
    DOUBLE,
    ERROR,
    INT,
    MAXIMUM_TYPE_DEPTH,
    UINT,
    Type,
    settle,
)
from offerd.expression.issues import ExpressionError, Issue
from offerd.expression.limits import DEFAULT_LIMITS, Limits
from offerd.expression.syntax.parser import parse


def compile_expression(
    source: str,
    environment: Environment,
    *,
    expected: Type | None = BOOL,
    limits: Limits = DEFAULT_LIMITS,
    checking: Checking = Checking.RULE,
) -> Checked:
    """The checked form of an expression.

    `expected` is the type the whole must have, None for any. Raises ExpressionError with every
    mistake found, in source order.
    """
    expr = parse(source, limits)
    checker = Checker(source, environment, checking, limits)
    tree = checker.check(expr)
    _check_whole(checker, tree, expected)
    if not checker.issues:
        _check_size(checker, tree, limits)
    if checker.issues:
        raise ExpressionError(tuple(sorted(checker.issues.values(), key=_place)))
    return Checked(source, settle(tree.type), collect_references(tree), tree)


_ADVICE = "nest fewer macros, and build and compare less"


def _place(issue: Issue) -> tuple[int, int, str]:
    return (issue.line, issue.column, issue.message)


def _check_whole(checker: Checker, tree: Node, expected: Type | None) -> None:
    if tree.type is ERROR or expected is None:
        return
    if tree.type is not expected:
        numbers = expected is DOUBLE and tree.type in (INT, UINT)
        hint = ": use `double(...)`" if numbers else ""
        wanted = "true or false" if expected is BOOL else f"a `{expected}`"
        message = f"the expression must be {wanted}: found `{settle(tree.type)}`{hint}"
        checker.report(message, tree.start, tree.end)
    elif expected is BOOL and checker.is_rule:
        lint_condition(tree, "the whole expression", checker.report)


def _check_size(checker: Checker, tree: Node, limits: Limits) -> None:
    count = count_nodes(tree)
    if count > limits.nodes:
        message = f"the expression has {count} parts: at most {limits.nodes}"
        checker.report(message, tree.start, tree.end)
        return
    deep = type_too_deep(tree)
    if deep is not None:
        message = (
            f"a value is nested too deep: at most {MAXIMUM_TYPE_DEPTH} lists, maps and optionals"
        )
        checker.report(message, deep.start, deep.end)
    worst = worst_steps(tree, limits)
    if worst > limits.cost:
        message = f"the expression may take {worst} steps: at most {limits.cost}"
        checker.report(f"{message}; {_ADVICE}", tree.start, tree.end)
