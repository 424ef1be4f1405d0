"""docs/content.md: every example does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from offerd.model.content import ContentType
from unit.content.templating import Rendering, messages

PAGE = (Path(__file__).parents[3] / "docs" / "content.md").read_text(encoding="utf-8")
EXAMPLES = [
    example
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.S | re.M)
    for example in yaml.safe_load(block)
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(next(iter(example.values()))))
def test_example_is_shown_or_refused_as_the_page_says(example: dict[str, Any]) -> None:
    """An example is filled in to what stands there, or refused with the message that does."""
    kind = next(kind for kind in ContentType if kind.value in example)
    body = example[kind.value]
    if "refused" in example:
        assert [message for _, message in messages(kind, body)] == [example["refused"]]
    else:
        result = Rendering(kind, body).result(example.get("profile", {}))
        assert result.body == example["shown"]


def test_page_has_examples_of_both_kinds() -> None:
    """The page shows what is filled in and what is refused."""
    assert sum("shown" in example for example in EXAMPLES) > 10
    assert sum("refused" in example for example in EXAMPLES) > 5
