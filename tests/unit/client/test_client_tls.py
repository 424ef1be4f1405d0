"""TLS and mutual TLS from the clients to a service."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from offerd_client import RetryPolicy, Tls, Unavailable
from unit.client.canned_service import serving
from unit.client.certificates import Authority, Pair

ONCE = RetryPolicy(max_attempts=1)


def server_credentials(pair: Pair, client_ca: bytes | None = None) -> grpc.ServerCredentials:
    """TLS for the service, mutual with `client_ca`."""
    return grpc.ssl_server_credentials(
        [(pair.key.read_bytes(), pair.certificate.read_bytes())],
        root_certificates=client_ca,
        require_client_auth=client_ca is not None,
    )


async def test_tls(authority: Authority, connect: Any) -> None:
    """A client that trusts the authority is answered."""
    with serving(server_credentials(authority.sign("tls-server"))) as service:
        async with connect(service.target, tls=Tls(authority.certificate)) as client:
            assert (await client.decide(["s"])).revision == "r1"


async def test_an_unknown_authority_is_not_trusted(
    authority: Authority, connect: Any, tmp_path: Any
) -> None:
    """A client that trusts another authority is Unavailable, and sends nothing."""
    other = Authority(tmp_path, "other")
    with serving(server_credentials(authority.sign("tls-server"))) as service:
        tls = Tls(other.certificate)
        async with connect(service.target, tls=tls, retry=ONCE) as client:
            with pytest.raises(Unavailable):
                await client.decide(["s"])
        assert service.seen == []


async def test_mutual_tls(authority: Authority, connect: Any) -> None:
    """A service that asks for a certificate answers who shows one, and no one else."""
    credentials = server_credentials(
        authority.sign("mtls-server"), authority.certificate.read_bytes()
    )
    own = authority.sign("mtls-client")
    with serving(credentials) as service:
        tls = Tls(authority.certificate, own.certificate, own.key)
        async with connect(service.target, tls=tls) as client:
            assert (await client.decide(["s"])).revision == "r1"
        without = Tls(authority.certificate)
        async with connect(service.target, tls=without, retry=ONCE) as client:
            with pytest.raises(Unavailable):
                await client.decide(["s"])
