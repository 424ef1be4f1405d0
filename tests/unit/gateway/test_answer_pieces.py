"""Answers to decide written from pieces: the same JSON as of the message as a whole."""

from __future__ import annotations

import random

import pytest

from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway.json import pieces as pieces_module
from offerd_gateway.json.pieces import AnswerPieces
from offerd_gateway.json.writer import MessageWriter, to_json
from seeds import random_seed
from unit.gateway.random_messages import RandomMessages

WHOLE = MessageWriter(pb.DecideResponse.DESCRIPTOR)


def written(data: bytes) -> bytes:
    """Returns the JSON of a message as a whole."""
    return to_json(WHOLE.write(pb.DecideResponse.FromString(data)))


@pytest.mark.parametrize("most", [3, 16_384])
def test_the_same_json(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Of any answer, whether its pieces have come before or not, and have been forgotten."""
    monkeypatch.setattr(pieces_module, "MOST", most)
    seed = random_seed()
    source, messages = random.Random(seed), RandomMessages(seed)
    answers = AnswerPieces()
    items = [messages.fill(pb.Item()) for _ in range(20)]
    scopes = [messages.fill(pb.Scope()) for _ in range(5)]
    pieced = 0
    for _ in range(400):
        answer = pb.DecideResponse()
        if source.random() < 0.2:
            messages.fill(answer)
        else:
            answer.request_id, answer.revision = source.choice(("", "mine", 'ö"')), "r"
            answer.decide_time.FromNanoseconds(source.randrange(-(10**18), 10**18))
            answer.warnings.extend(source.sample(("a", "", "å"), source.choice((0, 0, 2))))
        for _ in range(source.randrange(4)):
            one = answer.propositions.add(proposition_id=source.choice(("p-0", "", "é")))
            one.outcome = source.choice((0, 1, 2, 3, 4, 77))
            one.scope.CopyFrom(source.choice(scopes))
            if source.random() < 0.2:
                one.exposure.arm = "a"
            for _ in range(source.randrange(3)):
                item = one.items.add()
                item.CopyFrom(source.choice(items))
                item.token = source.choice(("", "abc", "abc-_1"))
                if source.random() < 0.5:
                    item.selection.score = source.choice((0.0, 1.0, 2.5, float("inf")))
        data = answer.SerializeToString()
        assert answers.write(data) == written(data)
        pieced += len(answers._items) > 0
    assert pieced > 100


def field(tag: bytes, value: bytes) -> bytes:
    """Returns a field with a length."""
    size = len(value)
    length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
    return tag + length + value


@pytest.mark.parametrize("most", [3, 16_384])
def test_tokens_that_come_last(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """As the service writes items, and as nobody does: propositions are known by the rest of them.

    Names, tokens and all else come in every combination, and so do parts of propositions.
    """
    monkeypatch.setattr(pieces_module, "MOST", most)
    source = random.Random(random_seed())
    answers = AnswerPieces()
    names = (
        b"",
        field(b"\x0a", b"p-0"),
        field(b"\x0a", b"p-1"),
        field(b"\x0a", b"n" * 130),
        b"\x0a\x00",
    )
    scopes = (b"", field(b"\x12", field(b"\x0a", b"s")), field(b"\x12", field(b"\x0a", b"t\x12")))
    outcomes = (b"", b"\x18\x01", b"\x18\x02")
    texts = (
        "a",
        "b",
        "t" * 68,
        "u" * 68,
        "t" * 125,
        "t" * 126,
        "t" * 127,
        "t" * 130,
        "x\x12",
        "\x12",
        "",
        'q"',
    )
    tokens = (b"", *(field(b"\x12", text.encode()) for text in texts))
    offers = (
        field(b"\x0a", b"one"),
        field(b"\x0a", b"two") + b"\x32\x03\x0a\x01s",
        b"",
        b"\x18\x01",
    )
    for _ in range(3_000):
        whole = b""
        for _ in range(source.randrange(1, 4)):
            items = [
                source.choice(offers) + source.choice(tokens)
                for _ in range(source.choice((0, 1, 1, 1, 2)))
            ]
            one = source.choice(names) + source.choice(scopes) + source.choice(outcomes)
            one += b"".join(field(b"\x22", item) for item in items)
            if source.random() < 0.1:
                one += source.choice(
                    (field(b"\x32", field(b"\x0a", b"e")), b"\x18\x03", b"\x12\x00")
                )
            whole += field(b"\x22", one)
        assert answers.write(whole) == written(whole)
    assert answers._propositions


@pytest.mark.parametrize("nanos", [0, 1, 1_000, 120_000, 1_000_000, 500_000_000, 999_999_999])
@pytest.mark.parametrize("seconds", [-62_135_596_800, -1, 0, 1_700_000_000, 253_402_300_799])
def test_instants(seconds: int, nanos: int) -> None:
    """They have no fraction, or one of three, six or nine digits."""
    answers = AnswerPieces()
    answer = pb.DecideResponse()
    answer.decide_time.seconds, answer.decide_time.nanos = seconds, nanos
    for _ in range(2):
        data = answer.SerializeToString()
        assert answers.write(data) == written(data)
        answer.decide_time.seconds = 5


def test_fields_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens may come after all else; what is otherwise unusual is written as a whole."""
    offer, token, fallback = b"\x0a\x01a", b"\x12\x03abc", b"\x18\x01"
    selection, later = b"\x32\x03\x0a\x01s", b"\x32\x03\x0a\x01t"
    several = (
        offer + selection + token, token + offer, fallback + token + offer, offer + token + token,
        offer + selection + later, token, b"", offer + b"\xfa\x3e\x01x", offer + offer,
    )  # fmt: skip
    answers = AnswerPieces()
    for item in several:
        field = b"\x22" + bytes((len(item),)) + item
        proposition = b"\x0a\x01p" + field
        for whole in (
            proposition,
            field + b"\x0a\x01p",
            proposition + b"\x18\x01",
            b"\x0a\x01p\x18\x00" + field,
        ):
            data = b"\x22" + bytes((len(whole),)) + whole
            for one in (data, data + b"\x0a\x01q", b"\x0a\x01q" + data + data, b"\x0a\x00" + data):
                assert answers.write(one) == written(one)


def test_long_answers() -> None:
    """Lengths of several bytes, and pieces too large to be remembered."""
    answers = AnswerPieces()
    for size in (100, 127, 128, 300, 5_000, 20_000, 70_000):
        answer = pb.DecideResponse(request_id="q" * size)
        item = answer.propositions.add(proposition_id="p").items.add(offer="a", token="t" * size)
        item.content.text = "x" * size
        for _ in range(2):
            assert answers.write(answer.SerializeToString()) == written(answer.SerializeToString())
    assert max(map(len, answers._items)) <= pieces_module.LARGEST_BYTES
