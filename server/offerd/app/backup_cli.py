"""The command that copies a state while it is served."""

from __future__ import annotations

from pathlib import Path

import click

from offerd.store import back_up

_FOLDER = click.Path(path_type=Path, file_okay=False)


def add_backup_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    group.add_command(backup_command)


@click.command("backup")
@click.argument("state", type=_FOLDER)
@click.argument("out", type=_FOLDER)
def backup_command(state: Path, out: Path) -> None:
    """Copy a state into a new folder, while a server may have it open.

    The copy is the state at one moment, with all that was acknowledged before. It can be served
    as it is. What exists is never replaced.
    """
    done = back_up(state, out)
    click.echo(
        f"{out}: {done.profiles:,} profiles, {done.events:,} events, "
        f"{done.size_bytes:,} bytes of {done.copied_bytes:,}"
    )
