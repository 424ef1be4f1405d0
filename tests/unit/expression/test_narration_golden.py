"""The golden table of explanations, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from unit.expression.golden_tables import explained, table

TABLE = table("explanations")


@pytest.mark.parametrize("case", TABLE, ids=[case["it"] for case in TABLE])
def test_an_explanation_reads_as_the_table_says(case: dict[str, Any]) -> None:
    """The line of a log, the sentence for people and the changes are those of the table."""
    assert explained(case) == {name: case[name] for name in ("line", "sentence", "changes")}


def test_the_table_is_large_enough_to_mean_something() -> None:
    """There are at least fifty explanations, all different."""
    assert len({(case["rule"], str(case["data"])) for case in TABLE}) >= 50
