"""What the people who run a gateway may set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from offerd.errors import ConfigurationError

ORIGIN = re.compile(r"https?://[^/?#\s]+", re.ASCII)
ANY_ORIGIN = "*"


@dataclass(frozen=True, slots=True)
class CorsSettings:
    """Which web pages of other origins may call.

    `allowed_origins` are origins such as `https://shop.example`, or the single `*` for
    every page there is; empty (the default) is for none. `max_age_s` is how long a
    browser may remember the answer to its preflight, 0 to 86400 seconds.
    """

    allowed_origins: tuple[str, ...] = ()
    max_age_s: int = 600

    def __post_init__(self) -> None:
        for origin in self.allowed_origins:
            if origin != ANY_ORIGIN and not ORIGIN.fullmatch(origin):
                raise ConfigurationError(
                    f"`{origin}` is no origin: expected `*`, or scheme and host without a path,"
                    " such as `https://shop.example`"
                )
        if ANY_ORIGIN in self.allowed_origins and len(self.allowed_origins) > 1:
            raise ConfigurationError("origin `*` allows every page: name it alone or not at all")
        if not 0 <= self.max_age_s <= 86_400:
            raise ConfigurationError(
                f"the preflight's age must be 0 to 86400 seconds, found `{self.max_age_s}`"
            )


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How the gateway treats requests.

    `body_limit_bytes` is the largest body that is read. `body_timeout_s` is how long a
    body may take to arrive. `default_timeout_s` is the deadline of a request that sets
    none with `X-Timeout-Ms`; None waits as long as it takes. `forwarded_headers` are the
    headers, in lower case, that reach the service as metadata.
    """

    cors: CorsSettings = field(default_factory=CorsSettings)
    body_limit_bytes: int = 1 << 20
    body_timeout_s: float = 10.0
    default_timeout_s: float | None = 10.0
    forwarded_headers: tuple[str, ...] = ("traceparent", "tracestate", "x-request-id")

    def __post_init__(self) -> None:
        for name in ("body_limit_bytes", "body_timeout_s", "default_timeout_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigurationError(f"`{name}` must be more than 0, found `{value}`")
