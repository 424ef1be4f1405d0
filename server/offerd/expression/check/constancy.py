"""Conditions that are the same for everybody: contradictions, and what always holds.

Reported is only what is never true, or never false, whatever the data: what is missing, or not a
number, is neither. So `x < 5.0 || x >= 5.0` is not reported of a double, as NaN is neither.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from offerd.expression.check.ranges import is_sampled, range_of, samples
from offerd.expression.check.tree import (
    Attribute,
    Chain,
    Constant,
    Items,
    Local,
    Node,
    Operation,
    Presence,
    Reference,
    Shape,
    Variable,
    shape,
    unboxed,
)
from offerd.expression.check.types import (
    BOOL,
    DOUBLE,
    DYN,
    ERROR,
    INT,
    NUMERIC,
    SCALARS,
    STRING,
    UINT,
    Type,
)
from offerd.expression.issues import snippet
from offerd.expression.values import quoted

Report = Callable[[str, int, int], None]

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "_==_": operator.eq,
    "_!=_": operator.ne,
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}


class _Test(NamedTuple):
    """A condition on one operand: `holds` says of a value of it whether the condition is met."""

    key: Shape
    operand: Node
    constants: tuple[Any, ...]
    holds: Callable[[Any], bool]
    node: Node
    function: str
    positive: bool

    def meets(self, value: Any) -> bool:
        return self.holds(value) is self.positive


def lint_comparison(operation: Operation, source: str, report: Report) -> None:
    """Reports a comparison of a part with itself, or with what it can never, or must always, be."""
    if operation.function not in _COMPARISONS:
        return
    left, right = operation.arguments
    if type(left) is type(right) and shape(left) == shape(right):
        if not isinstance(left, Constant) and not _is_open(left.type):
            _report_itself(operation, left, report)
        return
    test = _test(operation, True)
    if test.operand.type not in (INT, UINT) or not test.constants:
        return
    values = samples(test.operand, test.constants) or []
    outcomes = set(map(test.meets, values))
    if len(outcomes) == 1:
        why = f"{_text(source, test.operand)} is {range_of(test.operand)}"
        (constant,) = test.constants
        if constant != int(constant) and operation.function in ("_==_", "_!=_"):
            why = f"{_text(source, test.operand)} is a whole number"
        verdict = "always `true`" if outcomes == {True} else "never true"
        report(f"the comparison is {verdict}: {why}", operation.start, operation.end)


def _report_itself(operation: Operation, part: Node, report: Report) -> None:
    function = operation.function
    message = f"both sides of `{function.strip('_')}` are the same"
    if part.type is DOUBLE and function in ("_==_", "_!=_"):
        message += ": to find what is not a number, use `math.isNaN(...)`"
    elif function in ("_<_", "_>_"):
        message += ": it is never true"
    elif part.type in SCALARS and part.type is not DOUBLE:
        message += ": it is never true" if function == "_!=_" else ": it is always true"
    report(message, operation.start, operation.end)


def lint_branches(condition: Node, yes: Node, no: Node, source: str, report: Report) -> None:
    """Reports `c ? true : false`, which is `c`, and two values that are the same."""
    if ERROR in (condition.type, yes.type, no.type) or isinstance(condition, Constant):
        return
    if shape(yes) == shape(no):
        report("both values after `?` are the same", yes.start, no.end)
    elif isinstance(yes, Constant) and isinstance(no, Constant) and yes.type is no.type is BOOL:
        text = _plain(source, condition)
        is_name = isinstance(condition, Attribute | Reference | Presence | Variable | Local)
        instead = text if yes.value else (f"!{text}" if is_name else f"!({text})")
        report(f"the condition says it already: write {quoted(instead)}", condition.start, no.end)


def lint_chain(chain: Chain, source: str, report: Report) -> None:
    """Reports operands of `&&` that exclude each other, and of `||` that leave nothing out."""
    groups: dict[Shape, list[_Test]] = {}
    for node, positive in _leaves(chain, chain.all, True):
        test = _test(node, positive)
        groups.setdefault(test.key, []).append(test)
    for tests in groups.values():
        if len(tests) > 1:
            _lint_group(tests, chain.all, source, report)


def _lint_group(tests: Sequence[_Test], every: bool, source: str, report: Report) -> None:
    constants = [constant for test in tests for constant in test.constants]
    values = samples(tests[0].operand, constants)
    if values is None or any(len(set(map(test.meets, values))) == 1 for test in tests):
        return
    left = values
    for place, test in enumerate(tests):
        left = [value for value in left if test.meets(value) is every]
        if not left:
            before = tests[:place]
            other = next((b for b in before if _conflict(b, test, values, every)), None)
            report(_message(test, other, every, source), test.node.start, test.node.end)
            return


def _conflict(one: _Test, other: _Test, values: Sequence[Any], every: bool) -> bool:
    return not any(one.meets(v) is every and other.meets(v) is every for v in values)


def _message(test: _Test, other: _Test | None, every: bool, source: str) -> str:
    name = _text(source, test.operand)
    if other is None:
        if every:
            return f"the conditions on {name} are never all true"
        return f"one of the conditions on {name} is always true"
    pair = f"{_shown(other, source)} and {_shown(test, source)}"
    if every:
        either = _is_equality(test, "_==_") and _is_equality(other, "_==_")
        hint = ": use `||` if either will do" if either else ""
        return f"{pair} are never both true{hint}"
    hint = ""
    if _is_equality(test, "_!=_") and _is_equality(other, "_!=_"):
        hint = ": use `&&` to exclude both"
    elif isinstance(test.operand, Attribute):
        hint = f": use `has({test.operand.root}.{test.operand.path})` to ask for any value"
    return f"one of {pair} is always true{hint}"


def _is_equality(test: _Test, function: str) -> bool:
    return test.function == function and test.positive


def _leaves(node: Node, every: bool, positive: bool) -> Iterator[tuple[Node, bool]]:
    """The conditions that are and-ed, or or-ed, and whether each is meant as it is or negated."""
    node = unboxed(node)
    if isinstance(node, Operation) and node.function == "!_":
        yield from _leaves(node.arguments[0], every, not positive)
    elif isinstance(node, Chain) and (node.all is every) is positive:
        for operand in node.operands:
            yield from _leaves(operand, every, positive)
    else:
        yield node, positive


def _test(node: Node, positive: bool) -> _Test:
    found = _comparison(node, positive) or _membership(node, positive)
    return found or _Test(shape(node), node, (), bool, node, "", positive)


def _comparison(node: Node, positive: bool) -> _Test | None:
    """A comparison with a constant, on whichever side that is."""
    if not isinstance(node, Operation) or node.function not in _COMPARISONS:
        return None
    compare = _COMPARISONS[node.function]
    left, right = map(unboxed, node.arguments)
    if isinstance(right, Constant):
        operand, constant, holds = left, right, lambda value: compare(value, right.value)
    elif isinstance(left, Constant):
        operand, constant, holds = right, left, lambda value: compare(left.value, value)
    else:
        return None
    ordered = node.function not in ("_==_", "_!=_")
    if not _comparable(operand, constant) or (ordered and operand.type in (STRING, BOOL)):
        return None
    key = shape(operand)
    return _Test(key, operand, (constant.value,), holds, node, node.function, positive)


def _membership(node: Node, positive: bool) -> _Test | None:
    """`x in [...]` with constants only."""
    if not isinstance(node, Operation) or node.function != "_in_":
        return None
    operand, container = map(unboxed, node.arguments)
    if not isinstance(container, Items) or isinstance(operand, Constant):
        return None
    items = [item for item in map(unboxed, container.items) if isinstance(item, Constant)]
    if len(items) != len(container.items) or not all(_comparable(operand, i) for i in items):
        return None
    constants = tuple(item.value for item in items)
    key = shape(operand)
    return _Test(key, operand, constants, lambda v: v in constants, node, "_in_", positive)


def _comparable(operand: Node, constant: Constant) -> bool:
    if not is_sampled(operand.type) or constant.value != constant.value:
        return False
    numbers = operand.type in NUMERIC and constant.type in NUMERIC
    return numbers or operand.type is constant.type


def _shown(test: _Test, source: str) -> str:
    text = _plain(source, test.node)
    if not test.positive:
        text = f"!({text})" if isinstance(test.node, Operation) else f"!{text}"
    return quoted(text)


def _text(source: str, node: Node) -> str:
    return quoted(_plain(source, node))


def _plain(source: str, node: Node) -> str:
    return snippet(source, node.start, node.end)


def _is_open(type_: Type) -> bool:
    return type_ is DYN or any(map(_is_open, type_.parameters))
