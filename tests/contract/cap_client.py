"""A process that asks for one capped offer again and again until it is told to stop.

It goes on where a former one of its name was killed, and says how far it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from offerd.v1 import (
    cap_service_pb2,
    cap_service_pb2_grpc,
    decision_service_pb2,
    decision_service_pb2_grpc,
    identity_pb2,
)

TOLD_EVERY = 20
PATIENCE_S = 60.0
_RETRIED = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
)
_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.use_local_subchannel_pool", 1),
)


class CapClient:
    """One worker. Its file holds a line for each attempt that is behind it, with what it got."""

    def __init__(self, address: str, worker: str, file: Path) -> None:
        channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._caps = cap_service_pb2_grpc.CapServiceStub(channel)
        self._decisions = decision_service_pb2_grpc.DecisionServiceStub(channel)
        self._worker = worker
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self.done = os.pread(self._file, 2**24, 0).count(b"\n")

    def run(self, mode: str, attempts: int) -> None:
        """Makes the attempts that are left."""
        attempt = {"reserve": self._reserve, "decide": self._decide}[mode]
        if self.done == attempts:
            self._tell()  # the one that made the last was killed before anybody had heard of it
        while self.done < attempts:
            got = attempt(self.done, releases=self.done < attempts // 2)
            os.write(self._file, f"{got}\n".encode())
            self.done += 1
            if self.done % TOLD_EVERY == 0 or self.done == attempts:
                self._tell()

    def _tell(self) -> None:
        sys.stdout.write(f"{self.done}\n")
        sys.stdout.flush()

    def _identities(self, number: int) -> list[Any]:
        return [identity_pb2.Identity(namespace="ecid", id=f"{self._worker}-{number % 50}")]

    def _reserve(self, number: int, *, releases: bool) -> str:
        """Reserves, and commits or now and then releases what is granted, however often asked."""
        name = f"{self._worker}-{number}"
        request = cap_service_pb2.ReserveRequest(
            reservation_id=name,
            identities=self._identities(number),
            items=[cap_service_pb2.ReservedItem(offer="capped", placement="web")],
        )
        request.ttl.FromSeconds(3_600)
        if not _patiently(self._caps.Reserve, request).granted:
            return "refused"
        if releases and number % 5 == 0:
            _patiently(self._caps.Release, cap_service_pb2.ReleaseRequest(reservation_id=name))
            return "released"
        _patiently(self._caps.Commit, cap_service_pb2.CommitRequest(reservation_id=name))
        return "granted"

    def _decide(self, number: int, *, releases: bool) -> str:
        """Asks for a decision; `releases` is nothing that a decision does."""
        request = decision_service_pb2.DecideRequest(
            scopes=[decision_service_pb2.Scope(name="hero")], identities=self._identities(number)
        )
        answer = _patiently(self._decisions.Decide, request)
        shown = [item.offer for item in answer.propositions[0].items]
        return "granted" if shown == ["capped"] else "refused"


def _patiently(call: Callable[..., Any], request: Any) -> Any:
    """Calls until there is an answer, through deaths of the server."""
    while True:
        try:
            return call(request, timeout=PATIENCE_S, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() not in _RETRIED:
                raise


if __name__ == "__main__":
    address, worker, mode, attempts, file = sys.argv[1:]
    CapClient(address, worker, Path(file)).run(mode, int(attempts))
