"""Cross-origin resource sharing, as the Fetch standard has it."""

from __future__ import annotations

from collections.abc import Iterable

from offerd_gateway.settings import ANY_ORIGIN, CorsSettings

Headers = list[tuple[bytes, bytes]]

ALLOWED_HEADERS = b"content-type, x-request-id, x-timeout-ms, traceparent, tracestate"
EXPOSED_HEADERS = b"retry-after, x-request-id"
VARY = (b"vary", b"origin")


class Cors:
    """Adds what a browser needs to see before it lets a page read an answer."""

    def __init__(self, settings: CorsSettings) -> None:
        self._any = ANY_ORIGIN in settings.allowed_origins
        self._origins = frozenset(
            origin.lower().encode("latin-1") for origin in settings.allowed_origins
        )
        self._max_age = str(settings.max_age_s).encode("ascii")

    def headers(self, origin: bytes | None) -> Headers:
        """The headers for an answer to a page of `origin`; None is for no page at all."""
        if self._any:
            return [
                (b"access-control-allow-origin", b"*"),
                (b"access-control-expose-headers", EXPOSED_HEADERS),
            ]
        if not self._origins:
            return []
        if origin is None or origin.lower() not in self._origins:
            return [VARY]
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED_HEADERS),
            VARY,
        ]

    def preflight(self, origin: bytes, methods: Iterable[str]) -> Headers:
        """The headers that answer a browser's question what a page of `origin` may do."""
        if not self._any and origin.lower() not in self._origins:
            return self.headers(origin)
        return [
            *self.headers(origin),
            (b"access-control-allow-methods", ", ".join(methods).encode("ascii")),
            (b"access-control-allow-headers", ALLOWED_HEADERS),
            (b"access-control-max-age", self._max_age),
        ]
