"""The golden table of mistakes, word for word and caret for caret."""

from __future__ import annotations

from typing import Any

import pytest

from unit.expression.golden_tables import refused, table

TABLE = table("messages")


@pytest.mark.parametrize("case", TABLE, ids=[f"{c['environment']}-{c['rule']}" for c in TABLE])
def test_a_mistake_looks_as_the_table_says(case: dict[str, Any]) -> None:
    """Place, message, source line and caret are those of the table."""
    assert refused(case)["told"] == case["told"]


def test_the_table_is_large_enough_to_mean_something() -> None:
    """There are at least a hundred messages, all different."""
    messages = {line for c in TABLE for line in c["told"].splitlines() if line[:1].isdigit()}
    assert len({message.split(": ", 1)[1] for message in messages}) >= 100
