"""Listening, stopping, and TLS on both sides of the gateway."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest

from offerd.errors import ConfigurationError
from offerd_gateway import Gateway, GatewayServer, RemoteBackend, TlsSettings
from unit.client.canned_service import CannedService, serving
from unit.client.certificates import Authority
from unit.gateway.calling import DECIDE_PATH, ONE_SCOPE
from unit.gateway.conftest import Door


@pytest.fixture
async def gateway(service: CannedService):
    """A gateway that doesn't listen yet."""
    async with grpc.aio.insecure_channel(service.target) as channel:
        yield Gateway(RemoteBackend(channel))


def listened_on(port: int) -> bool:
    """Whether someone listens on a port of this machine, without connecting to find out."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return True
    return False


async def test_requests_in_flight_finish(door: Door, service: CannedService) -> None:
    """Stopping takes no new connection, and waits for the requests that it has."""
    service.held = True
    waiting = asyncio.create_task(door.http.post(DECIDE_PATH, json=ONE_SCOPE))
    await asyncio.to_thread(service.entered.wait, 10)
    stopping = asyncio.create_task(door.server.stop(10))
    async with asyncio.timeout(10):
        for _ in iter(lambda: listened_on(door.port), False):
            await asyncio.sleep(0)
    assert not waiting.done()
    service.release.set()
    assert (await waiting).status_code == 200
    await stopping


async def test_grace_ends(door: Door, service: CannedService) -> None:
    """What isn't finished when the grace is over is told so and cut off."""
    service.held = True
    waiting = asyncio.create_task(door.http.post(DECIDE_PATH, json=ONE_SCOPE))
    await asyncio.to_thread(service.entered.wait, 10)
    async with asyncio.timeout(5):
        await door.server.stop(0.05)
    answer = await waiting
    assert (answer.status_code, answer.json()["reason"]) == (503, "NOT_SERVING")


async def test_who_is_sent_elsewhere_learns_it_with_an_answer(door: Door) -> None:
    """A request on a connection that is kept is answered, as the last one; none is cut off."""
    assert (await door.http.post(DECIDE_PATH, json=ONE_SCOPE)).status_code == 200
    stopping = asyncio.create_task(door.server.stop(10, leave=True))
    async with asyncio.timeout(10):
        for _ in iter(lambda: listened_on(door.port), False):
            await asyncio.sleep(0)
    last = await door.http.post(DECIDE_PATH, json=ONE_SCOPE)
    assert last.status_code == 200
    assert last.headers["connection"] == "close"
    with pytest.raises(httpx.ConnectError):
        await door.http.post(DECIDE_PATH, json=ONE_SCOPE)
    await stopping


async def test_who_asks_nothing_more_does_not_hold_up_leaving(door: Door) -> None:
    """A connection on which nothing comes is cut off, long before the grace ends."""
    assert (await door.http.post(DECIDE_PATH, json=ONE_SCOPE)).status_code == 200
    async with asyncio.timeout(60):
        await door.server.stop(600, leave=True)


async def test_signals_stay_the_process_own(gateway: Gateway) -> None:
    """The server runs inside a process that handles its own signals."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    server = GatewayServer(gateway, "127.0.0.1", 0)
    await server.start()
    during = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    await server.stop(1)
    assert before == during


async def test_a_server_that_never_started_stops(gateway: Gateway) -> None:
    """Stopping before starting does nothing."""
    await GatewayServer(gateway, "127.0.0.1", 0).stop(1)


async def test_a_port_in_use(gateway: Gateway) -> None:
    """An address that can't be had is a ConfigurationError that names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}`: address already in use"):
            await GatewayServer(gateway, "127.0.0.1", port).start()


async def test_a_host_that_does_not_exist(gateway: Gateway) -> None:
    """A host that can't be resolved is a ConfigurationError too."""
    with pytest.raises(ConfigurationError, match=r"can't listen on `no\.such\.host\.invalid:1`"):
        await GatewayServer(gateway, "no.such.host.invalid", 1).start()


def trust(authority: Authority) -> ssl.SSLContext:
    """What a caller needs to trust the authority."""
    return ssl.create_default_context(cafile=str(authority.certificate))


async def test_tls(gateway: Gateway, authority: Authority) -> None:
    """With a certificate the door speaks TLS, and nothing else."""
    pair = authority.sign("http-server")
    server = GatewayServer(gateway, "127.0.0.1", 0, TlsSettings(pair.certificate, pair.key))
    port = await server.start()
    try:
        async with httpx.AsyncClient(verify=trust(authority)) as http:
            answer = await http.post(f"https://127.0.0.1:{port}{DECIDE_PATH}", json=ONE_SCOPE)
        assert answer.status_code == 200
        async with httpx.AsyncClient() as http:
            with pytest.raises(httpx.HTTPError):
                await http.get(f"http://127.0.0.1:{port}/healthz")
    finally:
        await server.stop(1)


async def test_mutual_tls(gateway: Gateway, authority: Authority, tmp_path: Path) -> None:
    """With a client authority only callers with its certificate are let in."""
    pair = authority.sign("mtls-http-server")
    tls = TlsSettings(pair.certificate, pair.key, authority.certificate)
    server = GatewayServer(gateway, "127.0.0.1", 0, tls)
    address = f"https://127.0.0.1:{await server.start()}/healthz"
    known, unknown, nobody = trust(authority), trust(authority), trust(authority)
    own = authority.sign("http-client")
    known.load_cert_chain(own.certificate, own.key)
    other = Authority(tmp_path, "other").sign("stranger")
    unknown.load_cert_chain(other.certificate, other.key)
    try:
        async with httpx.AsyncClient(verify=known) as http:
            assert (await http.get(address)).status_code == 200
        for context in (unknown, nobody):
            async with httpx.AsyncClient(verify=context) as http:
                with pytest.raises(httpx.HTTPError):
                    await http.get(address)
    finally:
        await server.stop(1)


async def test_mutual_tls_to_the_service(authority: Authority) -> None:
    """The gateway shows its own certificate to the service behind it."""
    pair, own = authority.sign("grpc-server"), authority.sign("gateway")
    root = authority.certificate.read_bytes()
    credentials = grpc.ssl_server_credentials(
        [(pair.key.read_bytes(), pair.certificate.read_bytes())], root, require_client_auth=True
    )
    shown = grpc.ssl_channel_credentials(root, own.key.read_bytes(), own.certificate.read_bytes())
    with serving(credentials) as service:
        async with grpc.aio.secure_channel(service.target, shown) as channel:
            server = GatewayServer(Gateway(RemoteBackend(channel)), "127.0.0.1", 0)
            port = await server.start()
            async with httpx.AsyncClient() as http:
                answer = await http.post(f"http://127.0.0.1:{port}{DECIDE_PATH}", json=ONE_SCOPE)
            await server.stop(1)
    assert answer.status_code == 200


def test_tls_files_that_do_not_work(authority: Authority, tmp_path: Path) -> None:
    """A file that is missing, is no certificate, or doesn't fit is named."""
    pair, other = authority.sign("one"), authority.sign("two")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    missing = tmp_path / "missing.pem"
    cases = [
        (TlsSettings(missing, pair.key), "certificate `.*missing.pem` can't be read: no such file"),
        (TlsSettings(pair.certificate, missing), "private key `.*missing.pem` can't be read"),
        (TlsSettings(tmp_path, pair.key), "can't be read: is a directory"),
        (TlsSettings(nonsense, pair.key), "no usable pair"),
        (TlsSettings(pair.certificate, other.key), "no usable pair"),
        (TlsSettings(pair.certificate, pair.key, missing), "client authority `.*missing.pem`"),
        (TlsSettings(pair.certificate, pair.key, nonsense), "holds no certificate"),
    ]
    for settings, message in cases:
        with pytest.raises(ConfigurationError, match=message):
            settings.context()
