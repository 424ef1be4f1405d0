"""An expression that needs no default comes to a value, whatever data it meets.

`OFFERD_EXPRESSIONS` sets how many expressions are tried, `OFFERD_SEED` with which seed to begin.
"""

from __future__ import annotations

import math
import os
import random
from typing import Any

from offerd.content.certainty import doubt
from offerd.expression import (
    DOUBLE,
    Checking,
    ExpressionError,
    Failure,
    Limits,
    Unknown,
    compile_expression,
    plan,
)
from unit.expression.random_expressions import ENVIRONMENT, PROFILE, Expressions

EXPRESSIONS = int(os.environ.get("OFFERD_EXPRESSIONS", "800"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))
ROWS = 10
UNLIMITED = Limits(nodes=20_000, cost=10**15)


def _finite(value: Any) -> Any:
    """Data as the service takes it: 2.0 instead of what is no number."""
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return 2.0 if isinstance(value, float) and not math.isfinite(value) else value


def test_no_default_is_needed_only_where_there_is_always_a_value() -> None:
    """Expressions without a doubt are never unknown and never fail, and there are many such."""
    certain = 0
    for seed in range(FIRST_SEED, FIRST_SEED + EXPRESSIONS):
        choose = random.Random(seed)
        expressions = Expressions(seed, extended=seed % 2 == 0)
        given = set(choose.sample(sorted(PROFILE), choose.randint(0, len(PROFILE))))
        source = expressions.source()
        if seed % 3 == 0:
            path = choose.choice(sorted(PROFILE))
            source = f"has(profile.{path}) ? [{source}] : []"
            given.discard(path)
        try:
            checked = compile_expression(
                source, ENVIRONMENT, expected=None, checking=Checking.CEL, limits=UNLIMITED
            )
        except ExpressionError:
            continue
        if doubt(checked, {f"profile.{path}" for path in given}) is not None:
            continue
        certain += 1
        rule = plan(checked, ENVIRONMENT)
        for _ in range(ROWS):
            roots = expressions.row()
            roots["profile"].update(
                {path: expressions.datum(PROFILE[path]) for path in given - roots["profile"].keys()}
            )
            if DOUBLE in (checked.type, *checked.type.parameters):
                roots["profile"] = {k: _finite(v) for k, v in roots["profile"].items()}
            value = rule.evaluate(*(roots[name] for name in ENVIRONMENT.roots))
            assert not isinstance(value, Unknown | Failure), (seed, source, roots, value)
            assert value == _finite(value), (seed, source, roots, value)
    assert certain >= EXPRESSIONS // 20, certain
