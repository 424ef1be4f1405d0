"""A rule in SQL gives the same answer for every row as the rule in Python, on random data.

`OFFERD_SQL_RULES` sets how many rules are tried, `OFFERD_SEED` with which seed to begin; a rule is
tried on ROWS rows. The documented run is of more than 300,000 evaluations: OFFERD_SQL_RULES=7800.
"""

from __future__ import annotations

import os

import pytest

from offerd.dialects import DialectError
from offerd.dialects.sql import to_expression
from offerd.expression import plan
from unit.dialects.dialect_rules import ENVIRONMENT, Rules
from unit.dialects.warehouse import CHECKED_AUDIENCES, Warehouse, checked_rule, python_answer

RULES = int(os.environ.get("OFFERD_SQL_RULES", "160"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))
ROWS = 40
SEEDS = 4


@pytest.mark.parametrize("optionals", [False, True], ids=["plain", "optionals"])
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_sql_answers_like_python(seed: int, optionals: bool) -> None:
    """For any rule and any rows: true, false, and NULL for unknown or failed, as in Python."""
    rules = Rules(seed, optionals=optionals)
    rows = [rules.row() for _ in range(ROWS)]
    warehouse = Warehouse(rows)
    refused: list[str] = []
    for _ in range(RULES // (2 * SEEDS)):
        source = rules.source()
        checked = checked_rule(source)
        try:
            condition = to_expression(checked, audiences=CHECKED_AUDIENCES).sql("duckdb")
        except DialectError as problem:
            refused.append(str(problem))
            continue
        rule = plan(checked, ENVIRONMENT)
        for row, answer in zip(rows, warehouse.answers(condition), strict=True):
            assert answer is python_answer(rule, row), (seed, source, row, answer)
    assert all("whose type only the data decides" in reason for reason in refused), refused
    assert len(refused) * 4 < RULES // (2 * SEEDS), "of a few rules nobody knows the types"
