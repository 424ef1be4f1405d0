"""Asking a running service whether it serves, for container health checks and scripts."""

from __future__ import annotations

from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from offerd.app.config import Address
from offerd.errors import Reason, Unavailable
from offerd_gateway.tls import read_pem

_SERVING = health_pb2.HealthCheckResponse.SERVING


def check_health(address: Address, tls_ca: Path | None, timeout_s: float) -> None:
    """Returns if the service at an address serves; raises Unavailable otherwise."""
    if tls_ca is None:
        channel = grpc.insecure_channel(str(address))
    else:
        credentials = grpc.ssl_channel_credentials(read_pem(tls_ca, "authority"))
        channel = grpc.secure_channel(str(address), credentials)
    with channel:
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
