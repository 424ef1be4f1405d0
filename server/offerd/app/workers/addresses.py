"""Addresses on which several processes will listen."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from offerd.app.config import ServeConfig
from offerd.errors import ConfigurationError
from offerd_gateway.listen import Address
from offerd_gateway.server import listener_on


class Addresses(ExitStack):
    """The addresses of the doors, with their ports, kept from anybody else until closed.

    Raises ConfigurationError if somebody else listens there.
    """

    def __init__(self, config: ServeConfig) -> None:
        super().__init__()
        try:
            self.grpc = self._kept(config.grpc)
            self.http = None if config.http is None else self._kept(config.http)
        except BaseException:
            self.close()
            raise

    def listener(self) -> socket.socket | None:
        """Returns a socket for the gateway of one of the processes, None without gateways."""
        if self.http is None:
            return None
        return listener_on(self.http.host, self.http.port, shared=True)

    def _kept(self, wanted: Address) -> Address:
        try:
            # Alone first: those who would share an address mustn't be of another service.
            with _bound(wanted, shared=False) as alone:
                address = wanted._replace(port=alone.getsockname()[1])
            self.enter_context(_bound(address, shared=True))
        except (OSError, UnicodeError) as error:
            text = getattr(error, "strerror", None) or str(error)
            raise ConfigurationError(f"can't listen on `{wanted}`: {text.lower()}") from error
        return address


def _bound(address: Address, *, shared: bool) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind(place)
    except BaseException:
        found.close()
        raise
    return found
