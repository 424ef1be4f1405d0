"""An explanation as data that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offerd.expression.check.tree import Constant
from offerd.expression.explain import Explanation
from offerd.expression.narration.parts import Hidden, text_of
from offerd.expression.narration.values import brief_json
from offerd.expression.values import Failure, Unknown


def data_of(part: Explanation, hidden: Hidden, *, is_whole: bool = True) -> dict[str, Any]:
    """A part with its own parts.

    `text` is what is written, on one line; `type`; `evaluated`; and if it was evaluated one of
    `value`, `unknown` (the names of what is missing), `failure` (what went wrong, with line and
    column) or `hidden` (the names of what the caller may not see). Beside `unknown`, `withheld`
    says of names that the rule may not read why it may not. A value of many elements or
    characters is told only in part: then there is `cut`, which is true, and of a list, a map or a
    text `length`. The outcome of the whole, if it is a condition, is never hidden: it is what
    the caller asked for. Whether a part was evaluated is not told, and neither is its outcome,
    if that depends on what is hidden: it has `hidden` and no `evaluated`.
    """
    data: dict[str, Any] = {
        "text": text_of(part),
        "type": str(part.type),
    }
    veil = hidden.veil(part)
    if veil:
        data["hidden"] = list(veil)
    else:
        data["evaluated"] = part.evaluated
    if part.evaluated and not veil:
        is_verdict = is_whole and isinstance(part.outcome, bool)
        data.update(_outcome(part, () if is_verdict else hidden.names(part), hidden.withheld))
    inner = [data_of(child, hidden, is_whole=False) for child in part.parts]
    if inner and not all(isinstance(child.node, Constant) for child in part.parts):
        data["parts"] = inner
    return data


def _outcome(
    part: Explanation, hidden: tuple[str, ...], withheld: Mapping[str, str]
) -> dict[str, Any]:
    outcome = part.outcome
    if isinstance(outcome, Unknown):
        why = {name: withheld[name] for name in outcome.names if name in withheld}
        return {"unknown": list(outcome.names), **({"withheld": why} if why else {})}
    if hidden:
        return {"hidden": list(hidden)}
    if isinstance(outcome, Failure):
        place = outcome.position
        return {"failure": {"message": outcome.message, "line": place.line, "column": place.column}}
    value, cut = brief_json(outcome, part.type)
    if not cut:
        return {"value": value}
    length = {"length": len(outcome)} if isinstance(outcome, str | bytes | list | dict) else {}
    return {"value": value, "cut": True, **length}
