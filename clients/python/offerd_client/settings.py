"""How a client reaches the service, how long it waits, and when it tries again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from offerd.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Tls:
    """The files for TLS to the service, all PEM.

    `authority` signed the service's certificate; absent: the authorities that gRPC
    trusts. `certificate` with `key` is what the client shows of itself (mutual TLS).
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ConfigurationError("a client's certificate and private key belong together")

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files; raises ConfigurationError that names the one that can't be read."""
        return grpc.ssl_channel_credentials(
            root_certificates=_read(self.authority, "authority"),
            private_key=_read(self.key, "private key"),
            certificate_chain=_read(self.certificate, "certificate"),
        )


def _read(path: Path | None, role: str) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{role} `{path}` can't be read: {(error.strerror or str(error)).lower()}"
        ) from error


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again: only if the service is UNAVAILABLE, and within the deadline.

    At most `max_attempts` in all, 1 for no second try. Before each further attempt the
    client pauses for a random time from 0 to a limit that starts at `initial_pause_s`
    and grows `multiplier` times each attempt up to `max_pause_s`, so that callers who
    failed together don't come back together.
    """

    max_attempts: int = 4
    initial_pause_s: float = 0.02
    multiplier: float = 2.0
    max_pause_s: float = 0.5

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ConfigurationError(
                f"`max_attempts` must be 1 or more, found `{self.max_attempts}`"
            )
        if self.initial_pause_s < 0 or self.max_pause_s < 0 or self.multiplier < 1:
            raise ConfigurationError("pauses must be 0 or more and grow by 1 or more times")

    def pause_s(self, attempt: int) -> float | None:
        """How long to pause after the attempt of this number, from 1; None is to give up."""
        if attempt >= self.max_attempts:
            return None
        limit_s = min(self.max_pause_s, self.initial_pause_s * self.multiplier ** (attempt - 1))
        return random.uniform(0, limit_s)  # noqa: S311 - spreads callers, keeps no secret


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How a client behaves.

    `decide_timeout_s` is the deadline of `decide`, which a page waits for; `timeout_s`
    that of all other calls. `tls` None is for a service on the same machine.
    """

    tls: Tls | None = None
    decide_timeout_s: float = 0.2
    timeout_s: float = 5.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        for name in ("decide_timeout_s", "timeout_s"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(
                    f"`{name}` must be more than 0, found `{getattr(self, name)}`"
                )


MAX_ANSWER_BYTES = 64 << 20
"""The largest answer that is read. The service answers at most 500 items a scope."""

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    # A service that restarts is back in well under gRPC's own first pause of a second.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
