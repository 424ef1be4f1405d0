"""The golden tables beside this file, and what the language says now.

python tests/unit/expression/golden_tables.py writes the tables anew with what is said now, for a
change of wording that was meant: read the difference aloud before it stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from offerd.expression import (
    BOOL,
    DOUBLE,
    ExpressionError,
    Type,
    compile_expression,
    render_issue,
)
from unit.expression.declared import ENVIRONMENT
from unit.expression.narrated import SHOP, told

FOLDER = Path(__file__).parent / "golden"
ENVIRONMENTS = {"customer": ENVIRONMENT, "shop": SHOP}
EXPECTED: dict[str, Type | None] = {"bool": BOOL, "double": DOUBLE, "any": None}


def table(name: str) -> list[dict[str, Any]]:
    """The cases of a table."""
    cases: list[dict[str, Any]] = yaml.safe_load(_path(name).read_text(encoding="utf-8"))
    return cases


def _path(name: str) -> Path:
    return FOLDER / f"{name}.yaml"


def explained(case: dict[str, Any]) -> dict[str, Any]:
    """What is told of an explanation."""
    narration = told(case["rule"], case["data"], tuple(case.get("hidden", ())))
    return {
        "line": narration.line,
        "sentence": narration.sentence,
        "changes": [change.text for change in narration.changes],
    }


def refused(case: dict[str, Any]) -> dict[str, Any]:
    """What is told of a rule with mistakes, as a screen shows it; "" if there are none."""
    source = case["rule"]
    try:
        compile_expression(
            source,
            ENVIRONMENTS[case["environment"]],
            expected=EXPECTED[case.get("expected", "bool")],
        )
    except ExpressionError as error:
        return {"told": "".join(f"{render_issue(source, issue)}\n" for issue in error.issues)}
    return {"told": ""}


class _Block(str):
    """Text to write as a block."""


def _write(name: str, said: Any) -> None:
    text = _path(name).read_text(encoding="utf-8")
    heading = "".join(line for line in text.splitlines(True) if line.startswith("#"))
    yaml.SafeDumper.add_representer(
        _Block, lambda dumper, t: dumper.represent_scalar("tag:yaml.org,2002:str", str(t), "|")
    )
    entries = []
    for case in table(name):
        new = {**case, **said(case)}
        if "told" in new:
            new["told"] = _Block(new["told"])
        entries.append(yaml.safe_dump([new], sort_keys=False, allow_unicode=True, width=98))
    _path(name).write_text("\n".join([heading, *entries]), encoding="utf-8")


if __name__ == "__main__":
    _write("explanations", explained)
    _write("messages", refused)
