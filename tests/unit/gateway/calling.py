"""What the tests of the door over HTTP call, and how they send bytes as they are."""

from __future__ import annotations

import asyncio

from offerd_gateway import AccessRecord

DECIDE_PATH = "/v1/decisions:decide"
ONE_SCOPE = {"scopes": [{"name": "s"}]}


async def raw(port: int, request: bytes) -> bytes:
    """Send bytes as they are; return the whole answer of a connection that closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def comparable(told: AccessRecord) -> tuple[object, ...]:
    """Returns what is the same whichever way a request was answered."""
    error = told.error
    words = None if error is None else (error.reason, error.field, error.message)
    return (*told._replace(error=None, duration_s=0.0, client=""), words)
