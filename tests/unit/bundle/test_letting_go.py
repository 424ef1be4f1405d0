"""A bundle that nobody uses any more is closed, although nobody closes it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from offerd.admission import parse_instant
from offerd.bundle import no_pause, open_bundle, write_bundle
from offerd.decision.engine import decide
from offerd.decision.warming import warm
from offerd.events import FoldPlan, FoldPlans
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.event import Event
from offerd.model.numbering import numbers_of
from offerd.model.profile import ProfileView
from offerd.model.schema import Schema
from offerd.simulation.question import NothingCounted
from unit.examples.luma_files import luma_definitions

NOW_NS = parse_instant("2026-11-02T09:00:00Z")


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """What stays open until a collector comes by stays open for good in what is frozen."""
    gc.disable()
    yield
    gc.enable()


def use(path: Path) -> int:
    """Opens a bundle, uses all of it, and returns how many items it decided."""
    bundle = open_bundle(path)
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)
    assert numbers_of(bundle.catalogue.offers)["free-class"] >= 0
    warm(bundle.prepared, NOW_NS, no_pause)
    view = ProfileView(None, {}, dict(fold.defaults), {})
    context = DecisionContext({"location.latitude": 59.3, "location.longitude": 18.0})
    scopes = [
        ScopeQuery(scope.id, scope.decision, scope.placement, 5)
        for scope in bundle.catalogue.scopes
    ]
    items = 0
    for options in Options(), Options(explain=True):
        for scope in scopes:
            made = decide(
                *(bundle.prepared, view, context, NOW_NS, [scope], options), counts=NothingCounted()
            )
            items += sum(len(one.items) for one in made.propositions)
    return items


def test_what_is_let_go_is_closed(tmp_path: Path) -> None:
    """It can be opened again at once, which LMDB refuses while it is open."""
    path = tmp_path / "bundle"
    write_bundle(luma_definitions().catalogue, path)
    assert use(path) == use(path) > 0


def _limited(caps: tuple[Cap, ...], counters: tuple[Counter, ...]) -> Catalogue:
    offers = (Offer("o", 0, None, None, None, (), {}, (), caps),)
    return Catalogue(Schema(), (), (), (), (), (), offers, (), (), (), (), (), counters)


def test_what_goes_on_counting_keeps_no_bundle_open(tmp_path: Path) -> None:
    """Of one with a cap over all profiles the counter stays, and the next has no such cap.

    So who goes back to the first can.
    """
    total = Counter("total:display", "display", CapSubject.TOTAL, None)
    write_bundle(_limited((Cap(0, 5),), (total,)), tmp_path / "first")
    write_bundle(_limited((), ()), tmp_path / "second")

    def plan(name: str) -> FoldPlan:
        bundle = open_bundle(tmp_path / name)
        return FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places, bundle)

    serving = FoldPlans(plan("first"))
    serving = FoldPlans(plan("second")).retaining(serving.totals)
    event = Event("e", "display", 1, {}, offer="o")
    added = serving.adding(serving.active, event)
    assert [one.counter.key for one in added.totals] == ["total:display"]
    serving = FoldPlans(plan("first")).retaining(serving.totals)
    assert [cap.limit for _, cap in serving.totals["total:display"].caps_about(event)] == [5]
