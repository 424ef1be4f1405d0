"""Random requests to decide as bytes of HTTP/1.1: usual and unusual, right and wrong."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

from offerd.v1 import decision_service_pb2 as pb
from unit.gateway.calling import DECIDE_PATH, ONE_SCOPE

LAST = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


def kind_of(request: pb.DecideRequest) -> int:
    """Returns in which way a request is answered, from 0 to 255."""
    return hashlib.blake2b(request.SerializeToString(deterministic=True)).digest()[0]


def posted(body: bytes, *headers: bytes, path: str = DECIDE_PATH) -> bytes:
    """Returns a request with a body of a stated length."""
    everything = (b"host: x", b"content-type: application/json", *headers)
    return b"".join((
        b"POST %b HTTP/1.1\r\n" % path.encode(), b"".join(b"%b\r\n" % one for one in everything),
        b"Content-Length: %d\r\n\r\n" % len(body), body,
    ))  # fmt: skip


def of_kind(kind: int) -> bytes:
    """Returns a body that the service answers in the way of that kind."""
    for number in range(100_000):
        members = ONE_SCOPE | {"requestId": str(number)}
        body = json.dumps(members).encode()
        if kind_of(pb.DecideRequest(request_id=str(number), scopes=[pb.Scope(name="s")])) == kind:
            return body
    raise AssertionError("there is none")


def random_body(source: random.Random) -> bytes:
    """Returns a body, mostly right."""
    members: dict[str, Any] = {
        "identities": [{"namespace": "ecid", "id": f"c{source.randrange(10**9)}"}],
        "scopes": [{"name": name} for name in source.choices(("hero", "side", "ö"), k=2)],
        "context": {"channel": source.choice(("web", "app")), "attributes": {"a": 1.5}},
    }
    kind = source.randrange(14)
    if kind < 3:
        members["requestId"] = source.choice(("mine", "", 'q"', "ü", 7))
    elif kind == 3:
        members[source.choice(("dryRun", "explain", "request_id", "other", "context"))] = True
    elif kind == 4:
        members["context"]["attributes"]["large"] = "x" * source.choice((70_000, 99_900, 120_000))
    text = json.dumps(members, indent=source.choice((None, None, 2)))
    if kind == 5:
        text = source.choice(("", "{", text[:-1], text + "}", text.replace('"', "'"), "[]", "null"))
    elif kind == 6:
        text = text.replace("{", '{"scopes": [], ', 1)
    body = text.encode()
    if kind == 7:
        place = source.randrange(len(body))
        body = body[:place] + source.choice((b"\xff", b"\x00", b'"')) + body[place:]
    return body


def random_headers(source: random.Random) -> list[bytes]:
    """Returns header lines but for those of the body's type and length."""
    some = (
        b"X-Request-Id: mine", b"x-request-id: other", b"x-request-id: \xe9", b"x-request-id:",
        b"x-request-id: " + b"q" * 129, b"X-Timeout-Ms: 500", b"x-timeout-ms: 0", b"x-timeout-ms:z",
        b"origin: https://shop.example", b"Origin: https://Shop.Example", b"origin: https://no.no",
        b"traceparent: 00-1", b"cookie: " + b"c" * 5_000, b"Expect: 100-continue",
        b"connection: keep-alive", b"connection: close", b"Connection: Upgrade", b"upgrade: h2c",
    )  # fmt: skip
    return source.sample(some, source.choice((0, 0, 1, 1, 2, 3)))


def random_request(source: random.Random) -> bytes:
    """Returns a request that is HTTP, right or wrong, usual or not."""
    body, headers = random_body(source), random_headers(source)
    kind = source.randrange(24)
    if kind == 0:
        method = source.choice((b"GET", b"HEAD", b"PUT", b"OPTIONS", b"DELETE"))
        head = b"%b /v1/decisions:decide HTTP/1.1\r\nhost: x\r\n" % method
        method_is_head = method == b"HEAD"
        return LAST if method_is_head else head + b"".join(b"%b\r\n" % h for h in headers) + b"\r\n"
    if kind == 1:
        path = source.choice((
            DECIDE_PATH + "?a=1", "/v1/decisions%3Adecide", DECIDE_PATH + "/", "/v1/decide",
            "//v1/decisions:decide", "/v1/events:collect", DECIDE_PATH + "?",
        ))  # fmt: skip
        return posted(body, *headers, path=path)
    whole = posted(body, *headers)
    if kind == 2:
        return whole.replace(b" HTTP/1.1", b" HTTP/1.0", 1)
    if kind == 3:
        other = source.choice((
            b"text/plain", b"Application/JSON; charset=utf-8", b"application/json;charset=x", b"",
        ))  # fmt: skip
        return whole.replace(b"application/json", other, 1)
    if kind == 4:
        pieces = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        return whole.replace(length + body, b"Transfer-Encoding: chunked\r\n\r\n" + pieces)
    if kind == 5:
        return whole.replace(
            b"Content-Length: ", source.choice((b"content-length:", b"CONTENT-LENGTH:  0"))
        )
    if kind == 6:
        return b"\r\n" + whole
    return whole


def is_last(request: bytes) -> bool:
    """Whether nothing is answered on a connection after this, or may not be."""
    head = request.partition(b"\r\n\r\n")[0].lower()
    return b"connection: " in head or b"http/1.0" in head or b"upgrade" in head


def in_parts(source: random.Random, data: bytes) -> list[bytes]:
    """Returns bytes as they may come: together, or not."""
    if source.random() < 0.5:
        return [data]
    head = data.index(b"\r\n\r\n") + 4
    places = source.choice(
        ([head], sorted(source.sample(range(len(data)), 2)), [head, len(data) - 1])
    )
    ends = [*places, len(data)]
    return [data[begin:end] for begin, end in zip([0, *places], ends, strict=True) if begin < end]
