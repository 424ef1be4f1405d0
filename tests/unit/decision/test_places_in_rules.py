"""Decisions that ask where the customer is: by a request's location or what is believed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.decision.engine import Answer, decide
from offerd.decision.hiding import HIDDEN_LABELS, hidden_names
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.journal import Draft, decode_view, encode_view
from offerd.model.place import Fix, Visit, Whereabouts
from offerd.model.profile import ProfileKey, ProfileView
from offerd.replay import Definitions, Replay
from unit.decision.random_caps import GivenCounts

DEFINITIONS = """
libraries: [{id: own}]
offer_attributes: [{name: studio, type: string}]
places:
- id: soder
  library: own
  name: Luma Söder
  category: studio
  circle: {latitude: 59.312, longitude: 18.068, radius_m: 150}
  opening_hours: {time_zone: UTC, monday: ["09:00-21:00"]}
- id: norr
  library: own
  name: Luma Norr
  category: studio
  circle: {latitude: 59.35, longitude: 18.05, radius_m: 150}
audiences:
- {id: here, name: Here, rule: 'places.inside("studio")'}
policies:
- {id: roughly, any_labels: [S1], marketing_actions: [ads]}
- {id: nowhere, any_labels: [S2], marketing_actions: [mail]}
marketing_actions: [{id: ads}, {id: mail}]
placements:
- {id: web, channel: web, content_type: text}
- {id: ads, channel: web, content_type: text, marketing_actions: [ads]}
- {id: mail, channel: web, content_type: text, marketing_actions: [mail]}
offers:
- {id: here, eligibility: 'audience("here")', attributes: {studio: soder}, representations: &all
    [{placement: web, text: x}, {placement: ads, text: x}, {placement: mail, text: x}]}
- {id: near, eligibility: 'places.nearest("studio").distance_m < 800.0',
   attributes: {studio: soder}, representations: *all}
- {id: often, eligibility: 'places.visits("studio", duration("720h")) >= 2',
   attributes: {studio: norr}, representations: *all}
- {id: closed, eligibility: '!places.nearest("studio").?open.orValue(false)',
   attributes: {studio: norr}, representations: *all}
- {id: stayed, eligibility: 'places.dwell("studio") >= duration("10m")',
   attributes: {studio: soder}, representations: *all}
fallback_offers: [{id: none, representations: *all}]
collections:
- {id: all, offers: [here, near, often, closed, stayed]}
- {id: two, offers: [near, closed]}
rankings: [{id: nearest, formula: '100000.0 - places.distances[offer.studio]'}]
strategies: [{id: all, collection: all}, {id: nearest, collection: two, ranking: nearest}]
decisions:
- {id: d, placements: [web, ads, mail], strategies: [all], fallbacks: [none]}
- {id: ranked, placements: [web], strategies: [nearest], fallbacks: [none]}
"""
MONDAY_NOON_NS = 1_767_614_400 * 10**9
MINUTE_NS = 60 * 10**9
AT_SODER = {"location.latitude": 59.3121, "location.longitude": 18.0681}
VISITS = 'places.visits("studio", duration("720h"))'


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """The definitions, compiled and opened."""
    folder = tmp_path_factory.mktemp("places")
    source = folder / "definitions"
    source.mkdir()
    (source / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    path = Path(folder / "bundle")
    write_bundle(load([source]).catalogue, path)
    opened = open_bundle(path)
    yield opened
    opened.close()


def _view(there: Whereabouts | None = None, visits: int = 0) -> ProfileView:
    return ProfileView(ProfileKey("crm", "1"), {}, {VISITS: visits}, {}, whereabouts=there)


def _asked(
    bundle: Bundle,
    view: ProfileView,
    context: dict[str, Any],
    *placements: str,
    decision: str = "d",
    hidden: frozenset[str] = frozenset(),
    now_ns: int = MONDAY_NOON_NS,
) -> Answer:
    queries = [ScopeQuery("", decision, placement, 9) for placement in placements or ("web",)]
    counts = GivenCounts(random.Random(0), bundle.catalogue, 0)
    explained, plain = (
        decide(
            bundle.prepared, view, DecisionContext(context), now_ns, queries, options, counts=counts
        )
        for options in (Options(explain=True, hidden=hidden), Options(hidden=hidden))
    )
    for one, other in zip(plain.propositions, explained.propositions, strict=True):
        assert one.items == other.items, "the quick way shows something else"
    return explained


def _shown(answer: Answer, place: int = 0) -> list[str]:
    return [item.offer.id for item in answer.propositions[place].items]


def _reasons(answer: Answer, place: int = 0) -> dict[str, str]:
    explanation = answer.propositions[place].explanation
    assert explanation is not None
    return {one.offer.id: one.reason for one in explanation.candidates}


def test_location_of_the_request_says_where_the_customer_is(bundle: Bundle) -> None:
    """Inside, near and open are asked of the point that the request has."""
    assert _shown(_asked(bundle, _view(), AT_SODER)) == ["here", "near"]
    far = {"location.latitude": 10.0, "location.longitude": 18.0}
    assert _shown(_asked(bundle, _view(visits=3), far)) == ["often"]


def test_without_a_location_what_is_believed_counts(bundle: Bundle) -> None:
    """A stay and a position are believed for an hour; after that nobody is anywhere."""
    entered_ns = MONDAY_NOON_NS - 15 * MINUTE_NS
    fix = Fix(MONDAY_NOON_NS - MINUTE_NS, 59.3121, 18.0681)
    there = Whereabouts(fix, (Visit("soder", entered_ns, fix.time_ns),))
    assert _shown(_asked(bundle, _view(there), {})) == ["here", "near", "stayed"]
    later = _asked(bundle, _view(there), {}, now_ns=MONDAY_NOON_NS + 60 * MINUTE_NS)
    assert _shown(later) == ["closed"]
    assert _shown(_asked(bundle, _view(), {})) == ["closed"]


def test_rankings_can_read_distances(bundle: Bundle) -> None:
    """The offer at the nearer place comes first; without a position there is no score."""
    near_norr = {"location.latitude": 59.3499, "location.longitude": 18.05}
    found = _asked(bundle, _view(), near_norr, decision="ranked")
    assert _shown(found) == ["closed", "near"]


def test_explanations_tell_what_was_seen(bundle: Bundle) -> None:
    """Why an offer wasn't eligible is told with the question and its answer."""
    reasons = _reasons(_asked(bundle, _view(visits=1), {}))
    assert reasons["here"] == 'not in audience `here`: `places.inside("studio")` is false'
    assert 'no value for `places.nearest("studio").distance_m`' in reasons["near"]
    assert reasons["often"] == f"`{VISITS} >= 2` is false (`{VISITS}` is 1)"
    assert '(`places.dwell("studio")` is 0 seconds)' in reasons["stayed"].replace("0s", "0 seconds")


def test_where_somebody_is_is_hidden_by_its_labels(bundle: Bundle) -> None:
    """As settings have it at first, explanations name questions about places but no answers."""
    hidden = hidden_names(bundle.prepared, bundle.event_filters, HIDDEN_LABELS)
    reasons = _reasons(_asked(bundle, _view(visits=1), AT_SODER, hidden=hidden))
    assert reasons["often"] == f"it depends on `{VISITS}` (hidden)"
    assert reasons["stayed"] == 'it depends on `places.dwell("studio")` (hidden)'
    precise = hidden_names(bundle.prepared, bundle.event_filters, ("S1",))
    far = {"location.latitude": 10.0, "location.longitude": 18.0}
    reasons = _reasons(_asked(bundle, _view(), far, hidden=precise))
    assert reasons["near"] == 'it depends on `places.nearest("studio").distance_m` (hidden)'
    assert reasons["here"] == 'not in audience `here`: `places.inside("studio")` is false'


def test_policy_on_exact_positions_leaves_rough_ones(bundle: Bundle) -> None:
    """Where S1 is withheld the position is rounded, and how far something is is unknown."""
    found = _asked(bundle, _view(), AT_SODER, "web", "ads")
    assert _shown(found, 0) == ["here", "near"]
    # At 59.31, 18.07 nobody is within 150 m of Söder.
    assert _shown(found, 1) == ["none"]
    reasons = _reasons(found, 1)
    assert 'not in audience `here`: `places.inside("studio")` is false' in reasons["here"]
    assert "is withheld: label S1 by policy `roughly`" in reasons["near"]


def test_policy_on_being_anywhere_withholds_all_of_it(bundle: Bundle) -> None:
    """Where S2 is withheld no question about places is answered, nor visits counted."""
    found = _asked(bundle, _view(visits=5), AT_SODER, "mail")
    assert _shown(found) == ["none"]
    reasons = _reasons(found)
    for offer in ("here", "near", "often", "stayed"):
        assert "is withheld: label" in reasons[offer], offer
        assert "S2 by policy `nowhere`" in reasons[offer]
    assert f"`{VISITS}` is withheld" in reasons["often"]


def test_journal_says_where_the_customer_was(bundle: Bundle) -> None:
    """A decision of the journal comes out the same, by what was believed then."""
    fix = Fix(MONDAY_NOON_NS - MINUTE_NS, 59.3121, 18.0681, 10.0)
    there = Whereabouts(fix, (Visit("soder", fix.time_ns, fix.time_ns),))
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    replay = Replay(Definitions(bundle.prepared, bundle.revision, fold.defaults))
    for context in ({}, AT_SODER):
        view = _view(there)
        answer = _asked(bundle, view, context)
        draft = Draft(
            MONDAY_NOON_NS,
            "stem",
            "",
            bundle.revision,
            view,
            DecisionContext(context),
            Options(),
            answer.propositions,
            (),
            (),
            with_reasons=False,
        )
        entry, encoded = draft.entry()
        assert [item.offer for item in entry.scopes[0].items][:2] == ["here", "near"]
        assert replay.replay(entry, decode_view(encoded)) == ()
        assert decode_view(encoded).whereabouts == there


def test_view_without_whereabouts_has_the_bytes_that_it_always_had() -> None:
    """Who was never anywhere costs the journal nothing."""
    view = ProfileView(ProfileKey("crm", "1"), {"a": 1}, {}, {}, {})
    assert encode_view(view) == b"\x95\x92\xa3crm\xa11\x81\xa1a\x01\x80\x80\x80"
    assert decode_view(encode_view(view)) == view
    assert len(encode_view(view._replace(memberships={"x": True}))) == len(encode_view(view)) + 4
