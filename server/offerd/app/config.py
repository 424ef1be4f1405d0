"""Settings of a serving process: data, checked whole before anything starts."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import NamedTuple

import grpc

from offerd.errors import ConfigurationError
from offerd_gateway.tls import TlsSettings, read_pem


class Address(NamedTuple):
    """Where a door listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class ServeConfig(NamedTuple):
    """All that `offerd serve` needs to know. `http` is None without the JSON gateway."""

    bundle: Path
    state: Path
    grpc: Address
    http: Address | None
    tls: TlsSettings | None
    insecure_listen: bool
    cors_origins: tuple[str, ...]
    relaxed_durability: bool
    grace_s: float = 4.0

    def complete(self) -> ServeConfig:
        """Returns the settings if they fit together; raises ConfigurationError otherwise.

        Reads the TLS files, so that a wrong one is told before anything starts.
        """
        if self.tls is not None:
            self.tls.context()
        doors = [self.grpc] if self.http is None else [self.grpc, self.http]
        for address in doors:
            if self.tls is None and not address.is_loopback and not self.insecure_listen:
                raise ConfigurationError(
                    f"`{address}` can be reached from other machines and there is no TLS: "
                    f"give `--tls-cert` and `--tls-key`, listen on `127.0.0.1`, or say "
                    f"`--insecure-listen` if something in front of it does the TLS"
                )
        return self


def parse_address(text: str) -> Address:
    """Returns the address of `host:port` or `[v6]:port`; raises ConfigurationError."""
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isascii() or not port.isdigit():
        raise ConfigurationError(f"`{text}` is no address: `host:port` expected")
    if int(port) > 65_535:
        raise ConfigurationError(f"`{text}` has no valid port: 0 to 65535 expected")
    return Address(host, int(port))


def parse_tls(
    certificate: Path | None, key: Path | None, client_ca: Path | None
) -> TlsSettings | None:
    """Returns the TLS files, None if there are none; raises ConfigurationError for half of them."""
    if certificate is not None and key is not None:
        return TlsSettings(certificate, key, client_ca)
    if certificate is None and key is None and client_ca is None:
        return None
    raise ConfigurationError("TLS needs both `--tls-cert` and `--tls-key`")


def grpc_credentials(tls: TlsSettings) -> grpc.ServerCredentials:
    """Returns what gRPC needs of the TLS files; raises ConfigurationError."""
    client_ca = None if tls.client_ca is None else read_pem(tls.client_ca, "client authority")
    return grpc.ssl_server_credentials(
        [(read_pem(tls.key, "private key"), read_pem(tls.certificate, "certificate"))],
        root_certificates=client_ca,
        require_client_auth=client_ca is not None,
    )
