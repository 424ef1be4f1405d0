"""The commands that try definitions on profiles before customers meet them: simulate, diff."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from offerd.app.simulate_options import (
    Asked,
    bundle_of,
    opened,
    shared_options,
    write_file,
)
from offerd.errors import DataError
from offerd.releases import Releases
from offerd.simulation.compare import Side, compare
from offerd.simulation.question import Question
from offerd.simulation.run import Source, simulate

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_PATH = click.Path(path_type=Path, exists=True)

DIFFERENT = 3
"""The exit status of `diff --exit-code` if profiles get something else."""


def add_simulate_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    group.add_command(simulate_command)
    group.add_command(diff_command)


@click.command("simulate")
@click.argument("sources", nargs=-1, required=True, type=_PATH)
@shared_options
@click.option(
    "--show",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="Tell of so many profiles, the first, what each gets.",
)
def simulate_command(*, sources: tuple[Path, ...], show: int, **options: Any) -> None:
    """Decide for a file of profiles and tell who gets what.

    SOURCES are one bundle, or folders of definitions.

    The decision is that of the service. Every profile is decided for by itself: nothing is
    counted, so caps over all customers have their whole room.
    """
    from offerd.app.simulate_tables import print_report

    asked = Asked(**options)
    asked.verify()
    now_ns = asked.now_ns
    with _source(sources) as source, asked.reading() as reading:
        report = simulate(
            source,
            asked.question(source, now_ns),
            asked.admission(source, now_ns),
            reading,
            first_profiles=show,
            hidden_labels=asked.labels,
        )
    print_report(report)
    _write(asked, report, lambda: _page("report_page", report))


@click.command("diff")
@click.argument("old")
@click.argument("new")
@shared_options
@click.option(
    "--releases",
    type=_FOLDER,
    help="OLD and NEW are revisions of this directory of releases, or beginnings of them.",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 50),
    default=5,
    show_default=True,
    help="Explain so many changes of each scope, with one profile each.",
)
@click.option(
    "--exit-code",
    is_flag=True,
    help=f"Exit with status {DIFFERENT} if any profile gets something else, 0 if none does.",
)
def diff_command(
    *,
    old: str,
    new: str,
    releases: Path | None,
    examples: int,
    exit_code: bool,
    **options: Any,
) -> None:
    """Tell what the change from OLD to NEW changes for a file of profiles.

    Each is a bundle or a folder of definitions, or with --releases a published revision.
    """
    from offerd.app.simulate_tables import print_difference

    asked = Asked(**options)
    asked.verify()
    now_ns = asked.now_ns
    with ExitStack() as stack:
        before, after = (stack.enter_context(_named(name, releases)) for name in (old, new))
        questions = _questions(asked, before, after, now_ns)
        sides = [
            Side(source, question, asked.admission(source, now_ns))
            for source, question in zip((before, after), questions, strict=True)
        ]
        reading = stack.enter_context(asked.reading())
        difference = compare(
            sides[0], sides[1], reading, examples=examples, hidden_labels=asked.labels
        )
    print_difference(difference)
    _write(asked, difference, lambda: _page("difference_page", difference))
    if exit_code and difference.changed:
        sys.exit(DIFFERENT)


def _questions(asked: Asked, old: Source, new: Source, now_ns: int) -> tuple[Question, Question]:
    """What is asked of both: the scopes asked for, or of all those that both have."""
    before, after = asked.question(old, now_ns), asked.question(new, now_ns)
    if asked.scopes or asked.decision is not None:
        return before, after
    here, there = ({query.name for query in question.scopes} for question in (before, after))
    both = [query.name for query in after.scopes if query.name in here & there]
    if not both:
        raise DataError(f"{old.name} and {new.name} have no scope in common")
    return _only(before, both), _only(after, both)


def _only(question: Question, names: list[str]) -> Question:
    alone = {request[0].name: request for request in question.requests}
    return question._replace(requests=tuple(alone[name] for name in names))


@contextmanager
def _source(paths: tuple[Path, ...]) -> Iterator[Source]:
    name = ", ".join(str(path) for path in paths)
    with bundle_of(paths) as found:
        yield Source(name, found)


@contextmanager
def _named(name: str, releases: Path | None) -> Iterator[Source]:
    if releases is not None:
        store = Releases(releases)
        revision = store.published(name)
        with opened(store.bundle_path(revision)) as found:
            yield Source(f"revision {revision[:12]}", found)
        return
    path = Path(name)
    if not path.exists():
        raise DataError(f"`{name}` is no bundle and no folder of definitions: it isn't there")
    with _source((path,)) as source:
        yield source


def _page(function: str, found: Any) -> str:
    try:
        from offerd.simulation import page
    except ImportError as error:
        raise DataError(
            f"--html needs what `pip install 'offerd[simulate]'` installs: {error.name}"
        ) from error
    return str(getattr(page, function)(found))


def _write(asked: Asked, found: Any, page: Callable[[], str]) -> None:
    if asked.json_file is not None:
        import msgspec

        text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
        write_file(asked.json_file, text + "\n")
        click.echo(f"written: {asked.json_file}", err=True)
    if asked.html is not None:
        write_file(asked.html, page())
        click.echo(f"written: {asked.html}", err=True)
