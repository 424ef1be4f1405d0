"""The commands for the journal: what was decided, and what would be by other definitions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import click

from offerd.app.journal_filters import Filters, filter_options
from offerd.app.journal_lines import entry_lines, entry_object, json_line
from offerd.app.replay_cli import replay_command
from offerd.model.event import Event
from offerd.model.journal import EventEntry
from offerd.store import Journalled, JournalReader, ReadOnlyState, Selection

_FOLLOW_S: Final = 0.2


def add_journal_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    group.add_command(journal_command)
    group.add_command(replay_command)


@click.command("journal")
@filter_options
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    help="The latest so many entries; 0 is all.",
)
@click.option("--follow", is_flag=True, help="Go on with what is appended, until interrupted.")
@click.option("--reasons", is_flag=True, help="Tell why each candidate fell, where it was kept.")
@click.option("--json", "as_json", is_flag=True, help="Print each entry as a JSON object.")
def journal_command(
    *, limit: int, follow: bool, reasons: bool, as_json: bool, **given: Any
) -> None:
    """Print what the journal of a state says, the oldest entry first.

    Only reads, beside a server that has the state open.
    """
    filters = Filters(**given)
    with ReadOnlyState(filters.state) as state:
        journal = state.journal

        def show(found: Journalled) -> None:
            event = _event(journal, found)
            if as_json:
                click.echo(json_line(entry_object(found, event)))
            else:
                for line in entry_lines(found, event, reasons=reasons):
                    click.echo(line)

        last = journal.extent().last or 0
        for found in filters.latest(journal, limit or None):
            show(found)
            last = max(last, found.sequence)
        if follow:
            selection = filters.selection(time.time_ns())
            _follow(journal, filters, selection._replace(after=last), show)


def _follow(
    journal: JournalReader,
    filters: Filters,
    selection: Selection,
    show: Callable[[Journalled], None],
) -> None:
    """Shows what is appended after the place of a selection, until the user interrupts."""
    # By place: what is appended later may be of an earlier time.
    profile = selection.profile
    while True:
        after = Selection(selection.after, profile=profile)
        for found in journal.entries(after):
            selection = selection._replace(after=found.sequence)
            if selection._replace(after=0).takes(found) and filters.takes(found):
                show(found)
        time.sleep(_FOLLOW_S)


def _event(journal: JournalReader, found: Journalled) -> Event | None:
    entry = found.entry
    return journal.event(entry.event_id) if isinstance(entry, EventEntry) else None
