"""Answers to decide written from what they are made of: the same JSON as of their message."""

from __future__ import annotations

import random

import pytest

from offerd.bundle import Bundle, open_bundle
from offerd.customer.view import NOBODY
from offerd.decision.engine import decide
from offerd.model.decision import (
    DecisionContext,
    Exposure,
    Options,
    Outcome,
    Proposition,
    ScopeQuery,
)
from offerd.service.rendering import Customer
from offerd.service.tokens import Tokens
from offerd.service.translate.answers import Answers
from offerd.service.translate.serial import SerialAnswers
from offerd.simulation.question import NothingCounted
from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway.json import pieces as pieces_module
from offerd_gateway.json import texts as texts_module
from offerd_gateway.json.texts import AnswerTexts
from offerd_gateway.json.writer import MessageWriter, to_json
from seeds import random_seed
from serving import compile_to

WHOLE = MessageWriter(pb.DecideResponse.DESCRIPTOR)
TOKENS = Tokens(b"s" * 32)
NOW_NS = 1_767_225_600_123_456_789
INSTANTS_NS = (NOW_NS, 0, 1, -1, -(10**18), 10**9, 120_000_000, 253_402_300_799 * 10**9)
DEFINITIONS = """
placements:
  - {id: text, channel: web, content_type: text}
  - {id: json, channel: web, content_type: json}
offer_attributes: [{name: category, type: string}]
context: [{name: weather, type: string}]
offers:
  - {id: plain, priority: 7, attributes: {category: "yo\\"ga"}, representations:
      [{placement: text, text: "hallå \\"du\\""}, {placement: json, json: {a: [1, null, true]}}]}
  - {id: large, priority: 5, representations: [{placement: text, text: "LARGE"}]}
  - {id: written, priority: 0, eligibility: "now.getFullYear() > 2020", representations:
      [{placement: text, text: "it is {{ context.weather | 'fine' }}"}]}
fallback_offers:
  - {id: none, representations: [{placement: text, text: N}, {placement: json, json: 1}]}
collections: [{id: all, offers: [plain, large, written]}, {id: no, any_tags: [none-has]}]
strategies:
  - {id: all, collection: all, constraint: now.getFullYear() > 2020, ranking: priority}
  - {id: no, collection: no, ranking: priority}
decisions:
  - {id: best, placements: [text, json], strategies: [all], fallbacks: [none]}
  - {id: empty, placements: [text, json], strategies: [no], fallbacks: [none]}
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Offers of each kind of content, one too large to be remembered, and fallbacks."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "definitions").mkdir()
    text = DEFINITIONS.replace("LARGE", "x" * 10_000)
    (folder / "definitions" / "all.yaml").write_text(text, encoding="utf-8")
    return open_bundle(compile_to(folder, folder / "definitions"))


def changed(source: random.Random, one: Proposition) -> Proposition:
    """Returns a proposition as it is, or with no items, another outcome, or an exposure."""
    kind = source.randrange(40)
    if kind == 0:
        return one._replace(exposure=Exposure("e", "a"))
    if kind < 5:
        return one._replace(items=(), outcome=source.choice([*Outcome]))
    return one._replace(outcome=source.choice([*Outcome])) if kind < 8 else one


@pytest.mark.parametrize("most", [2, 4_096])
def test_the_same_json(bundle: Bundle, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Of any answer, whether its pieces have come before or not, and have been forgotten."""
    monkeypatch.setattr(texts_module, "MOST", most)
    source = random.Random(random_seed())
    serial, texts = SerialAnswers(bundle, Answers(bundle)), AnswerTexts()
    in_pieces = 0
    for _ in range(400):
        queries = [
            ScopeQuery(
                source.choice(("", "named", 'q"ö')),
                source.choice(("best", "empty")), source.choice(("text", "json")),
                source.randrange(1, 4), source.choice((None, True, False)),
            )
            for _ in range(source.randrange(12 if source.random() < 0.1 else 4))
        ]  # fmt: skip
        context = DecisionContext({"weather": source.choice(("sun", 'r"ain', "snö"))})
        options = Options(explain=source.random() < 0.1)
        answer = decide(
            bundle.prepared, NOBODY, context, NOW_NS, queries, options, counts=NothingCounted()
        )
        several = [changed(source, one) for one in answer.propositions]
        answer = answer._replace(propositions=tuple(several))
        found = serial.response(
            answer, Customer(bundle.prepared, NOBODY, context, NOW_NS, options),
            request_id=source.choice(("", "mine", 'q"', "ü", "q" * 127)), stem="0123abcd" * 3,
            now_ns=source.choice(INSTANTS_NS), warnings=source.choice(((), ("w", 'å"'))),
            tokens=source.choice((TOKENS, TOKENS, TOKENS, None)),
        )  # fmt: skip
        in_pieces += found.pieces is not None
        told = texts.write(found)
        whole = pb.DecideResponse.FromString(found.data)
        assert told == to_json(WHOLE.write(whole))
        assert told == texts.write(found)
    assert in_pieces > 100
    assert max(map(len, texts._items)) <= 4_096
    assert len(texts._items) <= most
    assert len(texts._told) <= most


def test_the_pieces_are_all_there_is(bundle: Bundle) -> None:
    """Put together they are the bytes of the propositions, five at a time."""
    serial = SerialAnswers(bundle, Answers(bundle))
    context, options = DecisionContext({}), Options()
    queries = [
        ScopeQuery("", "best", "text", 3, None), ScopeQuery("a", "best", "json", 1, None),
        ScopeQuery("b", "empty", "json", 1, None),
    ]  # fmt: skip
    answer = decide(
        bundle.prepared, NOBODY, context, NOW_NS, queries, options, counts=NothingCounted()
    )
    first, second, third = answer.propositions
    answer = answer._replace(propositions=(first, second._replace(items=()), third))
    found = serial.response(
        answer, Customer(bundle.prepared, NOBODY, context, NOW_NS, options), request_id="q",
        stem="p", now_ns=NOW_NS, warnings=("w",), tokens=TOKENS,
    )  # fmt: skip
    assert found.pieces is not None
    request_id, revision, now_ns, propositions, warnings = found.pieces
    whole = pb.DecideResponse.FromString(found.data)
    assert len(propositions) % 5 == 0
    again = pb.DecideResponse.FromString(b"".join(propositions))
    assert [*again.propositions] == [*whole.propositions]
    assert [len(one.items) for one in whole.propositions] == [3, 0, 1]
    assert (request_id, revision, [*warnings]) == (
        whole.request_id, whole.revision, [*whole.warnings],
    )  # fmt: skip
    assert now_ns == whole.decide_time.ToNanoseconds()


def test_what_is_written_for_one_caller_takes_little(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts that callers bring about are remembered up to a size, however many there are."""
    monkeypatch.setattr(pieces_module, "MOST_BYTES", 20_000)
    serial, texts, options = SerialAnswers(bundle, Answers(bundle)), AnswerTexts(), Options()
    queries, most_bytes = [ScopeQuery("", "best", "text", 3, None)], 0
    for number in range(30):
        context = DecisionContext({"weather": f"{number}" * 1_000})
        answer = decide(
            bundle.prepared, NOBODY, context, NOW_NS, queries, options, counts=NothingCounted()
        )
        found = serial.response(
            answer, Customer(bundle.prepared, NOBODY, context, NOW_NS, options), request_id="q",
            stem="p", now_ns=NOW_NS, warnings=(), tokens=TOKENS,
        )  # fmt: skip
        assert texts.write(found) == to_json(WHOLE.write(found.message()))
        for known in (texts._items, texts._pieces._items):
            size_bytes = sum(len(b"".join((one, *around))) for one, around in known.items())
            assert size_bytes <= 20_000
            most_bytes = max(size_bytes, most_bytes)
    assert most_bytes > 10_000
