"""The commands that take things over from elsewhere: import, import pql."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from offerd.bundle import open_bundle
from offerd.dialects.error import DialectError
from offerd.errors import DataError
from offerd.events import FoldPlan
from offerd.store import State
from offerd.store.bounds import MAXIMUM_EVENT_BYTES, MAXIMUM_EVENTS

_FILE = click.Path(path_type=Path)
_FOUND_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


class _ImportGroup(click.Group):
    """Takes `import MAPPING` for `import data MAPPING`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named or not args else ["data", *args])


def add_import_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    group.add_command(import_group)


@click.group("import", cls=_ImportGroup)
def import_group() -> None:
    """Load data, or take over audiences from PQL.

    `offerd import MAPPING` is short for `offerd import data MAPPING`.
    """


# The prefix is the one that `offerd import` alone has.
@import_group.command("data", context_settings={"auto_envvar_prefix": "OFFERD_IMPORT"})
@click.argument("mapping", type=_FILE)
@click.option(
    "--bundle", required=True, type=_FILE, help="The bundle whose schema the data must fit."
)
@click.option(
    "--state",
    required=True,
    type=_FILE,
    help="The folder to load into; no server may have it open.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Take everything, not only the mapping's default slice.",
)
@click.option(
    "--max-errors", default=0, show_default=True, help="How many bad rows to skip before stopping."
)
def data_command(
    *, mapping: Path, bundle: Path, state: Path, everything: bool, max_errors: int
) -> None:
    """Load profiles and events from CSV, JSON Lines or Parquet files, as a mapping says."""
    from offerd.imports import run_import, shown_on

    opened = open_bundle(bundle, None)
    fold = FoldPlan.build(opened.catalogue, opened.event_filters, opened.places)
    try:
        with State.open(state, fold) as store, shown_on(sys.stderr) as progress:
            report = run_import(
                mapping,
                store,
                opened.catalogue,
                now_ns=time.time_ns(),
                everything=everything,
                max_errors=max_errors,
                progress=progress,
            )
    finally:
        opened.close()
    for row in report.bad_rows:
        click.echo(f"left out: {row}", err=True)
    if report.deleted:
        click.echo(f"left out: {report.deleted:,} events of customers deleted since", err=True)
    if report.full:
        click.echo(
            f"left out: {report.full:,} events of profiles that are full, which hold "
            f"{MAXIMUM_EVENTS:,} events or {MAXIMUM_EVENT_BYTES // 2**20} MiB of them",
            err=True,
        )
    click.echo(
        f"{state}: {report.profiles:,} profiles, {report.events:,} events, "
        f"{report.repeated:,} events already there, {report.clashing:,} clashing, "
        f"{len(report.bad_rows):,} bad rows"
    )


@import_group.command("pql")
@click.argument("files", nargs=-1, type=_FOUND_FILE)
@click.option(
    "--definitions",
    required=True,
    multiple=True,
    type=_FOLDER,
    help="A folder of definitions that declare what the segments read; repeatable.",
)
@click.option("--expression", help="Translate this PQL alone, and print the rule.")
@click.option("--names", type=_FOUND_FILE, help="A YAML file of what names in PQL are called here.")
@click.option("--out", type=_FILE, help="The file to write instead of printing the audiences.")
def pql_command(
    *,
    files: tuple[Path, ...],
    definitions: tuple[Path, ...],
    expression: str | None,
    names: Path | None,
    out: Path | None,
) -> None:
    """Translate segments in PQL into audience definitions.

    FILES are lists of segments, each with `id` and `pql`, and `name` and `description` if it has
    them, in YAML, JSON or JSON Lines. What can't be said here with just the same meaning is
    refused, with its place and the reason; then the exit status is 1.
    """
    from offerd.app.pql_import import read_names, translate_files, translate_one
    from offerd.definitions import load

    if (expression is None) == (not files):
        raise click.UsageError("give either files or --expression")
    if expression is not None and out is not None:
        raise click.UsageError("--expression prints the rule: --out is for files")
    catalogue = load(definitions).catalogue
    known = read_names(names)
    if expression is not None:
        try:
            found = translate_one(expression, catalogue, known)
        except DialectError as error:
            click.echo(error.rendered(), err=True)
            sys.exit(1)
        for note in found.notes:
            click.echo(f"note: {note}", err=True)
        click.echo(found.expression)
        return
    imported = translate_files(files, catalogue, known)
    _write(imported.text, out)
    for problem in imported.refused:
        click.echo(str(problem), err=True)
    kept, left = len(imported.audiences), imported.segments - len(imported.audiences)
    click.echo(
        f"{kept} audience{'' if kept == 1 else 's'}{f' in {out}' if out else ''}, {left} refused",
        err=True,
    )
    if imported.refused:
        sys.exit(1)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise DataError(f"`{out}` can't be written: {reason}") from None
