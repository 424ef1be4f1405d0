"""The command line: compile, check, serve, import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import uvloop
from click.core import ParameterSource

from offerd import __version__
from offerd.app.audience_cli import add_audience_commands
from offerd.app.backup_cli import add_backup_commands
from offerd.app.compile_progress import shown_on
from offerd.app.config import ServeConfig
from offerd.app.experiment_cli import add_experiment_commands
from offerd.app.health import HealthTls, check_health
from offerd.app.import_cli import add_import_commands
from offerd.app.journal_cli import add_journal_commands
from offerd.app.journal_options import journal_options, journal_settings
from offerd.app.load_cli import add_load_commands
from offerd.app.logging import set_up_logging
from offerd.app.places_cli import add_places_commands
from offerd.app.process import serve
from offerd.app.releases_cli import add_release_commands
from offerd.app.rules_cli import add_rule_commands
from offerd.app.simulate_cli import add_simulate_commands
from offerd.app.simulate_options import parse_labels
from offerd.app.workers.supervisor import serve_with_workers
from offerd.app.workers.worker import LogSettings
from offerd.bundle import check_bundle, write_bundle
from offerd.decision.hiding import HIDDEN_LABELS
from offerd.errors import DefinitionsError, OfferdError
from offerd.service.grpc_server import Transport
from offerd_gateway.listen import parse_address, parse_tls

_FILE = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


class _Commands(click.Group):
    """Tells an OfferdError as one line, with exit status 1, instead of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DefinitionsError as error:
            for issue in error.issues:
                click.echo(str(issue), err=True)
            count = len(error.issues)
            undone = "served" if ctx.invoked_subcommand == "serve" else "written"
            click.echo(f"{count} mistake{'' if count == 1 else 's'}, nothing {undone}", err=True)
        except OfferdError as error:
            click.echo(f"error: {error}", err=True)
        sys.exit(1)


@click.group(cls=_Commands, context_settings={"auto_envvar_prefix": "OFFERD"})
@click.version_option(__version__)
def main() -> None:
    """offerd: the best offer for this customer, here, now, and why.

    Every option can be given in the environment too: OFFERD_SERVE_BUNDLE is --bundle of serve.
    """


@main.command("compile")
@click.argument("folders", nargs=-1, required=True, type=_FOLDER)
@click.option("--out", required=True, type=_FILE, help="The bundle to write.")
@click.option("--quiet", is_flag=True, help="Don't tell how far it is.")
def compile_command(folders: tuple[Path, ...], out: Path, quiet: bool) -> None:
    """Compile folders of definitions into one bundle.

    Reports every mistake of all files in one run; then the exit status is 1 and nothing is
    written. How far it is is told on the standard error: with bars on a terminal, otherwise by a
    line every ten seconds.
    """
    from offerd.definitions import load

    with shown_on(sys.stderr, quiet=quiet) as progress:
        loaded = load(folders, progress)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    with shown_on(sys.stderr, quiet=quiet) as progress:
        written = write_bundle(loaded.catalogue, out, progress)
    click.echo(
        f"{out}: revision {written.revision}, {_counts(written.counts)}, "
        f"{written.size_bytes:,} bytes"
    )


@main.command("check")
@click.argument("bundle", type=_FILE)
def check_command(bundle: Path) -> None:
    """Walk all of a bundle and say whether it is whole."""
    checked = check_bundle(bundle)
    click.echo(
        f"{bundle}: whole, revision {checked.revision}, format {checked.format_version}, "
        f"{_counts(checked.counts)}, {checked.size_bytes:,} bytes"
    )


@main.command("serve")
@click.option("--bundle", type=_FILE, help="The bundle to decide from.")
@click.option(
    "--definitions",
    multiple=True,
    type=_FOLDER,
    help="Instead of a bundle: a folder of definitions to compile at start; repeatable.",
)
@click.option(
    "--releases",
    type=click.Path(path_type=Path, file_okay=False),
    help="Instead of a bundle: a directory of releases, whose active one is served.",
)
@click.option(
    "--state", required=True, type=_FILE, help="The folder that keeps profiles and events."
)
@click.option("--grpc", default="127.0.0.1:50051", show_default=True)
@click.option("--http", default="127.0.0.1:8080", show_default=True)
@click.option("--no-http", is_flag=True, help="Serve no JSON over HTTP.")
@click.option("--tls-cert", type=_FILE, help="PEM file of the certificate chain, for both doors.")
@click.option("--tls-key", type=_FILE, help="PEM file of its private key, without a password.")
@click.option(
    "--tls-client-ca", type=_FILE, help="Let in only callers with a certificate of this authority."
)
@click.option(
    "--insecure-listen", is_flag=True, help="Allow addresses beyond loopback without TLS."
)
@click.option(
    "--cors-origin",
    "cors_origins",
    multiple=True,
    help="A web origin that may call, or `*`; repeatable.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Let so many processes answer, and one more write for all of them; 1 does both.",
)
@click.option(
    "--transport",
    type=click.Choice([one.value for one in Transport]),
    default=Transport.AUTO.value,
    show_default=True,
    help="What the gRPC door is served with: auto is native where that is installed and there is "
    "no TLS, and grpcio otherwise.",
)
@click.option(
    "--durability",
    type=click.Choice(["fsync", "relaxed"]),
    default="fsync",
    show_default=True,
    help="relaxed acknowledges what only the operating system has: a kill loses nothing, but a "
    "crash of the machine or a loss of power may lose much of the state, or all of it.",
)
@journal_options
@click.option(
    "--hide-labels",
    default=",".join(HIDDEN_LABELS),
    show_default=True,
    help="Data usage labels of data whose values explanations don't tell.",
)
@click.option(
    "--tombstone-days",
    type=click.IntRange(1, 36_500),
    default=90,
    show_default=True,
    help="How long events and loads from before can't bring back a customer who was deleted.",
)
@click.option(
    "--transition-days",
    type=click.IntRange(1, 36_500),
    default=30,
    show_default=True,
    help="How long it is kept who entered and left audiences, for those who watch later.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
@click.option(
    "--log-format", type=click.Choice(["json", "text"]), default="json", show_default=True
)
@click.pass_context
def serve_command(
    context: click.Context,
    /,
    *,
    bundle: Path | None,
    definitions: tuple[Path, ...],
    releases: Path | None,
    state: Path,
    grpc: str,
    http: str,
    no_http: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    insecure_listen: bool,
    cors_origins: tuple[str, ...],
    workers: int,
    transport: str,
    durability: str,
    hide_labels: str,
    tombstone_days: int,
    transition_days: int,
    log_level: str,
    log_format: str,
    **journal: Any,
) -> None:
    """Serve decisions over gRPC and JSON until SIGTERM."""
    # What is said on the command line stands in for the others of the environment.
    sources = ("bundle", "definitions", "releases")
    if any(_said(context, source) for source in sources):
        bundle = bundle if _said(context, "bundle") else None
        definitions = definitions if _said(context, "definitions") else ()
        releases = releases if _said(context, "releases") else None
    config = ServeConfig(
        bundle=bundle,
        definitions=definitions,
        state=state,
        grpc=parse_address(grpc),
        http=None if no_http else parse_address(http),
        tls=parse_tls(tls_cert, tls_key, tls_client_ca),
        insecure_listen=insecure_listen,
        cors_origins=cors_origins,
        relaxed_durability=durability == "relaxed",
        releases=releases,
        hidden_labels=parse_labels(hide_labels),
        journal=journal_settings(**journal),
        tombstone_days=tombstone_days,
        transition_days=transition_days,
        transport=Transport(transport),
    )
    log = set_up_logging(level=log_level, as_json=log_format == "json")
    if workers == 1:
        uvloop.run(serve(config, log, announce=click.echo))
    else:
        how = LogSettings(log_level, log_format == "json")
        uvloop.run(serve_with_workers(config, workers, how, log, click.echo))


@main.command("health")
@click.argument("address", default="127.0.0.1:50051", envvar="OFFERD_SERVE_GRPC")
@click.option(
    "--tls-ca",
    type=_FILE,
    envvar=["OFFERD_HEALTH_TLS_CA", "OFFERD_SERVE_TLS_CERT"],
    help="Speak TLS, and trust this authority, or this very certificate.",
)
@click.option(
    "--tls-cert",
    type=_FILE,
    envvar=["OFFERD_HEALTH_TLS_CERT", "OFFERD_SERVE_TLS_CERT"],
    help="PEM file of the certificate to show (mutual TLS).",
)
@click.option(
    "--tls-key",
    type=_FILE,
    envvar=["OFFERD_HEALTH_TLS_KEY", "OFFERD_SERVE_TLS_KEY"],
    help="PEM file of its private key.",
)
@click.option("--timeout", "timeout_s", default=2.0, show_default=True, help="Seconds to wait.")
def health_command(
    *,
    address: str,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    timeout_s: float,
) -> None:
    """Ask a service's gRPC door whether it serves; exit status 1 if it doesn't.

    What isn't given is taken from the environment that configures `serve`: OFFERD_SERVE_GRPC,
    and for TLS OFFERD_SERVE_TLS_CERT and OFFERD_SERVE_TLS_KEY.
    """
    asked = parse_address(address).from_here()
    check_health(asked, HealthTls.of(tls_ca, tls_cert, tls_key), timeout_s)
    click.echo(f"{asked} serves")


for add_commands in (
    add_import_commands,
    add_load_commands,
    add_rule_commands,
    add_release_commands,
    add_simulate_commands,
    add_experiment_commands,
    add_journal_commands,
    add_audience_commands,
    add_backup_commands,
    add_places_commands,
):
    add_commands(main)


def _said(context: click.Context, option: str) -> bool:
    return context.get_parameter_source(option) is ParameterSource.COMMANDLINE


def _counts(counts: dict[str, int]) -> str:
    shown = ["offers", "audiences", "placements", "decisions", "scopes"]
    if counts["places"]:
        shown += ["libraries", "places"]
    return ", ".join(f"{counts[name]:,} {name}" for name in shown)
