"""`offerd-gateway`: the HTTP door on its own, in front of a service elsewhere."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

import click
import grpc
import grpc.aio

from offerd.errors import ConfigurationError
from offerd_client import Tls
from offerd_gateway.app import Gateway
from offerd_gateway.backend import RemoteBackend
from offerd_gateway.server import GatewayServer
from offerd_gateway.settings import CorsSettings, GatewaySettings
from offerd_gateway.tls import TlsSettings

GRACE_S = 4.0
FILE = click.Path(dir_okay=False, path_type=Path)


def parse_address(
    _context: click.Context, _parameter: click.Parameter, value: str
) -> tuple[str, int]:
    """Split `host:port` or `[v6]:port`; refuses what is neither."""
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"`{value}` is no host:port, such as `127.0.0.1:8080`")
    return host.removeprefix("[").removesuffix("]"), int(port)


@click.command("offerd-gateway")
@click.option(
    "--target", callback=parse_address, required=True, help="The service to ask, over gRPC."
)
@click.option(
    "--listen",
    callback=parse_address,
    default="127.0.0.1:8080",
    show_default=True,
    help="Where to listen.",
)
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
def main(
    *,
    target: tuple[str, int],
    listen: tuple[str, int],
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    target_ca: Path | None,
    target_cert: Path | None,
    target_key: Path | None,
    cors_origins: tuple[str, ...],
    insecure_listen: bool,
) -> None:
    """Serve JSON over HTTP in front of an offerd service."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        tls = _tls(tls_cert, tls_key, tls_client_ca)
        credentials = _credentials(target_ca, target_cert, target_key)
        settings = GatewaySettings(cors=CorsSettings(allowed_origins=cors_origins))
        if tls is None and not insecure_listen and not is_loopback(listen[0]):
            raise ConfigurationError(
                f"`{listen[0]}` is reachable from other machines: give --tls-cert and --tls-key,"
                " or --insecure-listen if something in front provides TLS"
            )
        _run(_serve(target, credentials, listen, tls, settings))
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> TlsSettings | None:
    if certificate is None and key is None:
        if client_ca is not None:
            raise ConfigurationError("--tls-client-ca needs --tls-cert and --tls-key")
        return None
    if certificate is None or key is None:
        raise ConfigurationError("--tls-cert and --tls-key belong together: one is missing")
    tls = TlsSettings(certificate, key, client_ca)
    tls.context()  # told here, a wrong file ends the command before anything starts
    return tls


def _credentials(
    authority: Path | None, certificate: Path | None, key: Path | None
) -> grpc.ChannelCredentials | None:
    if authority is None:
        if certificate is not None or key is not None:
            raise ConfigurationError("--target-cert and --target-key need --target-ca")
        return None
    return Tls(authority, certificate, key).credentials()


def _text(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _serve(
    target: tuple[str, int],
    credentials: grpc.ChannelCredentials | None,
    listen: tuple[str, int],
    tls: TlsSettings | None,
    settings: GatewaySettings,
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    channel = (
        grpc.aio.insecure_channel(_text(target))
        if credentials is None
        else grpc.aio.secure_channel(_text(target), credentials)
    )
    async with channel:
        server = GatewayServer(Gateway(RemoteBackend(channel), settings), *listen, tls)
        port = await server.start()
        scheme = "http" if tls is None else "https"
        click.echo(f"listening on {scheme}://{_text((listen[0], port))}, asking {_text(target)}")
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
