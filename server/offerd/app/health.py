"""Asking a running service whether it serves, for container health checks and scripts."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import NamedTuple

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from offerd.errors import ConfigurationError, Reason, Unavailable
from offerd_gateway.listen import Address
from offerd_gateway.tls import channel_credentials

_SERVING = health_pb2.HealthCheckResponse.SERVING


class HealthTls(NamedTuple):
    """Whom to trust, and what to show of oneself (both or neither file)."""

    authority: Path
    certificate: Path | None
    key: Path | None
    credentials: grpc.ChannelCredentials

    @classmethod
    def of(
        cls, authority: Path | None, certificate: Path | None, key: Path | None
    ) -> HealthTls | None:
        """Returns the files, None for plain text; raises ConfigurationError if they don't fit."""
        credentials = channel_credentials(authority, certificate, key, "--tls")
        if authority is None or credentials is None:
            return None
        return cls(authority, certificate, key, credentials)


def check_health(address: Address, tls: HealthTls | None, timeout_s: float) -> None:
    """Returns if the service at an address serves; raises Unavailable otherwise."""
    with open_channel(address, tls, timeout_s) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=timeout_s
            )
        except grpc.RpcError as error:
            raise Unavailable(
                Reason.NOT_SERVING, f"`{address}` doesn't answer: {error.details()}"
            ) from error
    if answer.status != _SERVING:
        raise Unavailable(Reason.NOT_SERVING, f"`{address}` answers, but doesn't serve now")


def open_channel(address: Address, tls: HealthTls | None, timeout_s: float) -> grpc.Channel:
    """Returns a channel to the service at an address; with TLS it may wait so many seconds.

    Raises Unavailable if nobody answers there, or the certificate isn't to be trusted.
    """
    if tls is None:
        return grpc.insecure_channel(str(address))
    options = []
    if address.is_loopback:
        # A certificate is for the name that other machines call the service by.
        name = _name_in_certificate(address, tls, timeout_s)
        options = [("grpc.ssl_target_name_override", name)] if name else []
    return grpc.secure_channel(str(address), tls.credentials, options)


def _name_in_certificate(address: Address, tls: HealthTls, timeout_s: float) -> str | None:
    """Returns a name that the service's certificate is for, None if it is for no name.

    Raises Unavailable if nobody answers or the certificate isn't to be trusted.
    """
    context = _context(tls)
    try:
        with (
            socket.create_connection(address, timeout_s) as plain,
            context.wrap_socket(plain) as secured,
        ):
            names = (secured.getpeercert() or {}).get("subjectAltName", ())
    except OSError as error:
        text = (error.strerror or str(error)).lower()
        raise Unavailable(Reason.NOT_SERVING, f"`{address}` doesn't answer: {text}") from error
    by_kind = {str(kind): str(name) for kind, name in reversed(names)}
    name = by_kind.get("DNS") or by_kind.get("IP Address")
    return None if name is None else name.replace("*", "any", 1)


def _context(tls: HealthTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["h2"])
    try:
        context.load_verify_locations(tls.authority)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(f"the TLS files can't be used: {error}") from error
    return context
