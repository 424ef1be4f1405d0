"""The commands for people who write rules: eval, fmt, rules cost, rules sql."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn, TextIO

import click

from offerd import expression as ex
from offerd.errors import DataError

_FILE_WIDTH = 160
"""How wide tables are that are not for a terminal, in characters."""
_SCHEMA = click.Path(path_type=Path, exists=True)


def add_rule_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    for command in (eval_command, fmt_command, rules_group):
        group.add_command(command)


@click.command("eval")
@click.argument("expression", required=False)
@click.option("--record", help="The data: JSON text, or a file that holds it.")
@click.option(
    "--schema", type=_SCHEMA, help="Definitions or a bundle that declare names and audiences."
)
@click.option("--explain", is_flag=True, help="Say why, and what would have to change.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option(
    "--jsonl",
    type=click.File(encoding="utf-8"),
    help='Evaluate lines of {"id", "expr", "bindings", "type_env"} instead; `-` reads them here.',
)
def eval_command(
    *,
    expression: str | None,
    record: str | None,
    schema: Path | None,
    explain: bool,
    as_json: bool,
    jsonl: TextIO | None,
) -> None:
    """Try a rule out: print what EXPRESSION comes to for a record.

    Without --schema the names and types are those of the record. `now` is the present unless the
    record has it.
    """
    from offerd.app.rules_eval import evaluate, evaluate_lines, outcome_text, print_story

    if (expression is None) == (jsonl is None):
        raise click.UsageError("give either an expression or --jsonl")
    if jsonl is not None:
        for line in evaluate_lines(jsonl):
            click.echo(line)
        return
    source = expression or ""
    try:
        found = evaluate(source, record, schema)
    except ex.ExpressionError as error:
        _refuse(source, error)
    if as_json:
        told = {"outcome": outcome_text(found), "type": str(found.type)}
        audiences = {name: why.as_json() for name, why in found.audiences.items()}
        told_all = {**told, **found.narration.as_json(), "audiences": audiences}
        click.echo(json.dumps(told_all, ensure_ascii=False))
        return
    click.echo(outcome_text(found))
    if explain:
        from rich.console import Console

        print_story(found, Console(highlight=False, soft_wrap=True))


def _refuse(source: str, error: ex.ExpressionError) -> NoReturn:
    for issue in error.issues:
        click.echo(ex.render_issue(source, issue), err=True)
    sys.exit(1)


@click.command("fmt")
@click.argument("paths", nargs=-1, required=True, type=_SCHEMA)
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if there is something.")
def fmt_command(*, paths: tuple[Path, ...], check: bool) -> None:
    """Write the expressions in definitions the one way they should be written.

    Nothing else in the files changes, and no expression changes its meaning. What can't be
    written anew (an expression with a comment, one in CSV) is left as it is, with a note.
    """
    from offerd.app.rules_format import format_definitions

    formatted = format_definitions(paths, write=not check)
    for note in formatted.notes:
        click.echo(str(note), err=True)
    for name in formatted.changed:
        click.echo(f"{'would format' if check else 'formatted'} {name}")
    count = len(formatted.changed)
    files = f"{count} file{'' if count == 1 else 's'} {'to format' if check else 'formatted'}"
    click.echo(f"{formatted.expressions} expressions, {files}")
    if formatted.has_mistakes or (check and formatted.changed):
        sys.exit(1)


@click.group("rules")
def rules_group() -> None:
    """Look at the rules of definitions as a whole."""


@rules_group.command("cost")
@click.argument("path", type=_SCHEMA)
@click.option("--top", default=20, show_default=True, help="How many of the dearest to show.")
@click.option("--records", default=64, show_default=True, help="How many records to make up.")
@click.option("--seed", default=1, show_default=True, help="Which records to make up.")
def cost_command(*, path: Path, top: int, records: int, seed: int) -> None:
    """Measure every distinct rule of definitions or a bundle, and list the dearest.

    The records are made up from the declared schema, so figures compare rules with each other;
    they are no forecast for real customers. Audiences that a rule asks for are not counted in.
    """
    from rich.console import Console

    from offerd.app.rules_cost import measure, table_of
    from offerd.app.rules_schema import read_catalogue

    if top < 1 or records < 1:
        raise DataError("`--top` and `--records` must be at least 1")
    measured = measure(read_catalogue(path), records=records, seed=seed)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_FILE_WIDTH)
    console.print(table_of(measured, top))


@rules_group.command("sql")
@click.argument("path", type=_SCHEMA)
@click.argument("audiences", nargs=-1)
@click.option("--dialect", default="duckdb", show_default=True, help="Any that sqlglot writes.")
@click.option("--table", default="profiles", show_default=True, help="The table of profiles.")
@click.option("--condition", "only_condition", is_flag=True, help="Print what WHERE takes, alone.")
@click.option(
    "--times",
    type=click.Choice(["nanoseconds", "microseconds", "native"]),
    default="nanoseconds",
    show_default=True,
    help="What columns of timestamps hold.",
)
@click.option("--nested", is_flag=True, help="Attributes are parts of structs, not columns.")
@click.option(
    "--now", "now_text", help="The moment that `now` is, as in RFC 3339; else it is a column."
)
def sql_command(
    *,
    path: Path,
    audiences: tuple[str, ...],
    dialect: str,
    table: str,
    only_condition: bool,
    times: str,
    nested: bool,
    now_text: str | None,
) -> None:
    """Print audiences of definitions or a bundle as SQL that counts their members.

    AUDIENCES are ids; without any, all are printed. What the dialect can't say with the same
    answer is refused by name, with the reason; then the exit status is 1.
    """
    from offerd.app.rules_schema import read_catalogue
    from offerd.app.rules_sql import Layout, audiences_in_sql

    layout = Layout(dialect, table, times, nested, _moment(now_text))
    refused = 0
    catalogue = read_catalogue(path)
    for said in audiences_in_sql(catalogue, audiences, layout, only_condition=only_condition):
        if said.refusal:
            refused += 1
            click.echo(f"audience `{said.id}` can't be said in {dialect}: {said.refusal}", err=True)
            continue
        name = "" if said.name == said.id else f": {' '.join(said.name.split())}"
        click.echo(f"-- {said.id}{name}\n{said.sql}{'' if only_condition else ';'}")
    if refused:
        sys.exit(1)


def _moment(text: str | None) -> int | None:
    from offerd.expression.functions.instants import parse_timestamp
    from offerd.expression.values import EvaluationError

    try:
        return None if text is None else parse_timestamp(text)
    except EvaluationError as error:
        raise DataError(f"`--now`: {error}") from None
