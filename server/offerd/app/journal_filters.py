"""Which entries of a journal a command is about."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click

from offerd.admission import InvalidInstant, parse_instant
from offerd.model.journal import DecisionEntry, EventEntry, GapEntry, TransitionEntry
from offerd.model.profile import ProfileKey
from offerd.store import Journalled, JournalReader, Selection

_AGO: Final = re.compile(r"([1-9][0-9]{0,6})(s|m|h|d)", re.ASCII)
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

EVERY_KIND: Final = (DecisionEntry, EventEntry, GapEntry, TransitionEntry)

_OPTIONS = (
    click.option(
        "--state",
        required=True,
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="The folder of the state; a server may have it open.",
    ),
    click.option(
        "--since", metavar="WHEN", help="From this instant (RFC 3339) on, or so long ago: 90m, 7d."
    ),
    click.option("--until", metavar="WHEN", help="Up to this instant, itself not included."),
    click.option("--profile", metavar="NS:ID", help="Only of this profile, as it is stored."),
    click.option("--request-id", metavar="ID", help="Only the decisions of this request."),
)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that `Filters` has."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Filters:
    """The options, as they are given."""

    state: Path
    since: str | None
    until: str | None
    profile: str | None
    request_id: str | None

    def selection(self, now_ns: int) -> Selection:
        """Returns what to read; raises BadParameter."""
        since_ns = _instant(self.since, "--since", now_ns)
        until_ns = _instant(self.until, "--until", now_ns)
        return Selection(0, since_ns, until_ns, _profile(self.profile))

    def takes(self, found: Journalled) -> bool:
        """Whether an entry is of the request asked for."""
        entry = found.entry
        if self.request_id is None:
            return True
        return isinstance(entry, DecisionEntry) and entry.request_id == self.request_id

    def latest(
        self, journal: JournalReader, limit: int | None, kinds: tuple[type, ...] = EVERY_KIND
    ) -> Iterator[Journalled]:
        """Yields the entries of some kinds, or so many of the latest, the oldest first."""
        selection = self.selection(time.time_ns())
        entries = journal.entries(selection, latest_first=limit is not None)
        found = (one for one in entries if isinstance(one.entry, kinds) and self.takes(one))
        return found if limit is None else reversed(list(islice(found, limit)))


def _instant(text: str | None, option: str, now_ns: int) -> int | None:
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now_ns - int(ago[1]) * _UNIT_S[ago[2]] * 10**9
    try:
        return parse_instant(text)
    except InvalidInstant as error:
        raise click.BadParameter(f"`{text}`: {error}, or `2h`", param_hint=option) from error


def _profile(text: str | None) -> ProfileKey | None:
    if text is None:
        return None
    namespace, colon, identity = text.partition(":")
    if not (namespace and colon and identity):
        raise click.BadParameter(
            f"`{text}`: expected a namespace, a colon and an id", param_hint="--profile"
        )
    return ProfileKey(namespace, identity)
