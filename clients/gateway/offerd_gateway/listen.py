"""Where a door listens, and who may reach it there."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from offerd.errors import ConfigurationError
from offerd_gateway.tls import TlsSettings

HOST_AND_PORT = re.compile(r"(?:\[([^\[\]\s]+)\]|([^\[\]\s:]+)):([0-9]{1,5})")
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


class Address(NamedTuple):
    """A host and a port, 0 for one that the system chooses."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host.lower() == "localhost":
            return True
        number = _number(self.host)
        return number is not None and number.is_loopback

    def from_here(self) -> Address:
        """Where this machine reaches a door that listens here: all addresses include loopback."""
        number = _number(self.host)
        if number is None or not number.is_unspecified:
            return self
        return self._replace(host=LOOPBACK[number.version])


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def parse_address(text: str) -> Address:
    """The address of `host:port` or `[v6]:port`; raises ConfigurationError."""
    match = HOST_AND_PORT.fullmatch(text)
    if match is None:
        raise ConfigurationError(
            f"`{text}` is no address: `host:port` expected, such as `127.0.0.1:8080`"
        )
    in_brackets, bare, port = match.groups()
    if int(port) > 65_535:
        raise ConfigurationError(f"`{text}` has no valid port: 0 to 65535 expected")
    return Address(in_brackets or bare, int(port))


def parse_tls(
    certificate: Path | None, key: Path | None, client_ca: Path | None
) -> TlsSettings | None:
    """The TLS files, None if there are none; raises ConfigurationError for half of them."""
    if certificate is not None and key is not None:
        return TlsSettings(certificate, key, client_ca)
    if certificate is None and key is None and client_ca is None:
        return None
    raise ConfigurationError("TLS needs both `--tls-cert` and `--tls-key`")


def check_doors(doors: Iterable[Address], tls: TlsSettings | None, *, insecure: bool) -> None:
    """Raises ConfigurationError if TLS files don't work, or others could listen in without TLS.

    `insecure` allows plain text on addresses that other machines can reach.
    """
    if tls is not None:
        tls.context()
        return
    for address in doors:
        if not address.is_loopback and not insecure:
            raise ConfigurationError(
                f"`{address}` can be reached from other machines and there is no TLS: "
                f"give `--tls-cert` and `--tls-key`, listen on `127.0.0.1`, or say "
                f"`--insecure-listen` if something in front of it does the TLS"
            )
