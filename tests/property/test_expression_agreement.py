"""The fast form, the exact form and the naive evaluator agree on random expressions and data.

`OFFERD_EXPRESSIONS` sets how many expressions are tried, `OFFERD_SEED` with which seed to begin.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from offerd.expression import (
    DYN,
    TIMESTAMP,
    Checking,
    Environment,
    Failure,
    Limits,
    Timestamp,
    WithheldRecord,
    compile_expression,
    decode,
    encode,
    plan,
)
from offerd.expression.plan.rule import fast_form
from offerd.expression.values import boxer
from unit.expression.naive import evaluate
from unit.expression.random_expressions import CONFUSED, ENVIRONMENT, PROFILE, Expressions

EXPRESSIONS = int(os.environ.get("OFFERD_EXPRESSIONS", "400"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))
ROWS = 10
UNLIMITED = Limits(nodes=20_000, cost=10**15)
RECORDS = {"profile": set(PROFILE), "context": {"city", "hour"}}


def agree(left: Any, right: Any) -> bool:
    """Whether two outcomes are the same; failures need not say the same."""
    if isinstance(left, Failure) or isinstance(right, Failure):
        return isinstance(left, Failure) and isinstance(right, Failure)
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    return type(left) is type(right) and bool(left == right)


def boxed(roots: dict[str, Any]) -> dict[str, Any]:
    """The roots with every value in the form that needs no type."""

    def box(type_: Any, value: Any) -> Any:
        make = boxer(type_, DYN)
        return value if make is None else make(value)

    profile = {path: box(PROFILE[path], value) for path, value in roots["profile"].items()}
    return {**roots, "profile": profile, "now": box(TIMESTAMP, roots["now"])}


def with_moment(roots: dict[str, Any]) -> dict[str, Any]:
    """Roots whose records are boxed already."""
    return {**roots, "now": Timestamp(roots["now"])}


def compare(
    expressions: Expressions,
    environment: Environment,
    checking: Checking,
    rows: Callable[[], dict[str, Any]],
    box: Callable[[dict[str, Any]], dict[str, Any]],
    withheld: Callable[[], list[str]] = list,
) -> None:
    """Makes an expression, and compares what every evaluator says of it on some rows.

    `withheld` says before each which paths of the profile may not be read.
    """
    source = expressions.source()
    checked = compile_expression(
        source, environment, expected=None, checking=checking, limits=UNLIMITED
    )
    stored = encode(checked)
    assert encode(decode(stored, limits=UNLIMITED)) == stored
    rule = plan(checked, environment)
    fast = fast_form(checked, environment)
    for _ in range(ROWS):
        roots, secret = rows(), withheld()
        values = [roots[name] for name in environment.roots]
        if secret:
            place = environment.roots.index("profile")
            values[place] = WithheldRecord(values[place], frozenset(secret))
        exact = rule.exact(*values)
        outcomes = {
            "evaluate": rule.evaluate(*values),
            "naive": evaluate(source, box(roots), RECORDS, [f"profile.{p}" for p in secret]),
        }
        # The fast form may raise anything; then it has no say.
        with suppress(Exception):
            outcomes["fast"] = fast(*values)
        for name, outcome in outcomes.items():
            assert agree(outcome, exact), (name, source, roots, outcome, exact)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 8))
def test_all_forms_agree(seed: int) -> None:
    """For any typed expression, with any attributes missing, all evaluators give one outcome."""
    print("seed", seed)
    expressions = Expressions(seed)
    for _ in range(EXPRESSIONS // 8):
        compare(expressions, ENVIRONMENT, Checking.CEL, expressions.row, boxed)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 8))
def test_all_forms_agree_on_withheld_data(seed: int) -> None:
    """What may not be read is unknown to all of them, and so is whether it is there."""
    print("seed", seed)
    expressions, source = Expressions(seed, extended=True), random.Random(seed)

    def withheld() -> list[str]:
        return source.sample(sorted(PROFILE), source.randrange(1, len(PROFILE)))

    for _ in range(EXPRESSIONS // 8):
        compare(expressions, ENVIRONMENT, Checking.CEL, expressions.row, boxed, withheld)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 8))
def test_all_forms_agree_on_the_extensions(seed: int) -> None:
    """Optionals, bindings, two-variable macros, lists, sets, text and math agree likewise."""
    print("seed", seed)
    expressions = Expressions(seed, extended=True)
    for _ in range(EXPRESSIONS // 8):
        compare(expressions, ENVIRONMENT, Checking.CEL, expressions.row, boxed)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 8))
def test_all_forms_agree_on_confused_data(seed: int) -> None:
    """Where nothing is declared, values of wrong types give one outcome too, mostly failures."""
    print("seed", seed)
    expressions = Expressions(seed, extended=True)
    for _ in range(EXPRESSIONS // 8):
        compare(expressions, CONFUSED, Checking.OPEN, expressions.confused_row, with_moment)
