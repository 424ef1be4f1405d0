"""Parts of requests that are remembered: the same answers as when each is checked anew."""

from __future__ import annotations

import random
from typing import Any

import pytest

from offerd.bundle import Bundle, open_bundle
from offerd.errors import InvalidArgument
from offerd.service.translate import remembered
from offerd.service.translate.context import context
from offerd.service.translate.remembered import MOST, Remembered
from offerd.service.translate.scopes import scopes
from offerd.v1 import decision_service_pb2 as pb
from seeds import random_seed
from serving import compile_to

DEFINITIONS = """
context: [{name: weather, type: string}, {name: degrees, type: double}]
placements: [{id: web, channel: web, content_type: text}]
offers: [{id: a, representations: [{placement: web, text: A}]}]
collections: [{id: all, offers: [a]}]
strategies: [{id: all, collection: all, ranking: priority}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: d, placement: web, item_count: 2}]
"""
UNKNOWN_FIELD = b"\xfa\x3e"
"""The tag of field 1007, as bytes; no message has it."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """One decision, and attributes of the context."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS)
    return open_bundle(compile_to(folder, folder / "definitions"))


def _remembering(bundle: Bundle) -> Remembered:
    return Remembered(bundle.prepared, {one.path: one for one in bundle.catalogue.schema.context})


def _unknown(size_bytes: int) -> bytes:
    varint = bytes((size_bytes & 0x7F | 0x80, size_bytes >> 7 & 0x7F | 0x80, size_bytes >> 14))
    return UNKNOWN_FIELD + varint + b"x" * size_bytes


def _outcome(work: Any, *arguments: Any, **named: Any) -> Any:
    try:
        return work(*arguments, **named)
    except InvalidArgument as error:
        return error.reason, error.message, error.field


def test_the_same_as_checked_anew(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """For any scopes and contexts, right or wrong, also once all were forgotten."""
    monkeypatch.setattr(remembered, "MOST", 7)
    seed = random_seed()
    source = random.Random(seed)
    kept = _remembering(bundle)
    declared = {one.path: one for one in bundle.catalogue.schema.context}
    for _ in range(600):
        request = pb.DecideRequest(explain=source.random() < 0.1)
        for _ in range(source.randrange(4)):
            scope = request.scopes.add(name=source.choice(("hero", "", "zero")))
            if source.random() < 0.3:
                scope.decision, scope.placement = "d", "web"
            if source.random() < 0.3:
                scope.item_count = source.randrange(4)
            if source.random() < 0.3:
                scope.top_up = source.random() < 0.5
        if source.random() < 0.5:
            request.context.attributes.update(
                {source.choice(("weather", "degrees", "moon")): source.choice(("sun", 1.5, None))}
            )
        if source.random() < 0.3:
            request.context.location.latitude = source.choice((59.0, 91.0))
            request.context.location.longitude = 18.0
        request.context.locales.extend(source.choice(((), ("sv",), ("en", "sv"), ("?",))))
        found = _outcome(kept.scopes, request)
        assert found == _outcome(scopes, request.scopes, bundle.prepared, explain=request.explain)
        assert _outcome(kept.context, request) == _outcome(context, request.context, declared)


def test_large_messages_are_not_kept(bundle: Bundle) -> None:
    """Fields that nobody knows make a message as large as they like, and no scope of it."""
    kept = _remembering(bundle)
    large = pb.Scope.FromString(pb.Scope(name="hero").SerializeToString() + _unknown(100_000))
    assert large.ByteSize() > 100_000
    request = pb.DecideRequest(scopes=[large])
    assert kept.scopes(request) == kept.scopes(request)
    assert kept.scopes(request) is not kept.scopes(request)
    small = pb.DecideRequest(scopes=[pb.Scope(name="hero")])
    assert kept.scopes(small) is kept.scopes(small)


def test_where_somebody_is_is_not_kept(bundle: Bundle) -> None:
    """Nor does it crowd out what comes again and again."""
    kept = _remembering(bundle)
    common = pb.DecideRequest(context=pb.Context(locales=["sv"]))
    first = kept.context(common)
    for number in range(2 * MOST):
        where = pb.Location(latitude=number / 100, longitude=18.0)
        one = pb.DecideRequest(context=pb.Context(location=where))
        assert kept.context(one)[0].values["location.latitude"] == number / 100
    assert kept.context(common) is first
