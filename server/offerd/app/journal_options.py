"""What `offerd serve` is told about the journal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import click

from offerd.app.releases_cli import parse_share
from offerd.model.shares import WHOLE
from offerd.store import JournalMode, JournalSettings, Retention

DAY_NS: Final = 86_400 * 10**9
_SIZE: Final = re.compile(r"([1-9][0-9]{0,14})(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?", re.ASCII)
_UNITS: Final = {
    None: 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip

_OPTIONS = (
    click.option(
        "--journal",
        type=click.Choice([mode.value for mode in JournalMode]),
        default=JournalMode.BEHIND.value,
        show_default=True,
        help="Keep decisions to replay them: soon after the answer, or with an answer that waits.",
    ),
    click.option(
        "--journal-reasons",
        default="0%",
        show_default=True,
        metavar="SHARE",
        help="Keep every candidate's reason for a share of decisions, such as 1%.",
    ),
    click.option(
        "--journal-days",
        type=click.IntRange(0, 36_500),
        default=30,
        show_default=True,
        help="Remove entries after so many days; 0 never.",
    ),
    click.option(
        "--journal-bytes",
        default="10GB",
        show_default=True,
        metavar="SIZE",
        help="Remove the oldest entries beyond this size, such as 500MB; 0 never.",
    ),
)


def journal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options, which come as `journal`, `journal_reasons`, `_days` and `_bytes`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def journal_settings(
    *, journal: str, journal_reasons: str, journal_days: int, journal_bytes: str
) -> JournalSettings:
    """Returns what the options say; raises BadParameter."""
    retention = Retention(
        journal_days * DAY_NS if journal_days else None,
        None if journal_bytes == "0" else parse_size(journal_bytes, "--journal-bytes"),
    )
    return JournalSettings(JournalMode(journal), _parse_reasons(journal_reasons), retention)


def _parse_reasons(text: str) -> int:
    share = parse_share(text)
    if share > WHOLE:
        raise click.BadParameter(f"`{text}` is more than 100%", param_hint="--journal-reasons")
    return share


def parse_size(text: str, option: str) -> int:
    """Returns a size such as `500MB` or `2GiB` in bytes; raises BadParameter."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"`{text}` is no size such as 500MB or 2GiB", param_hint=option)
    return int(found[1]) * _UNITS[found[2]]
