"""Bytes that are no message are told why, quickly."""

from __future__ import annotations

import random

from offerd.errors import Reason
from offerd.service.wire import explain_malformed
from offerd.v1 import decision_service_pb2 as pb
from seeds import random_seed

DESCRIPTOR = pb.DecideRequest.DESCRIPTOR


def test_names_the_text_that_is_not_utf8() -> None:
    """The path leads through repeated messages to the string at fault."""
    good = pb.DecideRequest(scopes=[pb.Scope(name="a"), pb.Scope(placement="XY")])
    refusal = explain_malformed(DESCRIPTOR, good.SerializeToString().replace(b"XY", b"\xff\xfe"))
    assert refusal.reason is Reason.INVALID_TEXT
    assert refusal.field == "scopes[1].placement"


def test_other_damage_is_malformed() -> None:
    """Whatever else is wrong has the reason MALFORMED and names no field."""
    for data in (b"\x12\x7f", b"\xff" * 20, b"\x0b\x0c"):
        refusal = explain_malformed(DESCRIPTOR, data)
        assert refusal.reason is Reason.MALFORMED
        assert refusal.field == ""


def test_looks_no_further_than_64_kib() -> None:
    """However much is sent, only its beginning is looked at."""
    padding = b"\x58\x01" * 40_000
    refusal = explain_malformed(DESCRIPTOR, padding + b"\x0a\x02\xff\xfe")
    assert refusal.reason is Reason.MALFORMED


def test_never_fails_on_random_bytes() -> None:
    """Any bytes get a refusal, never an exception."""
    seed = random_seed()
    source = random.Random(seed)
    template = pb.DecideRequest(
        request_id="r", scopes=[pb.Scope(name="a")], context=pb.Context(channel="web")
    ).SerializeToString()
    for _ in range(5_000):
        data = bytearray(template)
        for _ in range(source.randrange(1, 6)):
            data[source.randrange(len(data))] = source.randrange(256)
        assert explain_malformed(DESCRIPTOR, bytes(data)).reason in (
            Reason.MALFORMED,
            Reason.INVALID_TEXT,
        )
