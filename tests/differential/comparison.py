"""Random rules and rows, put to the service's evaluator and to cel-cpp."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from differential.cel_cpp import CelCpp, CelCppRule, NotCompiled, message, variables
from differential.quirks import explanation
from offerd.dialects import DialectError
from offerd.dialects.checked_expr import to_any
from offerd.expression import DYN, Checking, Environment, Type, compile_expression, plan
from offerd.expression.check.tree import Node, Operation, children
from offerd.expression.values import boxer
from property.test_expression_agreement import RECORDS, UNLIMITED, boxed, with_moment
from unit.dialects.dialect_rules import COLUMNS, Rules
from unit.dialects.dialect_rules import ENVIRONMENT as DIALECT_ENVIRONMENT
from unit.dialects.warehouse import CHECKED_AUDIENCES, checked_rule, python_answer
from unit.expression.naive import evaluate as evaluate_naively
from unit.expression.random_expressions import CONFUSED, ENVIRONMENT, Expressions

ROWS: Final = 40
"""How many rows each rule is tried on."""

CUT_EXAMPLE: Final = "'12'.substring(1, 2) == '2'"
"""For cel-cpp this index is beyond the end; exported rules that may ask so are left out."""
_HOUR: Final = 3600 * 10**9


class Difference(Exception):
    """Two answers to one question; the message has the rule, the row and both."""


@dataclass(slots=True)
class Tally:
    """What became of the rules and evaluations of a run."""

    evaluations: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """One rule on one row: what each side says, and what the naive evaluator would."""

    source: str
    row: dict[str, Any]
    ours: bool | None
    theirs: bool | None
    naive: Callable[[], bool | None] | None


def compare(questions: Iterator[Question | None], evaluations: int) -> Tally:
    """Goes through questions until there were enough; None is a rule that one side refuses.

    Raises Difference at the first that is not explained.
    """
    tally = Tally()
    for question in questions:
        if question is None:
            tally.refused += 1
            continue
        tally.evaluations += 1
        if question.ours is not question.theirs:
            naive = question.naive
            answers = (question.ours, question.theirs)
            reason = explanation(question.source, naive, *answers) if naive else ""
            if not reason:
                raise Difference(
                    f"{question.source}\n  row: {question.row}\n"
                    f"  here: {question.ours}, cel-cpp: {question.theirs}"
                )
            tally.explained[reason] += 1
        if tally.evaluations >= evaluations:
            break
    return tally


def _truth(found: Any) -> bool | None:
    """True, false, or None for unknown and failed."""
    return found if isinstance(found, bool) else None


def _naively(source: str, roots: dict[str, Any]) -> bool | None:
    return _truth(evaluate_naively(source, roots, RECORDS))


def from_text(
    cpp: CelCpp, seed: int, *, extended: bool, confused: bool
) -> Iterator[Question | None]:
    """Rules as text, which each side parses and checks by itself."""
    expressions = Expressions(seed, extended=extended)
    environment: Environment = CONFUSED if confused else ENVIRONMENT
    checking = Checking.OPEN if confused else Checking.CEL
    while True:
        source = expressions.source()
        try:
            theirs: CelCppRule = cpp.compile(source)
        except NotCompiled:
            yield None
            continue
        checked = compile_expression(
            source, environment, expected=None, checking=checking, limits=UNLIMITED
        )
        rule = plan(checked, environment)
        for _ in range(ROWS):
            row = expressions.confused_row() if confused else expressions.row()
            roots = with_moment(row) if confused else boxed(row)
            yield Question(
                source,
                row,
                _truth(rule.evaluate(*(row[name] for name in environment.roots))),
                theirs.evaluate(variables(roots)),
                lambda source=source, roots=roots: _naively(source, roots),
            )


def exported(cpp: CelCpp, seed: int) -> Iterator[Question | None]:
    """Rules as CheckedExpr, which cel-cpp only evaluates."""
    rules = Rules(seed)
    while True:
        source = rules.source()
        checked = checked_rule(source)
        if _cuts(checked.tree):
            yield None
            continue
        try:
            theirs = cpp.load(to_any(checked, audiences=CHECKED_AUDIENCES))
        except DialectError:
            yield None
            continue
        rule = plan(checked, DIALECT_ENVIRONMENT)
        for _ in range(ROWS):
            row = _nearer(rules.row())
            found = theirs.evaluate(_flat(row))
            yield Question(source, row, python_answer(rule, row), found, None)


def _cuts(node: Node) -> bool:
    """Whether a part of a text up to an index is asked for: see CUT_EXAMPLE."""
    if isinstance(node, Operation) and node.function == "substring" and len(node.arguments) == 3:
        return True
    return any(map(_cuts, children(node)))


def _nearer(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its farthest moments an hour nearer to 1970.

    They are the longest duration apart, which is where cel-cpp counts seconds first (see quirks);
    these rules have no naive evaluator that could tell.
    """

    def moved(value: Any) -> Any:
        if type(value) is int and abs(abs(value) - 2**62) < 10**9:
            return value - _HOUR if value > 0 else value + _HOUR
        return value

    return {
        root: {path: moved(value) for path, value in part.items()}
        if isinstance(part, dict)
        else moved(part)
        for root, part in row.items()
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row as an exported rule reads it: a record is one map from dotted paths."""
    made: dict[str, Any] = {}
    for (root, path), type_ in COLUMNS.items():
        if not path:
            made[root] = message(_boxed(type_, row[root]))
            continue
        record = made.setdefault(root, {})
        if path in row[root]:
            record[path] = message(_boxed(type_, row[root][path]))
    return made


def _boxed(type_: Type, value: Any) -> Any:
    box = boxer(type_, DYN)
    return value if box is None else box(value)


KINDS: Final[dict[str, Callable[[CelCpp, int], Iterator[Question | None]]]] = {
    "declared": lambda cpp, seed: from_text(cpp, seed, extended=False, confused=False),
    "extensions": lambda cpp, seed: from_text(cpp, seed, extended=True, confused=False),
    "undeclared": lambda cpp, seed: from_text(cpp, seed, extended=True, confused=True),
    "exported": exported,
}
"""What is compared: rules on declared attributes, with extensions too, on values of any type
where nothing is declared, and exported as CheckedExpr."""
