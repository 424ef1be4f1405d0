"""JSON over HTTP for offerd.v1: the gateway, in the service's process or on its own."""

from offerd_gateway.access import AccessRecord, OnAccess
from offerd_gateway.app import Gateway
from offerd_gateway.backend import Backend, RemoteBackend
from offerd_gateway.server import GatewayServer
from offerd_gateway.settings import CorsSettings, GatewaySettings
from offerd_gateway.tls import TlsSettings

__all__ = [
    "AccessRecord",
    "Backend",
    "CorsSettings",
    "Gateway",
    "GatewayServer",
    "GatewaySettings",
    "OnAccess",
    "RemoteBackend",
    "TlsSettings",
]
