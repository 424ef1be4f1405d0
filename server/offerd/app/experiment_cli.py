"""The commands for experiments: a token that puts a request into an arm."""

from __future__ import annotations

import re
import time
from pathlib import Path

import click

from offerd.admission import format_instant
from offerd.bundle import open_bundle
from offerd.errors import ConfigurationError
from offerd.service.tokens import Tokens
from offerd.service.translate.options import missing_arm
from offerd.store import read_secret

_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_S = 366 * 86_400


def add_experiment_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    group.add_command(experiment_group)


@click.group("experiment")
def experiment_group() -> None:
    """Look at the arms of experiments."""


@experiment_group.command("token")
@click.argument("experiment")
@click.argument("arm")
@click.option(
    "--state",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The state of the service that is to take it; a server may have it open.",
)
@click.option(
    "--expires", default="24h", show_default=True, help="How long it works: 90m, 24h, 7d."
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    help="A bundle that must have the experiment and the arm. Absent: nothing is checked.",
)
def token_command(
    *, experiment: str, arm: str, state: Path, expires: str, bundle: Path | None
) -> None:
    """Print a token that puts a request into ARM of EXPERIMENT.

    Send it as `preview_token` of a request to decide, whoever the customer is.
    """
    expires_s = _seconds(expires)
    if bundle is not None:
        _check(bundle, experiment, arm)
    expire_time_ns = time.time_ns() + expires_s * 1_000_000_000
    click.echo(Tokens(read_secret(state)).make_preview({experiment: arm}, expire_time_ns))
    click.echo(f"works until {format_instant(expire_time_ns)}", err=True)


def _seconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNIT_S[match[2]] if match else 0
    if not 1 <= seconds <= _LONGEST_S:
        raise ConfigurationError(
            f"`{text}` is no time to expire in; expected a number with s, m, h or d, "
            f"such as `24h`, and at most 366 days"
        )
    return seconds


def _check(bundle: Path, experiment: str, arm: str) -> None:
    opened = open_bundle(bundle, None)
    try:
        missing = missing_arm({experiment: arm}, opened.catalogue.experiments)
    finally:
        opened.close()
    if missing is not None:
        raise ConfigurationError(f"`{bundle}` has no {missing}")
