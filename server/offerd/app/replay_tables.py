"""Replays of a journal as text for a terminal and as objects for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from offerd.admission import format_instant
from offerd.app.journal_lines import SHOWN_REVISION, as_object, scope_line
from offerd.model.decision import Stage
from offerd.model.journal import DecisionEntry
from offerd.model.profile import ProfileView
from offerd.replay import (
    Because,
    Definitions,
    Difference,
    Replay,
    explain_difference,
    scope_name,
)

_FILE_WIDTH: Final = 160
_SIDES: Final = {"then": "before", "now": "now"}


class Replayed(NamedTuple):
    """A decision of the journal that was made again."""

    sequence: int
    entry: DecisionEntry
    view: ProfileView
    differences: tuple[Difference, ...]


def print_decision(one: Replayed, definitions: Definitions) -> None:
    """Prints a decision and what differs, with reasons."""
    out = _console()
    entry = one.entry
    who = "nobody" if entry.subject is None else ":".join(entry.subject)
    when = format_instant(entry.time_ns)
    same = "" if one.differences else ": the same"
    _line(out, f"{one.sequence}  {when}  {who}  request {entry.request_id}{same}")
    for difference in one.differences:
        then, now = difference.then, difference.now
        _line(out, f"  before  {scope_line(then)}")
        if now is None:
            gone = f"there is no decision `{then.decision}` at placement `{then.placement}`"
            _line(out, f"  now     {gone}")
            continue
        _line(out, f"  now     {scope_line(now)}")
        for because in explain_difference(entry, one.view, definitions, difference):
            _line(out, f"          {_why(because)}")


def print_summary(replay: Replay, *, untold: int) -> None:
    """Prints what came of it in numbers, and what couldn't be replayed."""
    out = _console()
    revision = replay.definitions.revision[:SHOWN_REVISION]
    table = Table(box=box.SIMPLE_HEAD, title=Text(f"replayed by revision {revision}"))
    table.title_justify = "left"
    table.add_column("scope", overflow="fold")
    for column in ("decisions", "another answer", "scope is gone"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, count in sorted(replay.scopes.items()):
        row = (f"{count:,}", f"{replay.differing[name]:,}", f"{replay.gone[name]:,}")
        table.add_row(Text(name), *row)
    if table.row_count:
        out.print(table)
    for line in _told(replay, untold):
        _line(out, line)


def _told(replay: Replay, untold: int) -> Iterator[str]:
    differing = f"{replay.differing_decisions:,} with another answer"
    yield f"{replay.replayed:,} decisions replayed, {differing}"
    if untold:
        yield f"{untold:,} of them are not shown: --show tells of more"
    for why, count in replay.unreplayable.items():
        models = ""
        if why.name == "MODEL":
            models = f": {', '.join(sorted(replay.definitions.absent_models))}"
        yield f"{count:,} can't be replayed: {why.value}{models}"
    if replay.missing:
        yield f"{replay.missing:,} are not in the journal, which was behind then"
    if replay.of_other_revisions:
        yield (
            f"{replay.of_other_revisions:,} were decided by another revision: aggregates and caps "
            "that it didn't have are as before any event"
        )
    if replay.aggregates:
        yield f"aggregates not known then: {', '.join(sorted(replay.aggregates))}"
    if replay.arms:
        yield f"forced arms that aren't there any more: {', '.join(sorted(replay.arms))}"


def decision_object(one: Replayed, definitions: Definitions) -> dict[str, Any]:
    """Returns a decision with what differs as an object for JSON."""
    entry = one.entry
    return {
        "sequence": one.sequence,
        "time": format_instant(entry.time_ns),
        "profile": None if entry.subject is None else ":".join(entry.subject),
        "request_id": entry.request_id,
        "revision": entry.revision,
        "differences": [
            {
                "scope": scope_name(difference.then.name, difference.then.decision),
                "then": as_object(difference.then),
                "now": None if difference.now is None else as_object(difference.now),
                "because": [
                    {
                        "offer": because.offer,
                        "missing": because.missing,
                        "stage": None if because.stage is None else because.stage.name.lower(),
                        "reason": because.reason,
                    }
                    for because in explain_difference(entry, one.view, definitions, difference)
                ],
            }
            for difference in one.differences
        ],
    }


def summary_object(replay: Replay) -> dict[str, Any]:
    """Returns the numbers as an object for JSON."""
    return {
        "revision": replay.definitions.revision,
        "replayed": replay.replayed,
        "differing": replay.differing_decisions,
        "scopes": {
            name: {
                "decisions": count,
                "differing": replay.differing[name],
                "gone": replay.gone[name],
            }
            for name, count in sorted(replay.scopes.items())
        },
        "unreplayable": {why.name.lower(): n for why, n in replay.unreplayable.items()},
        "absent_models": sorted(replay.definitions.absent_models),
        "missing": replay.missing,
        "of_other_revisions": replay.of_other_revisions,
        "aggregates_not_known": sorted(replay.aggregates),
        "arms_gone": sorted(replay.arms),
    }


def _why(because: Because) -> str:
    side = _SIDES[because.missing]
    if not because.reason and because.stage is None:
        return f"{because.offer}: why not {side} wasn't kept"
    stage = "" if because.stage is None else f"{_stage(because.stage)}: "
    return f"{because.offer}: not {side}: {stage}{because.reason}"


def _stage(stage: Stage) -> str:
    return stage.name.lower()


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=_FILE_WIDTH, highlight=False)


def _line(out: Console, text: str) -> None:
    out.print(Text(text), soft_wrap=True)
