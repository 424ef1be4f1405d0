"""TLS for the HTTP door, and for the way to a service."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from offerd.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The files of a server's TLS, all PEM.

    `certificate` is the server's chain, `key` its private key. With `client_ca` only
    callers with a certificate that it signed are let in (mutual TLS); absent: anyone.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Read the files; raises ConfigurationError that names the one at fault."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for path, role in ((self.certificate, "certificate"), (self.key, "private key")):
            read_pem(path, role)
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigurationError(
                f"certificate `{self.certificate}` and private key `{self.key}`"
                f" are no usable pair: {error}"
            ) from error
        if self.client_ca is not None:
            authorities = read_pem(self.client_ca, "client authority")
            try:
                context.load_verify_locations(cadata=authorities.decode("ascii"))
            except (ssl.SSLError, UnicodeDecodeError) as error:
                raise ConfigurationError(
                    f"client authority `{self.client_ca}` holds no certificate: {error}"
                ) from error
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def channel_credentials(
    authority: Path | None, certificate: Path | None, key: Path | None, options: str
) -> grpc.ChannelCredentials | None:
    """What a channel to a service needs; None is for plain text.

    `certificate` and `key` are what the caller shows of itself (mutual TLS). `options` is how
    the options' names begin, such as `--target`. Raises ConfigurationError for files that
    don't belong together or can't be read.
    """
    if (certificate is None) != (key is None):
        raise ConfigurationError(f"`{options}-cert` and `{options}-key` belong together")
    if authority is None:
        if certificate is not None:
            raise ConfigurationError(f"`{options}-cert` and `{options}-key` need `{options}-ca`")
        return None
    return grpc.ssl_channel_credentials(
        root_certificates=read_pem(authority, "authority"),
        private_key=None if key is None else read_pem(key, "private key"),
        certificate_chain=None if certificate is None else read_pem(certificate, "certificate"),
    )


def read_pem(path: Path, role: str) -> bytes:
    """Read a file of certificates or keys; raises ConfigurationError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{role} `{path}` can't be read: {(error.strerror or str(error)).lower()}"
        ) from error


def _no_password() -> str:
    # Without this, OpenSSL would stop the process to ask for a password on the terminal.
    raise ValueError("the private key is encrypted, expected one without a password")
