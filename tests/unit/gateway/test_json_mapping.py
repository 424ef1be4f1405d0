"""The JSON mapping: as the protobuf library does it, with mistakes named."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from offerd.errors import InvalidArgument, Reason
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd_gateway.json.free import MAX_LEVELS
from offerd_gateway.json.mistake import Mistake
from offerd_gateway.json.reader import MessageReader
from offerd_gateway.json.text import parse
from offerd_gateway.json.writer import MessageWriter, to_json
from offerd_gateway.openapi.examples import DECIDE
from offerd_gateway.routes import rpcs
from seeds import random_seed
from unit.gateway.random_messages import RandomMessages

ROUNDS = 60


def read(message: Message, value: object) -> Message:
    """Read a JSON value into a message, mistakes as errors."""
    try:
        MessageReader(message.DESCRIPTOR).read(value, message)
    except Mistake as mistake:
        raise mistake.error() from None
    return message


@pytest.mark.parametrize("rpc", rpcs(), ids=lambda rpc: rpc.descriptor.name)
@pytest.mark.parametrize("original_names", [False, True], ids=["camelCase", "original names"])
def test_requests_are_read_as_the_library_reads_them(rpc: Any, original_names: bool) -> None:
    """Any request that the protobuf library wrote is read into the same message."""
    seed = random_seed()
    make = RandomMessages(seed)
    for _ in range(ROUNDS):
        message = make.fill(rpc.request_class())
        text = json_format.MessageToJson(message, preserving_proto_field_name=original_names)
        assert read(rpc.request_class(), parse(text.encode())) == message


@pytest.mark.parametrize("rpc", rpcs(), ids=lambda rpc: rpc.descriptor.name)
def test_answers_are_written_as_the_library_writes_them(rpc: Any) -> None:
    """Any answer is written as the protobuf library writes it."""
    seed = random_seed()
    make = RandomMessages(seed)
    writer = MessageWriter(rpc.response_class.DESCRIPTOR)
    for _ in range(ROUNDS):
        message = make.fill(rpc.response_class())
        expected = json_format.MessageToDict(message)
        assert json.loads(to_json(writer.write(message))) == expected


def test_answers_with_what_is_no_number() -> None:
    """NaN and infinity are written as the strings that the mapping has for them."""
    for number, text in ((math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")):
        message = decisions.Selection(score=number)
        assert MessageWriter(message.DESCRIPTOR).write(message) == {"score": text}


def test_a_newer_enum_value_is_written_as_its_number() -> None:
    """A value that this door doesn't know isn't lost."""
    message = decisions.Proposition(outcome=77)
    assert MessageWriter(message.DESCRIPTOR).write(message) == {"outcome": 77}


def decide(**members: Any) -> dict[str, Any]:
    """A request that is right but for `members`."""
    return {"scopes": [{"name": "s"}], **members}


def attributes(value: Any) -> dict[str, Any]:
    """A request with a free attribute."""
    return decide(context={"attributes": {"a": value}})


MISTAKES: list[tuple[Any, Reason, str, str]] = [
    ([], Reason.WRONG_TYPE, "", "the request must be an object, found a list"),
    (None, Reason.WRONG_TYPE, "", "found null"),
    ({"scope": []}, Reason.UNKNOWN_FIELD, "scope", "did you mean `scopes`?"),
    ({"scopes": {}}, Reason.WRONG_TYPE, "scopes", "must be a list, found an object"),
    ({"scopes": ["s"]}, Reason.WRONG_TYPE, "scopes[0]", "must be an object, found the string"),
    ({"scopes": [None]}, Reason.WRONG_TYPE, "scopes[0]", "must be an object, found null"),
    ({"scopes": [{}, {"nam": "s"}]}, Reason.UNKNOWN_FIELD, "scopes[1].nam", "`name`"),
    ({"scopes": [{"name": 7}]}, Reason.WRONG_TYPE, "scopes[0].name", "found the number `7`"),
    ({"scopes": [{"name": "\ud800"}]}, Reason.INVALID_TEXT, "scopes[0].name", "surrogate"),
    (decide(dryRun="yes"), Reason.WRONG_TYPE, "dry_run", "must be true or false"),
    (decide(dryRun=1), Reason.WRONG_TYPE, "dry_run", "must be true or false"),
    (
        {"scopes": [{"itemCount": 1.5}]},
        Reason.WRONG_TYPE,
        "scopes[0].item_count",
        "must be a whole number",
    ),
    ({"scopes": [{"itemCount": True}]}, Reason.WRONG_TYPE, "scopes[0].item_count", "`true`"),
    ({"scopes": [{"itemCount": 2**31}]}, Reason.OUT_OF_RANGE, "scopes[0].item_count", "from"),
    ({"scopes": [{"itemCount": math.nan}]}, Reason.OUT_OF_RANGE, "scopes[0].item_count", "NaN"),
    (
        {"scopes": [{"itemCount": 1, "item_count": 1}]},
        Reason.CONFLICTING_FIELDS,
        "scopes[0].item_count",
        "given twice",
    ),
    (
        decide(context={"location": {"latitude": "x"}}),
        Reason.WRONG_TYPE,
        "context.location.latitude",
        "must be a number, found the string `x`",
    ),
    (
        decide(context={"location": {"latitude": "NaN"}}),
        Reason.OUT_OF_RANGE,
        "context.location.latitude",
        "must be a finite number",
    ),
    (
        decide(context={"location": {"latitude": math.inf}}),
        Reason.OUT_OF_RANGE,
        "context.location.latitude",
        "must be a finite number",
    ),
    (
        decide(context={"location": {"latitude": 10**400}}),
        Reason.OUT_OF_RANGE,
        "context.location.latitude",
        "must be a finite number",
    ),
    (decide(context={"locales": [7]}), Reason.WRONG_TYPE, "context.locales[0]", "a string"),
    (
        decide(identities=[{"authenticationState": "AUTHENTICATED"}]),
        Reason.VALUE_NOT_ALLOWED,
        "identities[0].authentication_state",
        "did you mean `AUTHENTICATION_STATE_AUTHENTICATED`?",
    ),
    (
        decide(identities=[{"authenticationState": 9}]),
        Reason.VALUE_NOT_ALLOWED,
        "identities[0].authentication_state",
        "found the number `9`",
    ),
    (
        decide(identities=[{"authenticationState": []}]),
        Reason.WRONG_TYPE,
        "identities[0].authentication_state",
        "found a list",
    ),
    (decide(decideTime="yesterday"), Reason.INVALID_TIME, "decide_time", "RFC 3339"),
    (decide(decideTime="12000-01-01T00:00:00Z"), Reason.INVALID_TIME, "decide_time", "1 to 9999"),
    (decide(decideTime="0000-01-01T00:00:00Z"), Reason.INVALID_TIME, "decide_time", "exists"),
    (decide(decideTime="2026-02-30T00:00:00Z"), Reason.INVALID_TIME, "decide_time", "exists"),
    (decide(decideTime="2026-01-01T00:00:00"), Reason.INVALID_TIME, "decide_time", "RFC 3339"),
    (decide(decideTime="2026-01-01T00:00:00+25:00"), Reason.INVALID_TIME, "decide_time", "offset"),
    (decide(decideTime="0001-01-01T00:00:00+01:00"), Reason.INVALID_TIME, "decide_time", "UTC"),
    (decide(decideTime=1700000000), Reason.WRONG_TYPE, "decide_time", "RFC 3339"),
    (attributes(math.nan), Reason.OUT_OF_RANGE, "context.attributes.a", "finite"),
    (attributes([1, {"b": math.inf}]), Reason.OUT_OF_RANGE, "context.attributes.a[1].b", "finite"),
    (attributes(2**53 + 1), Reason.OUT_OF_RANGE, "context.attributes.a", "exactly"),
    (attributes("\udfff"), Reason.INVALID_TEXT, "context.attributes.a", "surrogate"),
    (
        decide(context={"attributes": {"\udfff": 1}}),
        Reason.INVALID_TEXT,
        "context.attributes.?",
        "",
    ),
    (decide(context={"attributes": [1]}), Reason.WRONG_TYPE, "context.attributes", "an object"),
    (
        decide(overrides={"memberships": [1]}),
        Reason.WRONG_TYPE,
        "overrides.memberships",
        "must be an object, found a list",
    ),
    (
        decide(overrides={"memberships": {"vip": "yes"}}),
        Reason.WRONG_TYPE,
        "overrides.memberships.vip",
        "must be true or false",
    ),
    (
        decide(overrides={"scores": {"yoga": "NaN"}}),
        Reason.OUT_OF_RANGE,
        "overrides.scores.yoga",
        "finite",
    ),
    (
        decide(overrides={"scores": {"\ud800": 1}}),
        Reason.INVALID_TEXT,
        "overrides.scores.?",
        "surrogate",
    ),
]


@pytest.mark.parametrize(("value", "reason", "field", "words"), MISTAKES)
def test_a_mistake_is_named(value: Any, reason: Reason, field: str, words: str) -> None:
    """The first mistake in a request is told with its reason, field, and what was found."""
    with pytest.raises(InvalidArgument) as caught:
        read(decisions.DecideRequest(), value)
    error = caught.value
    assert (error.reason, error.field) == (reason, field)
    assert words in error.message
    assert error.message.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "seconds", "nanos"),
    [
        ("1970-01-01T00:00:00Z", 0, 0),
        ("1970-01-01T02:00:00.5+02:00", 0, 500_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1, 999_999_999),
        ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
    ],
)
def test_times(text: str, seconds: int, nanos: int) -> None:
    """Times of the years 1 to 9999 are read to the nanosecond, with any offset."""
    request = read(decisions.DecideRequest(), {"decideTime": text})
    assert (request.decide_time.seconds, request.decide_time.nanos) == (seconds, nanos)


@pytest.mark.parametrize(
    ("text", "seconds", "nanos"),
    [
        ("0s", 0, 0),
        ("600s", 600, 0),
        ("1.5s", 1, 500_000_000),
        ("-0.000000001s", 0, -1),
        ("315576000000s", 315_576_000_000, 0),
    ],
)
def test_durations(text: str, seconds: int, nanos: int) -> None:
    """Durations are seconds with their unit, to the nanosecond, up to 10,000 years."""
    request = read(caps.ReserveRequest(), {"ttl": text})
    assert (request.ttl.seconds, request.ttl.nanos) == (seconds, nanos)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (600, Reason.WRONG_TYPE),
        ("600", Reason.INVALID_TIME),
        ("1h", Reason.INVALID_TIME),
        (" 1s", Reason.INVALID_TIME),
        ("1.0000000001s", Reason.INVALID_TIME),
        ("315576000000.1s", Reason.OUT_OF_RANGE),
    ],
)
def test_what_is_no_duration(value: object, reason: Reason) -> None:
    """Anything else is refused with the field."""
    with pytest.raises(InvalidArgument) as caught:
        read(caps.ReserveRequest(), {"ttl": value})
    assert (caught.value.reason, caught.value.field) == (reason, "ttl")


def test_null_is_absent() -> None:
    """null leaves a field unset, but is a value among free attributes."""
    request = read(
        decisions.DecideRequest(),
        {"scopes": None, "dryRun": None, "context": {"channel": None, "attributes": {"a": None}}},
    )
    expected = decisions.DecideRequest()
    expected.context.attributes["a"] = None
    assert request == expected


@pytest.mark.parametrize("wrap", [lambda value: {"a": value}, lambda value: [value]])
def test_deep_nesting_survives_the_wire_or_is_refused(wrap: Callable[[Any], Any]) -> None:
    """Values nest as deep as stated, which protobuf still reads; one level more is refused."""

    def nested(levels: int) -> dict[str, Any]:
        value: Any = 1
        for _ in range(levels):
            value = wrap(value)
        return {"events": [{"properties": {"a": value}}]}

    message = read(events.CollectRequest(), nested(MAX_LEVELS))
    assert events.CollectRequest.FromString(message.SerializeToString()) == message
    with pytest.raises(InvalidArgument, match="is nested more than 30 levels deep") as caught:
        read(events.CollectRequest(), nested(MAX_LEVELS + 1))
    assert caught.value.reason is Reason.TOO_LARGE
    assert caught.value.field == "events[0].properties"


BODIES: list[tuple[bytes, Reason, str, str]] = [
    (b"", Reason.MALFORMED, "", "line 1, column 1"),
    (b'{"a":\n  tru}', Reason.MALFORMED, "", "line 2, column 3"),
    (b'{"a": 1} x', Reason.MALFORMED, "", "line 1, column 10"),
    (b"{'a': 1}", Reason.MALFORMED, "", "line 1, column 2"),
    (b'{"a": "\x01"}', Reason.MALFORMED, "", "control character"),
    (b'\xef\xbb\xbf{"a": 1}', Reason.MALFORMED, "", "line 1, column 1"),
    (b'{"a": 1, "b": {"c": 1, "c": 2}}', Reason.MALFORMED, "b.c", "given twice"),
    (b'{"a": [1, {"c": 1, "c": 2}]}', Reason.MALFORMED, "a[1].c", "given twice"),
    (b'{"c": 1, "c": ' + b"9" * 5000 + b"}", Reason.MALFORMED, "c", "given twice"),
    (b'{"b": {"c": 1, "c": 2} x}', Reason.MALFORMED, "", "line 1, column 24"),
    (b'{"a":\n "\xff"}', Reason.INVALID_TEXT, "", "line 2, column 3: byte `0xff`"),
    (b'{"a": "\xed\xa0\x80"}', Reason.INVALID_TEXT, "", "line 1, column 8"),
    (b"[" * 100_000, Reason.TOO_LARGE, "", "too deep"),
    (b'{"a":' * 100_000, Reason.TOO_LARGE, "", "too deep"),
]


@pytest.mark.parametrize(("body", "reason", "field", "words"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_no_json_is_placed(
    body: bytes, reason: Reason, field: str, words: str
) -> None:
    """A body that can't be read is told with line and column, or with the key at fault."""
    with pytest.raises(InvalidArgument) as caught:
        parse(body)
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert words in caught.value.message


def test_a_number_of_any_length_is_infinite() -> None:
    """A number too long to convert is left for the reader to refuse, with its field."""
    assert parse(b'{"a": ' + b"9" * 5000 + b"}") == {"a": math.inf}
    assert parse(b'{"a": -' + b"9" * 5000 + b', "b": 7}') == {"a": -math.inf, "b": 7}


def test_mangled_bodies_are_read_or_refused() -> None:
    """Whatever is done to a body, it is read or refused, and never anything else."""
    seed = random_seed()
    chance = random.Random(seed)
    snippets = b'" { ] , : \\u \xff 1e999 null - NaN \x00'.split(b" ")
    for _ in range(1500):
        body = bytearray(json.dumps(DECIDE, ensure_ascii=False).encode())
        for _ in range(chance.randrange(1, 4)):
            start = chance.randrange(len(body))
            end = start + chance.choice([0, 0, 1, 5, 20])
            body[start:end] = chance.choice(snippets)
        with suppress(InvalidArgument):
            read(decisions.DecideRequest(), parse(bytes(body)))
