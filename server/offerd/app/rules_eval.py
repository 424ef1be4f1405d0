"""`offerd eval`: an expression and a record, its result and why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from offerd import expression as ex
from offerd.app.rules_record import World, inferred_world, read_record
from offerd.app.rules_schema import catalogue_world, read_catalogue
from offerd.errors import DataError
from offerd.expression.evaluation import RequestError, evaluate_json
from offerd.expression.narrate import Narration, narrate
from offerd.expression.narration.parts import told_name
from offerd.expression.narration.values import json_value
from offerd.model.catalogue import Catalogue


class Evaluated(NamedTuple):
    """What an expression came to, and the whole story.

    `audiences` tells of the rules of those audiences that decided, by their ids.
    """

    type: ex.Type
    outcome: Any
    narration: Narration
    audiences: dict[str, Narration]


def evaluate(source: str, record: str | None, schema: Path | None) -> Evaluated:
    """Evaluates an expression for a record.

    `record` is JSON text or the name of a file, `schema` a folder of definitions or a bundle.
    Raises ExpressionError for mistakes in the expression, OfferdError for others.
    """
    given = read_record(record)
    now_ns = time.time_ns()
    if schema is None:
        return _evaluated(source, inferred_world(source, given, now_ns), None)
    catalogue = read_catalogue(schema)
    return _evaluated(source, catalogue_world(catalogue, given, now_ns, source), catalogue)


def _evaluated(source: str, world: World, catalogue: Catalogue | None) -> Evaluated:
    audiences = () if catalogue is None else catalogue.audiences
    titles = {f'audience("{audience.id}")': audience.name for audience in audiences}
    checked = ex.compile_expression(source, world.environment, expected=None)
    outcome = ex.plan(checked, world.environment).evaluate(*world.roots)
    narration = narrate(ex.explain(checked, world.environment, world.roots), titles=titles)
    found = Evaluated(checked.type, outcome, narration, {})
    if catalogue is not None:
        _follow(narration, catalogue, world, titles, found.audiences)
    return found


def _follow(
    narration: Narration,
    catalogue: Catalogue,
    world: World,
    titles: Mapping[str, str],
    followed: dict[str, Narration],
) -> None:
    """Adds the audiences that decided a narration, and those that decided these."""
    names = {name for told in narration.decided for name in told.names}
    for audience in catalogue.audiences:
        if audience.rule is None or audience.id in followed:
            continue
        if f'audience("{audience.id}")' in names:
            checked = ex.decode(catalogue.rules[audience.rule].tree)
            explanation = ex.explain(checked, world.environment, world.roots)
            followed[audience.id] = narrate(explanation, titles=titles)
            _follow(followed[audience.id], catalogue, world, titles, followed)


def outcome_text(found: Evaluated) -> str:
    """The result as a line: JSON for a value."""
    if isinstance(found.outcome, ex.Unknown):
        names = ", ".join(f"`{told_name(name)}`" for name in found.outcome.names)
        return f"unknown: no value for {names}"
    if isinstance(found.outcome, ex.Failure):
        place = found.outcome.position
        return f"failed at {place.line}:{place.column}: {found.outcome.message}"
    return json.dumps(json_value(found.outcome, found.type), ensure_ascii=False)


def print_story(found: Evaluated, console: Console) -> None:
    """The sentence, what would have to change, and the tree with the value of every part."""
    narration = found.narration
    console.print(Text(narration.sentence))
    for change in narration.changes:
        console.print(Text(f"- {change.text}"))
    for audience, why in found.audiences.items():
        console.print(Text(f"Audience `{audience}`: {why.sentence}"))
        for change in why.changes:
            console.print(Text(f"- {change.text}"))
    tree = Tree(_label(narration.data))
    _grow(tree, narration.data)
    console.print(tree)


def _grow(tree: Tree, part: Mapping[str, Any]) -> None:
    for inner in part.get("parts", ()):
        _grow(tree.add(_label(inner)), inner)


def _label(part: Mapping[str, Any]) -> Text:
    text = Text(part["text"])
    return text.append(f"  {_outcome(part)}", style="bold" if "value" in part else "dim")


def _outcome(part: Mapping[str, Any]) -> str:
    if not part["evaluated"]:
        return "not needed"
    if "unknown" in part:
        return "unknown"
    if "failure" in part:
        return f"failed: {part['failure']['message']}"
    return json.dumps(part["value"], ensure_ascii=False)


def evaluate_lines(lines: Iterable[str]) -> Iterator[str]:
    """The result of each line of JSON, as a line of JSON; blank lines are passed over.

    DataError, naming the line, for one that is no request.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"line {number} is not valid JSON: {str(error).lower()}") from error
        if not isinstance(case, dict):
            raise DataError(f"line {number} must be a JSON object")
        try:
            yield json.dumps(evaluate_json(case))
        except RequestError as error:
            raise DataError(f"line {number}: {error}") from error
