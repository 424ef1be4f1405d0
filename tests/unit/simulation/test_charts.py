"""Charts leave the process as they found it."""

from __future__ import annotations

import sys

from offerd.simulation.charts import bars


def test_no_finder_of_another_age_stays() -> None:
    """Every finder of imports is one that Python knows how to ask, or it warns at each import."""
    assert bars(["a"], {"shown": [1]}, name="one")
    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)
