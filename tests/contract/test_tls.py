"""TLS and mutual TLS on both doors, with certificates made for the test."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
import pytest

from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from processes import HOST, ServeProcess, serve_process
from unit.client.certificates import Authority, Pair

QUESTION = decisions.DecideRequest(scopes=[decisions.Scope(name="hero")])


class Certificates(NamedTuple):
    """The authority of a service, its certificate, a client's, and one of a foreign authority."""

    authority: Path
    server: Pair
    client: Pair
    foreign_authority: Path
    foreign: Pair


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made once for all tests."""
    folder = tmp_path_factory.mktemp("certificates")
    own, other = Authority(folder), Authority(folder, "foreign")
    return Certificates(
        own.certificate,
        own.sign("server"),
        own.sign("client"),
        other.certificate,
        other.sign("spy"),
    )


@pytest.fixture(scope="module", params=["tls", "mutual tls"])
def served(
    request: pytest.FixtureRequest,
    bundle: Path,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ServeProcess, bool]]:
    """A process that serves TLS, and whether it asks clients for a certificate."""
    mutual = request.param == "mutual tls"
    options: list[str | Path] = [
        "--tls-cert",
        certificates.server.certificate,
        "--tls-key",
        certificates.server.key,
    ]
    if mutual:
        options += ["--tls-client-ca", certificates.authority]
    with serve_process(bundle, tmp_path_factory.mktemp("tls") / "state", *options) as process:
        yield process, mutual


def _over_grpc(served: ServeProcess, authority: Path | None, pair: Pair | None) -> bool:
    """Whether a caller who trusts an authority and shows a certificate is answered."""
    if authority is None:
        channel = grpc.insecure_channel(served.grpc_address)
    else:
        files = (
            (None, None) if pair is None else (pair.key.read_bytes(), pair.certificate.read_bytes())
        )
        credentials = grpc.ssl_channel_credentials(authority.read_bytes(), *files)
        channel = grpc.secure_channel(served.grpc_address, credentials)
    with channel:
        try:
            answer = decisions_grpc.DecisionServiceStub(channel).Decide(QUESTION, timeout=30)
        except grpc.RpcError as error:
            return error.code() is not grpc.StatusCode.UNAVAILABLE
    return bool(answer.propositions[0].items)


def _over_http(served: ServeProcess, authority: Path | None, pair: Pair | None) -> bool:
    """The same over HTTP."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    scheme = "http" if authority is None else "https"
    if authority is not None:
        trust.load_verify_locations(authority)
    if pair is not None:
        trust.load_cert_chain(pair.certificate, pair.key)
    with httpx.Client(verify=trust, trust_env=False, timeout=30) as http:
        try:
            answer = http.post(
                f"{scheme}://{HOST}:{served.http_port}/v1/decisions:decide",
                json={"scopes": [{"name": "hero"}]},
            )
        except httpx.TransportError:
            return False
    return bool(answer.json()["propositions"][0]["items"])


DOORS = pytest.mark.parametrize("answers", [_over_grpc, _over_http], ids=["grpc", "http"])


@DOORS
def test_the_right_certificate_works(answers, served, certificates) -> None:  # type: ignore[no-untyped-def]
    """Who trusts the service's authority and shows a certificate of it is answered."""
    assert answers(served[0], certificates.authority, certificates.client)


@DOORS
def test_no_certificate(answers, served, certificates) -> None:  # type: ignore[no-untyped-def]
    """Who shows no certificate is answered only if none is asked for."""
    process, mutual = served
    assert answers(process, certificates.authority, None) is not mutual


@DOORS
def test_foreign_certificate(answers, served, certificates) -> None:  # type: ignore[no-untyped-def]
    """Who shows a certificate of another authority is turned away where one is asked for."""
    process, mutual = served
    assert answers(process, certificates.authority, certificates.foreign) is not mutual


@DOORS
def test_plain_text(answers, served) -> None:  # type: ignore[no-untyped-def]
    """Who speaks plain text is turned away."""
    assert not answers(served[0], None, None)


@DOORS
def test_foreign_service(answers, served, certificates) -> None:  # type: ignore[no-untyped-def]
    """Who doesn't trust the service's authority doesn't talk to it."""
    assert not answers(served[0], certificates.foreign_authority, certificates.client)
