"""What is done with every input of the fuzzers; anything but the promised errors is a fault."""

from __future__ import annotations

import json
from typing import Any

from offerd.expression import (
    Checked,
    Checking,
    DecodeError,
    ExpressionError,
    PlanError,
    compile_expression,
    decode,
    encode,
    explain,
    plan,
    render_issue,
)
from offerd.expression.format import FormatError, bare, format_expression
from offerd.expression.narrate import narrate
from offerd.expression.syntax.parser import parse
from unit.expression.declared import ENVIRONMENT

SECOND = 1_000_000_000
PROFILE: dict[str, Any] = {
    "tier": "gold",
    "loyalty.tier": "plus",
    "age": 34,
    "visits": 3,
    "score": 1.5,
    "vip": True,
    "born": 1_700_000_000 * SECOND,
    "stay": 3600 * SECOND,
    "tags": ["yoga", "b"],
    "scores": [1.0, float("nan")],
    "address": {"street": "Storgatan"},
    "rows": [{"kind": "a"}, {}],
    "extra": [1, "a", None],
}
ROWS = (
    (PROFILE, {"country": "SE"}, 1_760_000_000 * SECOND, {"frequent": True, "lapsed": False}),
    ({}, {}, 0, {}),
)


def exercise(source: str, checking: Checking) -> bool:
    """Reads, checks, stores, runs, explains and formats a text; whether it was accepted."""
    _format(source)
    try:
        checked = compile_expression(source, ENVIRONMENT, expected=None, checking=checking)
    except ExpressionError as error:
        _require_placed(source, error)
        return False
    stored = encode(checked)
    _run(decode(stored), stored)
    return True


def exercise_bytes(data: bytes) -> bool:
    """Reads bytes that claim to be an encoded expression; whether they were accepted."""
    try:
        checked = decode(data)
    except DecodeError:
        return False
    try:
        _run(checked, None)
    except PlanError:
        return False
    return True


def _run(checked: Checked, stored: bytes | None) -> None:
    rule = plan(checked, ENVIRONMENT)
    for row in ROWS:
        outcome = rule.evaluate(*row)
        exact = rule.exact(*row)
        assert repr(outcome) == repr(exact), (checked.source, outcome, exact)
    if stored is not None:
        assert encode(checked) == stored
        narration = narrate(explain(checked, ENVIRONMENT, ROWS[0]))
        json.dumps(narration.as_json(), allow_nan=False)


def _format(source: str) -> None:
    try:
        written = format_expression(source)
    except ExpressionError as error:
        _require_placed(source, error)
    except FormatError:
        pass
    else:
        assert bare(parse(written)) == bare(parse(source)), source
        assert format_expression(written) == written, source


def _require_placed(source: str, error: ExpressionError) -> None:
    lines = source.split("\n")
    assert error.issues, source
    for issue in error.issues:
        assert 1 <= issue.line <= len(lines), (source, issue)
        assert 1 <= issue.column <= len(lines[issue.line - 1]) + 1, (source, issue)
        assert issue.length >= 1, (source, issue)
        assert issue.message in render_issue(source, issue)
