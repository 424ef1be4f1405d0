"""What a bundle holds is what requests can be answered with: contents, ranges, aggregates."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from offerd.app.process import dispatcher_for
from offerd.bundle import check_bundle, open_bundle, write_bundle
from offerd.bundle.contents import MAXIMUM_DEPTH
from offerd.bundle.ranges import MAXIMUM_ITEM_COUNT
from offerd.definitions.reading import compose
from offerd.errors import BundleError, Code, RequestError
from offerd.events import FoldPlan
from offerd.model.capping import Cap
from offerd.model.catalogue import Catalogue, FallbackOffer, Placement, Representation
from offerd.model.content import Content, ContentType
from offerd.model.schema import Aggregate, AggregateFunction, Attribute, EventType, ValueType
from offerd.model.selection import Decision, Scope
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.service.translate import scopes
from offerd.service.translate.answers import content_message
from offerd.store import State
from offerd.v1 import decision_service_pb2 as pb
from unit.bundle import resealed

replace = msgspec.structs.replace


def nested(depth: int, *, in_lists: bool) -> Any:
    """Text inside so many objects or lists."""
    value: Any = "x"
    for _ in range(depth):
        value = [value] if in_lists else {"a": value}
    return value


GOOD = [
    ("text", ""),
    ("html", "<p>"),
    ("redirect", "https://example.com"),
    ("image_link", {"url": "a"}),
    ("image_link", {"url": "a", "link_url": "b", "alternative_text": ""}),
    ("key_value", {}),
    ("key_value", {"a": "b"}),
    ("json", None),
    ("json", [1, 1.5, True, "x", {"a": -(2**63)}]),
    ("json", nested(32, in_lists=True)),
    ("json", nested(32, in_lists=False)),
]
BAD = [
    ("text", 1),
    ("html", None),
    ("redirect", ""),
    ("redirect", {"url": "a"}),
    ("image_link", "a"),
    ("image_link", {}),
    ("image_link", {"url": ""}),
    ("image_link", {"url": "a", "extra": "b"}),
    ("image_link", {"url": "a", "link_url": None}),
    ("image_link", {"url": "a", "link_url": ""}),
    ("key_value", {"a": 1}),
    ("key_value", ["a"]),
    ("json", msgspec.msgpack.Ext(5, b"x")),
    ("json", {"a": [b"x"]}),
    ("json", [float("inf")]),
    ("json", [float("nan")]),
    ("json", 2**64 - 1),
    ("json", nested(33, in_lists=True)),
    ("json", nested(33, in_lists=False)),
    ("json", nested(300, in_lists=True)),
    ("video", "a"),
    ("key_value", {1: "a"}),
    ("json", {1: "a"}),
]
WRITABLE = BAD[:-3]
"""Those of the bad ones that the writer of bundles doesn't mind."""


@pytest.mark.parametrize("content", GOOD, ids=str)
def test_contents_that_pass_can_be_answered(content: tuple[str, Any], tmp_path: Path) -> None:
    """What is read is what was written, and its message can be sent and read."""
    path = resealed.with_contents(tmp_path, msgspec.msgpack.encode(content))
    opened = open_bundle(path)
    found = opened.content(0)
    assert found == Content(ContentType(content[0]), content[1])
    response = pb.DecideResponse(
        propositions=[
            pb.Proposition(items=[pb.Item(content=content_message(found.type, found.body, ""))])
        ]
    )
    assert pb.DecideResponse.FromString(response.SerializeToString()) == response
    opened.close()


@pytest.mark.parametrize("content", BAD, ids=lambda content: str(content)[:40])
def test_contents_that_do_not_fit_are_refused(content: tuple[str, Any], tmp_path: Path) -> None:
    """Checking finds a content that isn't what its type says; deciding says so when it needs it."""
    path = resealed.with_contents(tmp_path, msgspec.msgpack.encode(content))
    opened = open_bundle(path)
    with pytest.raises(BundleError, match=r"content 0 of revision \w+ is damaged"):
        opened.content(0)
    opened.close()
    with pytest.raises(BundleError, match=r"content 0 of revision|its records have revision"):
        check_bundle(path)


@pytest.mark.parametrize("record", [b"", b"\xc1", b"\x92\xa4text", b"\x91" * 100_000])
def test_unreadable_contents_are_refused(record: bytes, tmp_path: Path) -> None:
    """Bytes that are no content at all are told in the same way."""
    opened = open_bundle(resealed.with_contents(tmp_path, record))
    with pytest.raises(BundleError, match=r"content 0 of revision \w+ is damaged"):
        opened.content(0)
    opened.close()


@pytest.mark.parametrize("content", WRITABLE, ids=lambda content: str(content)[:40])
def test_check_reads_every_content(content: tuple[str, Any], tmp_path: Path) -> None:
    """A content that doesn't fit is found even where the revision is that of the records."""
    made = resealed.catalogue()
    damaged = Content(ContentType(content[0]), content[1])
    write_bundle(replace(made, contents=(*made.contents, damaged)), tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"content 2 of revision \w+ is damaged: content of type"):
        check_bundle(tmp_path / "bundle")


def test_check_compares_contents_with_placements(tmp_path: Path) -> None:
    """A content of another type than its placement shows is found by checking."""
    made = resealed.catalogue()
    contents = (Content(ContentType.HTML, "<p>"), *made.contents[1:])
    write_bundle(replace(made, contents=contents), tmp_path / "bundle")
    open_bundle(tmp_path / "bundle").close()
    with pytest.raises(BundleError, match=r"has `html` for the placement `.*`, which shows `text`"):
        check_bundle(tmp_path / "bundle")


async def test_request_for_damaged_content_is_an_internal_error(tmp_path: Path) -> None:
    """A decision that needs a damaged content fails as the service's own fault."""
    fallback = FallbackOffer("f", {}, (Representation("web", "", 0),))
    made = replace(
        resealed.catalogue(),
        offers=(), collections=(), strategies=(), scopes=(),
        counters=(), rankings=(), score_tables=(), exclusions=(), experiments=(),
        contents=(Content(ContentType.TEXT, 7),),
        fallback_offers=(fallback,),
        decisions=(Decision("d", ("web",), (), ("f",)),),
    )  # fmt: skip
    write_bundle(made, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    state = State.open(tmp_path / "state", fold)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    revisions = Revisions(Standing(Loaded(bundle, fold)), state, log, time.time_ns)
    dispatcher = dispatcher_for(revisions, log)
    request = pb.DecideRequest(scopes=[pb.Scope(decision="d", placement="web")])
    with pytest.raises(RequestError) as refused:
        await dispatcher.call("/offerd.v1.DecisionService/Decide", request, "test")
    assert refused.value.code is Code.INTERNAL
    assert isinstance(refused.value.__cause__, BundleError)
    state.close()
    bundle.close()


def _changed(made: Catalogue, **changes: Any) -> Catalogue:
    """The catalogue with its first offer changed."""
    return replace(made, offers=(replace(made.offers[0], **changes), *made.offers[1:]))


def _placement(made: Catalogue, item_count: int) -> Catalogue:
    first = Placement("web", "web", ContentType.TEXT, item_count)
    return replace(made, placements=(first, *made.placements[1:]))


def _scope(made: Catalogue, *item_counts: int) -> Catalogue:
    found = tuple(Scope("s", "decision-0", "web", item_count) for item_count in item_counts)
    return replace(made, scopes=found)


SUM = AggregateFunction.SUM
PURCHASE = EventType(
    "purchase", (Attribute("amount", ValueType.DOUBLE), Attribute("shop", ValueType.STRING))
)


def _aggregate(made: Catalogue, *fields: Any) -> Catalogue:
    added = Aggregate("added", *fields)
    aggregates = (*made.schema.aggregates, added)
    return replace(made, schema=replace(made.schema, events=(PURCHASE,), aggregates=aggregates))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda it: _placement(it, 0), "shows 0 items, 1 to 500 expected"),
        (lambda it: _placement(it, 501), "shows 501 items, 1 to 500 expected"),
        (lambda it: _scope(it, 0), "scope `s` shows 0 items"),
        (lambda it: _scope(it, -1), "scope `s` shows -1 items"),
        (lambda it: _scope(it, 501), "scope `s` shows 501 items"),
        (lambda it: _scope(it, 1, 2), "scope `s` is there twice"),
        (lambda it: _changed(it, priority=-1), "has priority -1"),
        (lambda it: _changed(it, start_ns=2**63), "beyond the years"),
        (lambda it: _changed(it, end_ns=2**63), "beyond the years"),
        (lambda it: _changed(it, id="fallback-0"), "offer `fallback-0` is there twice"),
        (lambda it: _changed(it, caps=(Cap(0, 0),)), "a cap of 0"),
        (lambda it: _changed(it, caps=(Cap(0, 1, 0),)), "time can't be counted"),
        (lambda it: _changed(it, attributes={"weight": 1.0}), "`weight`, which isn't declared"),
        (lambda it: _changed(it, attributes={"size": 1}), "`size` that is no `double`"),
        (lambda it: _changed(it, attributes={"size": float("nan")}), "no `double`"),
        (lambda it: _changed(it, attributes={"size": nested(200, in_lists=False)}), "no `double`"),
        (lambda it: _changed(it, attributes={"days": [1, "x"]}), "no `list(int)`"),
        (lambda it: _changed(it, attributes={"days": nested(99, in_lists=True)}), "no `list(int)`"),
        (lambda it: _changed(it, attributes={"days": msgspec.msgpack.Ext(1, b"")}), "no `list"),
        (lambda it: _aggregate(it, ("party",), AggregateFunction.COUNT, ValueType.INT), "`party`"),
        (lambda it: _aggregate(it, ("click",), AggregateFunction.COUNT, ValueType.STRING), "can't"),
        (
            lambda it: _aggregate(it, ("purchase",), SUM, ValueType.STRING, "shop"),
            "can't be a `string`",
        ),
        (
            lambda it: _aggregate(it, ("purchase",), SUM, ValueType.DOUBLE, "x"),
            "can't be a `double`",
        ),
        (
            lambda it: _aggregate(it, ("purchase",), SUM, ValueType.DOUBLE),
            "can't be a `double`",
        ),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(damage: Any, message: str, tmp_path: Path) -> None:
    """Opening refuses what definitions can't say, and names where it is."""
    write_bundle(damage(resealed.catalogue()), tmp_path / "bundle")
    for use in (open_bundle, check_bundle):
        with pytest.raises(BundleError) as refused:
            use(tmp_path / "bundle")
        assert message in str(refused.value)


def test_values_in_range_are_read(tmp_path: Path) -> None:
    """The ends of every range are inside."""
    made = _scope(_placement(resealed.catalogue(), 500), 1)
    made = _changed(
        made,
        start_ns=-(2**63),
        end_ns=2**63 - 1,
        attributes={"size": 1.5, "days": [1, 2]},
        caps=(Cap(0, 1, 1), Cap(0, 1_000_000_000)),
    )
    grouped = (AggregateFunction.SUM, ValueType.MAP_DOUBLE, "amount", "shop")
    made = _aggregate(made, ("purchase", "click"), *grouped)
    write_bundle(made, tmp_path / "bundle")
    check_bundle(tmp_path / "bundle")


def test_limits_are_those_of_definitions_and_requests() -> None:
    """What can be written and asked for can be kept, and no more."""
    assert MAXIMUM_DEPTH == compose.MAXIMUM_DEPTH
    assert MAXIMUM_ITEM_COUNT == scopes.MAXIMUM_ITEM_COUNT
