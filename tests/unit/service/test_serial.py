"""Answers put together from bytes: the same messages as those that are made whole."""

from __future__ import annotations

import random

import pytest

from offerd.bundle import Bundle, open_bundle
from offerd.customer.view import NOBODY
from offerd.decision.engine import decide
from offerd.model.decision import DecisionContext, Exposure, Options, ScopeQuery, Selection
from offerd.model.selection import RankingMethod
from offerd.service.rendering import Customer
from offerd.service.serialized import Serialized, varint
from offerd.service.tokens import Tokens
from offerd.service.translate.answers import Answers
from offerd.service.translate.serial import SerialAnswers
from offerd.simulation.question import NothingCounted
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import event_service_pb2
from seeds import random_seed
from serving import compile_to

NOW_NS = 1_767_225_600_123_456_789
TOKENS = Tokens(b"s" * 32)
DEFINITIONS = """
placements:
  - {id: text, channel: web, content_type: text}
  - {id: json, channel: web, content_type: json}
offer_attributes: [{name: category, type: string}]
context: [{name: weather, type: string}]
offers:
  - {id: plain, priority: 7, attributes: {category: yoga}, representations:
      [{placement: text, text: hallå}, {placement: json, json: {a: [1, null, true]}}]}
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


@pytest.mark.parametrize("explain", [False, True])
def test_the_same_messages(bundle: Bundle, *, explain: bool) -> None:
    """For any scopes, with tokens and without, whether they are remembered or not."""
    seed = random_seed()
    source = random.Random(seed)
    answers = Answers(bundle)
    serial = SerialAnswers(bundle, answers)
    for round_number in range(60):
        queries = [
            ScopeQuery(
                source.choice(("", "named")), source.choice(("best", "empty")),
                source.choice(("text", "json")), source.randrange(1, 4),
                source.choice((None, True, False)),
            )
            for _ in range(source.randrange(1, 4))
        ]  # fmt: skip
        context, options = DecisionContext({}), Options(explain=explain)
        answer = decide(
            bundle.prepared, NOBODY, context, NOW_NS, queries, options, counts=NothingCounted()
        )
        customer = Customer(bundle.prepared, NOBODY, context, NOW_NS, options)
        stem = source.choice(("p", "é", "long" * 30))
        make_token = None if round_number % 3 == 0 else TOKENS.make
        wanted = pb.DecideResponse(
            request_id="q", revision=bundle.revision, warnings=["w", "å"],
            propositions=[
                answers.proposition(one, f"{stem}-{n}", make_token, customer)
                for n, one in enumerate(answer.propositions)
            ],
            event_results=[event_service_pb2.EventResult(event_id="e")],
        )  # fmt: skip
        now_ns = source.choice((NOW_NS, 0, 1, -1, -(10**18), 10**9, 253_402_300_799 * 10**9))
        wanted.decide_time.FromNanoseconds(now_ns)
        found = serial.response(
            answer, customer, request_id="q", stem=stem, now_ns=now_ns, warnings=["w", "å"],
            tokens=None if make_token is None else TOKENS,
            event_results=[event_service_pb2.EventResult(event_id="e")],
        )  # fmt: skip
        assert isinstance(found, Serialized)
        assert found.message() == wanted


def test_numbers_are_written_as_messages_have_them() -> None:
    """Of one byte and of several."""
    for number in (0, 1, 127, 128, 4_095, 4_096, 2**20, 2**28 - 1, 2**28, 2**31 - 1):
        message = pb.StageCount(count=number)
        data = message.SerializeToString()
        assert data == (b"\x10" + varint(number) if number else b"")


def test_what_differs_within_one_offer_is_not_mixed_up(bundle: Bundle) -> None:
    """Any score, method, ranking and exposure, with or without a strategy, one after another."""
    seed = random_seed()
    source = random.Random(seed)
    answers = Answers(bundle)
    serial = SerialAnswers(bundle, answers)
    context, options = DecisionContext({}), Options()
    query = ScopeQuery("", "best", "text", 3, None)
    answer = decide(
        bundle.prepared, NOBODY, context, NOW_NS, [query], options, counts=NothingCounted()
    )
    customer = Customer(bundle.prepared, NOBODY, context, NOW_NS, options)
    (proposition,) = answer.propositions
    scores = (None, 0.0, -0.0, 7, 1e-300, -2.5, 1e308, float("inf"), float("-inf"))
    for _ in range(300):
        items = []
        for item in proposition.items:
            chosen = item.selection
            assert chosen is not None
            strategy = source.choice((None, chosen.strategy))
            method = source.choice((None, *RankingMethod))
            ranking = source.choice(("", "by-formula", "räknad"))
            selection = Selection(strategy, method, ranking, source.choice(scores))
            items.append(item._replace(selection=selection))
        exposure = source.choice((None, None, Exposure("e", source.choice(("", "a")))))
        one = proposition._replace(items=tuple(items), exposure=exposure)
        wanted = answers.proposition(one, "p-0", TOKENS.make, customer)
        found = serial.response(
            answer._replace(propositions=(one,)), customer, request_id="", stem="p", now_ns=0,
            tokens=TOKENS, warnings=(),
        ).message()  # fmt: skip
        assert isinstance(found, pb.DecideResponse)
        assert found.propositions[0] == wanted
        assert found.propositions[0].ByteSize() == wanted.ByteSize()
