"""The command that decides a journal again, by any revision, and tells what differs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from offerd.app.journal_filters import Filters, filter_options
from offerd.app.journal_lines import json_line
from offerd.app.models import installed_models
from offerd.app.replay_tables import (
    Replayed,
    decision_object,
    print_decision,
    print_summary,
    summary_object,
)
from offerd.app.simulate_options import parse_labels
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.decision.hiding import HIDDEN_LABELS, hidden_names
from offerd.errors import BundleError
from offerd.events import FoldPlan
from offerd.model.catalogue import Offer
from offerd.model.decision import DecisionContext
from offerd.model.journal import DecisionEntry, GapEntry
from offerd.model.profile import ProfileView
from offerd.releases import Releases
from offerd.replay import Definitions, Replay, Unreplayable
from offerd.store import JournalReader, ReadOnlyState

DIFFERENT = 3
"""The exit status of `replay --exit-code` if anything comes out otherwise."""

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command("replay")
@filter_options
@click.option("--bundle", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--definitions", multiple=True, type=_FOLDER, help="A folder to compile; repeatable.")
@click.option("--releases", type=_FOLDER, help="A directory of releases, with --revision.")
@click.option("--revision", help="A published revision of --releases, or the beginning of one.")
@click.option("--limit", type=click.IntRange(1), help="The latest so many decisions. Default: all.")
@click.option(
    "--show",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Tell of so many decisions that differ, the first, what differs and why.",
)
@click.option("--show-same", is_flag=True, help="Tell of decisions that don't differ too.")
@click.option(
    "--hide-labels",
    default=",".join(HIDDEN_LABELS),
    show_default=True,
    metavar="LABELS",
    help="Tell no values of data so labelled, only its names; empty hides nothing.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON objects: each decision that differs."
)
@click.option(
    "--exit-code",
    is_flag=True,
    help=f"Exit with status {DIFFERENT} if anything differs or can't be replayed, 0 if not.",
)
def replay_command(
    *,
    bundle: Path | None,
    definitions: tuple[Path, ...],
    releases: Path | None,
    revision: str | None,
    limit: int | None,
    show: int,
    show_same: bool,
    hide_labels: str,
    as_json: bool,
    exit_code: bool,
    **given: Any,
) -> None:
    """Decide a journal again and tell which answers differ, and why.

    Only reads, beside a server that has the state open. By the revision that decided nothing
    differs; by another, what its definitions change.
    """
    filters = Filters(**given)
    labels = parse_labels(hide_labels)
    _verify(bundle, definitions, releases, revision)
    with (
        _source(bundle, definitions, releases, revision) as (found, absent),
        ReadOnlyState(filters.state) as state,
    ):
        replay = Replay(
            Definitions(
                found.prepared,
                found.revision,
                FoldPlan.build(found.catalogue, found.event_filters).defaults,
                absent,
                hidden_names(found.prepared, found.event_filters, labels),
            )
        )
        told = 0
        for one in _replayed(filters, state.journal, limit, replay):
            if not one.differences and not show_same:
                continue
            told += 1
            if as_json:
                click.echo(json_line(decision_object(one, replay.definitions)))
            elif told <= show:
                print_decision(one, replay.definitions)
    if as_json:
        click.echo(json_line({"summary": summary_object(replay)}))
    else:
        print_summary(replay, untold=max(0, told - show))
    if exit_code and (replay.differing_decisions or replay.unreplayable):
        sys.exit(DIFFERENT)


def _replayed(
    filters: Filters, journal: JournalReader, limit: int | None, replay: Replay
) -> Iterator[Replayed]:
    """Yields the decisions that can be replayed, the oldest first."""
    for sequence, entry in filters.latest(journal, limit, (DecisionEntry, GapEntry)):
        if isinstance(entry, GapEntry):
            replay.missing += entry.decisions
        elif isinstance(entry, DecisionEntry):
            view = journal.view(entry.view)
            result = replay.replay(entry, view)
            if view is not None and not isinstance(result, Unreplayable):
                yield Replayed(sequence, entry, view, result)


def _verify(
    bundle: Path | None, definitions: tuple[Path, ...], releases: Path | None, revision: str | None
) -> None:
    if (releases is None) != (revision is None):
        raise click.UsageError("--releases and --revision go together")
    if [bundle is not None, bool(definitions), releases is not None].count(True) != 1:
        raise click.UsageError("give one of --bundle, --definitions, or --releases and --revision")


@contextmanager
def _source(
    bundle: Path | None, definitions: Sequence[Path], releases: Path | None, revision: str | None
) -> Iterator[tuple[Bundle, frozenset[str]]]:
    """Yields a bundle, and the models that it asks for and that aren't installed."""
    with tempfile.TemporaryDirectory(prefix="offerd-") as folder:
        path = bundle
        if path is None and releases is not None and revision is not None:
            store = Releases(releases)
            path = store.bundle_path(store.published(revision))
        if path is None:
            from offerd.definitions import load

            path = Path(folder) / "bundle"
            write_bundle(load(definitions).catalogue, path)
        opened, absent = _opened(path)
        try:
            yield opened, absent
        finally:
            opened.close()


def _opened(path: Path) -> tuple[Bundle, frozenset[str]]:
    bundle = open_bundle(path, None)
    asked = {ranking.model for ranking in bundle.catalogue.rankings if ranking.model}
    if not asked:
        return bundle, frozenset()
    bundle.close()
    installed = installed_models()
    absent = frozenset(asked - installed.keys())
    return open_bundle(path, {**installed, **dict.fromkeys(absent, _Absent())}), absent


class _Absent:
    """Stands for a model that isn't installed; what needs it isn't replayed."""

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> Sequence[float]:
        raise BundleError("the model isn't installed")
