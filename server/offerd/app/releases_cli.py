"""The commands that bring definitions to life: publish, activate, canary, rollback, history."""

from __future__ import annotations

import getpass
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from offerd.admission import format_instant
from offerd.bundle import check_bundle, write_bundle
from offerd.errors import ReleaseError
from offerd.releases import Action, Entry, Published, Releases, Standing

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_SHOWN_REVISION = 12
_FILE_WIDTH = 160
_PERCENTAGE = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?%", re.ASCII)
_ACTIONS = {
    Action.PUBLISH: "published",
    Action.ACTIVATE: "activated",
    Action.ROLLBACK: "rolled back to",
    Action.CANARY: "canary",
    Action.END_CANARY: "canary ended",
}


def add_release_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    for command in (publish_command, activate_command, canary_command, rollback_command):
        group.add_command(command)
    group.add_command(history_command)


def _releases_option(function: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option(
        "--releases",
        required=True,
        type=click.Path(path_type=Path, file_okay=False),
        help="The directory of releases; made if it isn't there.",
    )
    return option(function)


def _note_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--note", default="", help="Why, for the history.")(function)


@click.command("publish")
@click.argument("folders", nargs=-1, type=_FOLDER)
@click.option("--bundle", type=_FILE, help="A compiled bundle, instead of folders to compile.")
@click.option("--activate", is_flag=True, help="Let it decide at once.")
@_note_option
@_releases_option
def publish_command(
    folders: tuple[Path, ...], *, bundle: Path | None, activate: bool, note: str, releases: Path
) -> None:
    """Compile folders of definitions, or take a bundle, and add it to the releases.

    Nothing is decided by it before it is activated. The same definitions have the same revision:
    publishing them again changes nothing, but mends a bundle that was lost or damaged.
    """
    if bool(folders) is (bundle is not None):
        raise click.UsageError("give either folders of definitions or --bundle")
    store = Releases(releases)
    write = _writer_of(folders) if bundle is None else _copier_of(bundle)
    published = store.publish(write, time.time_ns(), by=_user(), note=note)
    click.echo(f"{_what_happened(published)} {published.revision}")
    if activate:
        standing = store.activate(published.revision, time.time_ns(), by=_user(), note=note)
        click.echo(_told(standing))


def _what_happened(published: Published) -> str:
    if published.is_mended:
        return "mended the bundle, lost or damaged, of"
    return "published" if published.is_new else "is published already:"


def _writer_of(folders: tuple[Path, ...]) -> Callable[[Path], str]:
    from offerd.definitions import load

    loaded = load(folders)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    return lambda path: write_bundle(loaded.catalogue, path).revision


def _copier_of(bundle: Path) -> Callable[[Path], str]:
    def copy(path: Path) -> str:
        path.write_bytes(bundle.read_bytes())
        return check_bundle(path).revision

    return copy


@click.command("activate")
@click.argument("revision")
@_note_option
@_releases_option
def activate_command(revision: str, *, note: str, releases: Path) -> None:
    """Let a published REVISION (or the beginning of one) decide, and end a canary."""
    store = Releases(releases)
    found = store.published(revision)
    click.echo(_told(store.activate(found, time.time_ns(), by=_user(), note=note)))


@click.command("canary")
@click.argument("revision", required=False)
@click.argument("share", required=False)
@click.option("--end", is_flag=True, help="Let the active revision decide for everybody again.")
@_note_option
@_releases_option
def canary_command(
    revision: str | None, share: str | None, *, end: bool, note: str, releases: Path
) -> None:
    """Let a published REVISION decide for a SHARE of all profiles, such as 5%.

    Whoever is in it stays in it while the share grows. `--end` ends it; `activate` makes it the
    revision of all.
    """
    store = Releases(releases)
    now_ns = time.time_ns()
    if end:
        if revision is not None:
            raise click.UsageError("--end takes no revision")
        click.echo(_told(store.end_canary(now_ns, by=_user(), note=note)))
        return
    if revision is None or share is None:
        raise click.UsageError("give a revision and a share such as 5%, or --end")
    found, parsed = store.published(revision), parse_share(share)
    click.echo(_told(store.start_canary(found, parsed, now_ns, by=_user(), note=note)))


@click.command("rollback")
@_note_option
@_releases_option
def rollback_command(*, note: str, releases: Path) -> None:
    """Let the revision decide that was active before, and end a canary."""
    click.echo(_told(Releases(releases).roll_back(time.time_ns(), by=_user(), note=note)))


@click.command("history")
@click.option("--json", "as_json", is_flag=True, help="Print each entry as a JSON object.")
@_releases_option
def history_command(*, as_json: bool, releases: Path) -> None:
    """List what was done with the releases, the latest first."""
    store = Releases(releases)
    entries = store.history()
    if as_json:
        import msgspec

        for entry in reversed(entries):
            click.echo(msgspec.json.encode(entry).decode())
        return
    if not entries:
        raise ReleaseError(f"`{releases}` has no releases yet: `offerd publish` makes the first")
    table = Table("when", "what", "revision", "by", "note", box=box.SIMPLE)
    for entry in reversed(entries):
        table.add_row(*_row(entry))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_WIDTH)
    console.print(table)
    click.echo(_told(store.standing()))


def _row(entry: Entry) -> tuple[str, ...]:
    what = _ACTIONS[entry.action]
    if entry.action is Action.CANARY:
        what += f" {percentage(entry.share)}"
    when = format_instant(entry.time_ns // 10**9 * 10**9)
    return (when, what, entry.revision[:_SHOWN_REVISION], entry.by, entry.note)


def _told(standing: Standing) -> str:
    told = f"active: {standing.active or 'none'}"
    if standing.canary is not None:
        told += f", canary: {standing.canary.revision} for {percentage(standing.canary.share)}"
    return told


def parse_share(text: str) -> int:
    """Returns a percentage such as `5%` or `0.25%` in ten-thousandths; raises BadParameter."""
    found = _PERCENTAGE.fullmatch(text)
    if found is not None:
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    raise click.BadParameter(f"`{text}` is no percentage such as 5% or 0.25%")


def percentage(share: int) -> str:
    """Returns a share in ten-thousandths as a percentage."""
    return f"{share / 100:g}%"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""  # a container may run as a number that has no name
