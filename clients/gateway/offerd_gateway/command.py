"""`offerd-gateway`: the HTTP door on its own, in front of a service elsewhere."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import click
import grpc
import grpc.aio

from offerd.errors import ConfigurationError
from offerd_client.settings import CHANNEL_OPTIONS
from offerd_gateway.app import Gateway
from offerd_gateway.backend import Backend, RemoteBackend
from offerd_gateway.listen import Address, check_doors, parse_address, parse_tls
from offerd_gateway.logging import set_up_logging
from offerd_gateway.server import GatewayServer
from offerd_gateway.settings import CorsSettings, GatewaySettings
from offerd_gateway.tls import channel_credentials

GRACE_S = 4.0
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("offerd-gateway")
@click.option("--target", required=True, help="The service to ask, over gRPC.")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help="Where to listen.")
@click.option("--tls-cert", type=FILE, help="This door's certificate chain, PEM.")
@click.option("--tls-key", type=FILE, help="The private key of --tls-cert, PEM.")
@click.option(
    "--tls-client-ca", type=FILE, help="Let in only callers with a certificate of this authority."
)
@click.option("--target-ca", type=FILE, help="Reach the service over TLS, trusting this authority.")
@click.option("--target-cert", type=FILE, help="The certificate to show the service, PEM.")
@click.option("--target-key", type=FILE, help="The private key of --target-cert, PEM.")
@click.option(
    "--cors-origin",
    "cors_origins",
    multiple=True,
    help="A web origin whose pages may call, or `*` for all; may be given many times.",
)
@click.option(
    "--insecure-listen",
    is_flag=True,
    help="Listen beyond this machine without TLS, because something in front provides it.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="debug has the words of refusals too, which may quote a person's data.",
)
def main(
    *,
    target: str,
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    target_ca: Path | None,
    target_cert: Path | None,
    target_key: Path | None,
    cors_origins: tuple[str, ...],
    insecure_listen: bool,
    log_level: str,
) -> None:
    """Serve JSON over HTTP in front of an offerd service."""
    log = set_up_logging(log_level)
    try:
        service, address = parse_address(target), parse_address(listen)
        tls = parse_tls(tls_cert, tls_key, tls_client_ca)
        credentials = channel_credentials(target_ca, target_cert, target_key, "--target")
        settings = GatewaySettings(cors=CorsSettings(allowed_origins=cors_origins))
        check_doors([address], tls, insecure=insecure_listen)

        def door(backend: Backend) -> GatewayServer:
            return GatewayServer(Gateway(backend, settings, log), *address, tls)

        _run(_serve(service, credentials, address, door))
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error


async def _serve(
    target: Address,
    credentials: grpc.ChannelCredentials | None,
    listen: Address,
    door: Callable[[Backend], GatewayServer],
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    channel = (
        grpc.aio.insecure_channel(str(target), CHANNEL_OPTIONS)
        if credentials is None
        else grpc.aio.secure_channel(str(target), credentials, CHANNEL_OPTIONS)
    )
    async with channel:
        server = door(RemoteBackend(channel))
        bound = listen._replace(port=await server.start())
        click.echo(f"listening on {server.scheme}://{bound}, asking {target}")
        await stopping.wait()
        await server.stop(GRACE_S)


def _run(serving: Coroutine[None, None, None]) -> None:
    if sys.platform == "win32":
        asyncio.run(serving)
        return
    import uvloop

    uvloop.run(serving)


if __name__ == "__main__":
    main()
