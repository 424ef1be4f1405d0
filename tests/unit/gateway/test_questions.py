"""Requests to decide read from pieces: the same as of the message as a whole, or none."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from google.protobuf import json_format

from offerd.errors import InvalidArgument
from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway.json import questions as questions_module
from offerd_gateway.json.mistake import Mistake
from offerd_gateway.json.questions import Questions, with_name
from offerd_gateway.json.reader import MessageReader
from offerd_gateway.json.text import parse
from seeds import random_seed
from unit.gateway.random_messages import RandomMessages

READER = MessageReader(pb.DecideRequest.DESCRIPTOR)
STATES = ("AUTHENTICATION_STATE_AMBIGUOUS", "AUTHENTICATION_STATE_AUTHENTICATED", "", "?", 2, None)
PLAIN = {
    "identities": [{"namespace": "ecid", "id": "c7"}],
    "scopes": [{"name": "hero"}, {"name": "side"}],
    "context": {"channel": "web", "locales": ["sv-SE"], "attributes": {"weather": "sun"}},
}


def read(body: bytes) -> pb.DecideRequest | None:
    """Returns the message of a body as the reference reads it; None if it is wrong."""
    message = pb.DecideRequest()
    try:
        READER.read(parse(body), message)
    except (InvalidArgument, Mistake):
        return None
    return message


def agreed(questions: Questions, body: bytes) -> bool:
    """Whether a body is read from pieces, and if so, as the reference does."""
    question = questions.read(body)
    if question is None:
        return False
    data = with_name(question.request_id, question.data)
    whole = read(body)
    assert whole is not None, body
    if data is not None:
        assert pb.DecideRequest.FromString(data) == whole, body
    assert question.request_id == whole.request_id
    return True


def plain(source: random.Random) -> dict[str, Any]:
    """Returns members that are mostly right, in any order."""
    identities = []
    for _ in range(source.choice((0, 1, 1, 1, 2, 3))):
        one: dict[str, Any] = {
            "namespace": source.choice(("ecid", "email", "")),
            "id": source.choice(("c7", "Zoë", "x" * 130, "", " ", "a@example.com")),
        }
        if source.random() < 0.3:
            one["authenticationState"] = source.choice(STATES)
        identities.append(one)
    members: dict[str, Any] = {
        "identities": identities,
        "scopes": [{"name": name} for name in source.sample(("hero", "side", "foot"), 2)],
        "requestId": source.choice(("", "mine", "ö", "r" * 127, "r" * 128)),
        "context": source.choice((
            {}, PLAIN["context"], None, {"location": {"latitude": source.random()}}, {"channel": 1},
        )),
        "deduplication": source.choice(("DEDUPLICATION_REQUEST", 2, "no", None)),
    }  # fmt: skip
    names = source.sample(sorted(members), source.randrange(len(members) + 1))
    return {name: members[name] for name in names}


def written(source: random.Random, members: dict[str, Any]) -> bytes:
    """Returns JSON as one caller or another writes it."""
    text = json.dumps(
        members,
        ensure_ascii=source.random() < 0.3,
        indent=source.choice((None, None, 1)),
        separators=source.choice(((",", ":"), (", ", ": "))),
    )
    if source.random() < 0.2 and members:
        # A member twice, somewhere.
        name = source.choice(sorted(members))
        twice = f'"{name}": {json.dumps(members[name])}, '
        return text.replace("{", "{" + twice, 1).encode()
    return text.encode()


@pytest.mark.parametrize("most", [2, 16_384])
def test_the_same_request(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Of any body, whether its pieces have come before or not, and have been forgotten."""
    monkeypatch.setattr(questions_module, "MOST", most)
    source = random.Random(random_seed())
    questions = Questions()
    found = 0
    for _ in range(3_000):
        body = written(source, plain(source))
        if source.random() < 0.3 and body:
            place = source.randrange(len(body))
            other = source.choice(
                (b"", b'"', b"\\", b"\n", b"\x00", b"\xff", b"{", b"1", b"\xc3\xb6")
            )
            body = body[:place] + other + body[place + source.randrange(2) :]
        found += agreed(questions, body)
    assert found > 300


def test_any_request() -> None:
    """Random messages are read as they are by the reference, or not at all."""
    seed = random_seed()
    messages, questions = RandomMessages(seed), Questions()
    for _ in range(300):
        message = messages.fill(pb.DecideRequest())
        agreed(questions, json_format.MessageToJson(message).encode())


def test_plain_requests_are_read() -> None:
    """Those that have come before and those that haven't, however they are laid out."""
    questions = Questions()
    for number in range(3):
        members = PLAIN | {"identities": [{"namespace": "ecid", "id": f"c{number}"}]}
        for text in (json.dumps(members), json.dumps(members, indent=2)):
            assert agreed(questions, text.encode())
    assert agreed(questions, json.dumps(PLAIN | {"requestId": "mine"}).encode())
    assert agreed(questions, b"{}")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b"null", b"{}{}", b"\xef\xbb\xbf{}", b'{"scopes": [{}], "scopes": [{}]}',
        b'{"identities": [{"namespace": "a", "namespace": "b", "id": "c"}]}',
        b'{"identities": [{"namespace": "a", "id": "b"}], "identities": []}',
        b'{"identities": [{"namespace": "a", "id": "b", "more": 1}]}',
        b'{"identities": [{"namespace": "a", "id": "\\ud800"}]}',
        b'{"identities": [{"namespace": "a", "id": "b\xff"}]}',
        b'{"requestId": "a", "request_id": "a"}', b'{"requestId": "\\u0061"}', b'{"requestId": 1}',
        b'{"scopes": [{"name": "a", "name": "b"}]}', b'{"scopes": [{"name": "a"}], "other": 1}',
        b'{"context": {"attributes": {"a": 1, "a": 2}}}', b'{"dryRun": true}',
        b'{"context": ' + b'{"attributes": {"a": ' * 3_000,
    ],
)  # fmt: skip
def test_what_is_unusual_or_wrong_is_not_read(body: bytes) -> None:
    """The reader of messages tells what is wrong with it, or reads it."""
    assert Questions().read(body) is None


def test_much_is_not_remembered() -> None:
    """Large pieces, and where somebody is, are read anew each time."""
    questions = Questions()
    large = {"scopes": [{"name": "s" * 3_000}], "context": {"location": {"latitude": 1.5}}}
    for _ in range(2):
        assert agreed(questions, json.dumps(large).encode())
    assert not any(questions._known.values())


def test_many_pieces_take_little_room() -> None:
    """Whoever sends another context each time doesn't fill the memory with them."""
    questions = Questions()
    for number in range(8_000):
        assert agreed(questions, json.dumps({"scopes": [{"name": f"{number:02000}"}]}).encode())
        if number % 1_000 == 0:
            assert agreed(questions, json.dumps(PLAIN).encode())
    known = questions._known["scopes"]
    assert len(known) > 10
    assert sum(len(value) + len(piece.data) for value, piece in known.items()) <= 8 << 20
