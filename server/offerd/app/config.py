"""Settings of a serving process: data, checked whole before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import grpc

from offerd.decision.hiding import HIDDEN_LABELS
from offerd.errors import ConfigurationError
from offerd.service.grpc_server import Transport
from offerd.store import JournalSettings
from offerd_gateway.listen import Address, check_doors
from offerd_gateway.tls import TlsSettings, read_pem


class ServeConfig(NamedTuple):
    """All that `offerd serve` needs to know.

    Just one of `bundle`, `definitions` (the folders to compile at start) and `releases` (a
    directory of releases to follow) is given. `http` is None without the JSON gateway.
    Explanations don't tell the values of data that carries one of `hidden_labels`. For
    `tombstone_days` nothing from before brings back a customer who was deleted. Transitions of
    audiences are kept for `transition_days`. `transport` is what the gRPC door is served with.
    """

    bundle: Path | None
    definitions: tuple[Path, ...]
    state: Path
    grpc: Address
    http: Address | None
    tls: TlsSettings | None
    insecure_listen: bool
    cors_origins: tuple[str, ...]
    relaxed_durability: bool
    grace_s: float = 4.0
    releases: Path | None = None
    hidden_labels: tuple[str, ...] = HIDDEN_LABELS
    journal: JournalSettings = JournalSettings()
    tombstone_days: int = 90
    transition_days: int = 30
    transport: Transport = Transport.AUTO

    def complete(self) -> ServeConfig:
        """Returns the settings if they fit together; raises ConfigurationError otherwise.

        Reads the TLS files, so that a wrong one is told before anything starts.
        """
        given = (self.bundle is not None, bool(self.definitions), self.releases is not None)
        if given.count(True) != 1:
            raise ConfigurationError("give one of `--bundle`, `--definitions` and `--releases`")
        doors = [self.grpc] if self.http is None else [self.grpc, self.http]
        check_doors(doors, self.tls, insecure=self.insecure_listen)
        self.transport.chosen(secure=self.tls is not None)
        return self


def grpc_credentials(tls: TlsSettings) -> grpc.ServerCredentials:
    """Returns what gRPC needs of the TLS files; raises ConfigurationError."""
    client_ca = None if tls.client_ca is None else read_pem(tls.client_ca, "client authority")
    return grpc.ssl_server_credentials(
        [(read_pem(tls.key, "private key"), read_pem(tls.certificate, "certificate"))],
        root_certificates=client_ca,
        require_client_auth=client_ca is not None,
    )
