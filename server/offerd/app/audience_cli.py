"""The commands that ask about audiences: how many are in one, and why somebody is."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
import grpc

from offerd.admission import InvalidInstant, format_instant, parse_instant
from offerd.app.audience_asking import Asking, Estimate
from offerd.app.health import HealthTls, open_channel
from offerd.app.journal_lines import json_line
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.model.profile import ProfileKey
from offerd.store import ReadOnlyState
from offerd_gateway.listen import parse_address

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_PEM = click.Path(path_type=Path)
_NO = 3
"""The exit status of `audience why` for who isn't in it."""


def add_audience_commands(group: click.Group) -> None:
    """Adds the commands of this module to a command line."""
    group.add_command(audience_group)


@click.group("audience")
def audience_group() -> None:
    """Ask how many are in an audience, and why somebody is or isn't."""


_DEFINITIONS = click.argument("definitions", nargs=-1, type=_FOLDER)
_BUNDLE = click.option("--bundle", type=_FILE, help="A bundle instead of folders of definitions.")
_STATE = click.option(
    "--state", type=_FOLDER, help="The folder of the state; a server may have it open."
)
_ADDRESS = click.option("--address", help="The gRPC door of a running service, instead of a state.")
_TLS_CA = click.option(
    "--tls-ca", type=_PEM, help="Speak TLS to --address, and trust this authority or certificate."
)
_TLS_CERT = click.option(
    "--tls-cert", type=_PEM, help="PEM file of the certificate to show (mutual TLS)."
)
_TLS_KEY = click.option("--tls-key", type=_PEM, help="PEM file of its private key.")
_TIMEOUT = click.option(
    "--timeout", "timeout_s", default=10.0, show_default=True, help="To connect, seconds."
)
_AT = click.option("--at", metavar="WHEN", help="As of this instant (RFC 3339). Default: now.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@audience_group.command("estimate")
@_DEFINITIONS
@_BUNDLE
@_STATE
@_ADDRESS
@_TLS_CA
@_TLS_CERT
@_TLS_KEY
@_TIMEOUT
@click.option("--audience", metavar="ID", help="The audience.")
@click.option("--rule", metavar="RULE", help="A rule instead of an audience, as if it were one.")
@_AT
@click.option(
    "--sample",
    type=click.IntRange(0, 1_000),
    default=10,
    show_default=True,
    help="Tell so many of those who are in it.",
)
@_JSON
def estimate_command(
    *,
    definitions: tuple[Path, ...],
    bundle: Path | None,
    state: Path | None,
    address: str | None,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    timeout_s: float,
    audience: str | None,
    rule: str | None,
    at: str | None,
    sample: int,
    as_json: bool,
) -> None:
    """Count who is in an audience, over all customers that are stored, and tell some of them.

    Works out the rule for each of them, by the definitions that are given, whatever those of the
    server are; only reads. With --address it tells what the service tracks.
    """
    if (audience is None) == (rule is None):
        raise click.UsageError("give one of --audience and --rule")
    if address is not None:
        if audience is None or definitions or bundle or state or at:
            raise click.UsageError(
                "--address takes --audience, and nothing but --sample, --json and how to connect"
            )
        with _channel(address, _Connect(tls_ca, tls_cert, tls_key, timeout_s)) as channel:
            tracked = _tracked(channel, audience, sample)
        _print(tracked, audience, as_json=as_json)
        return
    _require_address(tls_ca, tls_cert, tls_key)
    with _asking(definitions, bundle, state) as asking:
        found = asking.estimate(audience, rule, _instant(at), sample)
    _print(found, audience or "the rule", as_json=as_json)


@audience_group.command("why")
@click.argument("profile", metavar="NS:ID")
@click.argument("audience")
@_DEFINITIONS
@_BUNDLE
@_STATE
@_ADDRESS
@_TLS_CA
@_TLS_CERT
@_TLS_KEY
@_TIMEOUT
@_AT
@_JSON
def why_command(
    *,
    profile: str,
    audience: str,
    definitions: tuple[Path, ...],
    bundle: Path | None,
    state: Path | None,
    address: str | None,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    timeout_s: float,
    at: str | None,
    as_json: bool,
) -> None:
    """Tell whether and why a customer is in an audience, and until when that is certain.

    A person is told of with all that is linked to them, a device by itself. The exit status is 0
    for who is in it, and 3 for who isn't.
    """
    namespace, colon, identity = profile.partition(":")
    if not colon or not identity:
        raise click.BadParameter(f"`{profile}` is no NS:ID", param_hint="NS:ID")
    key = ProfileKey(namespace, identity)
    if address is not None:
        if definitions or bundle or state or at:
            raise click.UsageError("--address takes nothing but --json and how to connect")
        with _channel(address, _Connect(tls_ca, tls_cert, tls_key, timeout_s)) as channel:
            told = _explained(channel, key, audience)
    else:
        _require_address(tls_ca, tls_cert, tls_key)
        with _asking(definitions, bundle, state) as asking:
            told = asking.why(key, audience, _instant(at))
    if as_json:
        click.echo(json_line(told))
    else:
        words = {"true": "yes", "false": "no"}.get(str(told["result"]), "not known")
        click.echo(f"{words}: {told['reason']}")
        if told["since"]:
            click.echo(f"since {told['since']}")
        if told["until"]:
            exactly = "until" if told["until_exact"] else "certain until"
            click.echo(f"{exactly} {told['until']} if nothing happens")
    if told["result"] != "true":
        sys.exit(_NO)


def _print(found: Estimate, name: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json_line(found.data()))
        return
    of_all = f" of {found.customers:,} customers" if found.customers is not None else ""
    click.echo(f"{name}: {found.members:,}{of_all}{found.share}")
    if found.unknown:
        click.echo(f"  not known of {found.unknown:,}")
    for key in found.sample:
        click.echo(f"  {key.namespace}:{key.id}")


@contextmanager
def _asking(
    definitions: Sequence[Path], bundle: Path | None, state: Path | None
) -> Iterator[Asking]:
    if state is None:
        raise click.UsageError("give --state, or --address of a running service")
    if bool(definitions) == (bundle is not None):
        raise click.UsageError("give folders of definitions, or --bundle")
    with _opened(definitions, bundle) as found, ReadOnlyState(state) as stored:
        yield Asking(found, stored)


@contextmanager
def _opened(definitions: Sequence[Path], bundle: Path | None) -> Iterator[Bundle]:
    with tempfile.TemporaryDirectory(prefix="offerd-") as folder:
        path = bundle
        if path is None:
            from offerd.definitions import load

            path = Path(folder) / "bundle"
            write_bundle(load(definitions).catalogue, path)
        opened = open_bundle(path, None)
        try:
            yield opened
        finally:
            opened.close()


def _instant(text: str | None) -> int:
    if text is None:
        return time.time_ns()
    try:
        return parse_instant(text)
    except InvalidInstant as error:
        raise click.BadParameter(str(error), param_hint="--at") from error


class _Connect(NamedTuple):
    """How to connect to a service; without an authority as plain text."""

    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    timeout_s: float


def _require_address(*tls_files: Path | None) -> None:
    if any(file is not None for file in tls_files):
        raise click.UsageError("--tls-ca, --tls-cert and --tls-key go with --address")


@contextmanager
def _channel(address: str, how: _Connect) -> Iterator[grpc.Channel]:
    asked = parse_address(address).from_here()
    tls = HealthTls.of(how.tls_ca, how.tls_cert, how.tls_key)
    with open_channel(asked, tls, how.timeout_s) as channel:
        yield channel


def _tracked(channel: grpc.Channel, audience: str, sample: int) -> Estimate:
    from offerd_client.audiences import tracked_members

    found = tracked_members(channel, audience, sample)
    return Estimate(found.members, None, 0, [ProfileKey(*one) for one in found.sample])


def _explained(channel: grpc.Channel, key: ProfileKey, audience: str) -> dict[str, object]:
    from offerd_client.audiences import explain

    told = explain(channel, key.namespace, key.id, audience)
    return {
        "result": told.result,
        "reason": told.reason,
        "since": None if told.since_ns is None else format_instant(told.since_ns),
        "until": None if told.until_ns is None else format_instant(told.until_ns),
        "until_exact": told.until_exact,
    }
