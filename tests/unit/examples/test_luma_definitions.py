"""Luma's definitions compile cleanly and use all that offerd has."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from offerd.admission import parse_instant
from offerd.model.capping import CapSubject
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.content import ContentType
from offerd.model.place import Area, Circle, Corridor
from offerd.model.schema import AggregateFunction
from unit.examples.luma_files import luma_definitions

CANONICAL_NS = parse_instant("2026-11-02T09:00:00Z")


@pytest.fixture
def catalogue() -> Catalogue:
    """The tables of the definitions."""
    return luma_definitions().catalogue


def test_compiles_without_a_warning() -> None:
    """Nothing in the folder is suspicious, let alone wrong."""
    assert [str(warning) for warning in luma_definitions().warnings] == []


def test_is_large_enough_to_be_real(catalogue: Catalogue) -> None:
    """There are at least 45 offers and 30 audiences, and the accessories come from the CSV file."""
    assert len(catalogue.offers) >= 45
    assert len(catalogue.audiences) >= 30
    assert sum("accessory" in offer.tags for offer in catalogue.offers) == 15


def test_every_placement_can_be_asked_for(catalogue: Catalogue) -> None:
    """Each placement is served, and each decision has a named scope for each of its placements."""
    placements = {placement.id for placement in catalogue.placements}
    served = {(d.id, placement) for d in catalogue.decisions for placement in d.placements}
    assert {placement for _, placement in served} == placements
    assert {(scope.decision, scope.placement) for scope in catalogue.scopes} == served


def test_every_strategy_can_fill_a_placement(catalogue: Catalogue) -> None:
    """No decision has a strategy whose offers have no content for any of its placements."""
    idle = [
        (decision.id, strategy.id)
        for decision in catalogue.decisions
        for group in decision.groups
        for strategy in (catalogue.strategies[number] for number in group.strategies)
        if not any(
            representation.placement in decision.placements
            for number in catalogue.collections[strategy.collection].offers
            for representation in catalogue.offers[number].representations
        )
    ]
    assert idle == []


def test_uses_every_content_type(catalogue: Catalogue) -> None:
    """Text, HTML, JSON, image links, redirects and key-value pairs all occur."""
    assert {content.type for content in catalogue.contents} == set(ContentType)


def test_uses_every_kind_of_cap(catalogue: Catalogue) -> None:
    """Caps per profile, rolling, by the calendar and of all time, and in total; own and shared."""
    caps = [cap for offer in catalogue.offers for cap in offer.caps]
    counters = [catalogue.counters[cap.counter] for cap in caps]
    windows = {
        (counter.subject, cap.within_ns is not None, cap.calendar is not None)
        for cap, counter in zip(caps, counters, strict=True)
    }
    assert windows == {
        (CapSubject.PROFILE, True, False),
        (CapSubject.PROFILE, False, True),
        (CapSubject.PROFILE, False, False),
        (CapSubject.TOTAL, False, False),
    }
    assert {cap.id for cap in caps} == {"", "seasons-weekly"}
    assert {counter.event for counter in counters} >= {
        *("display", "click", "conversion", "purchase", "class_check_in")
    }


def test_uses_what_selects(catalogue: Catalogue) -> None:
    """Rankings, exclusions, an experiment, an offer that replaces another, and placeholders."""
    assert [one.id for one in catalogue.rankings] == ["dressed-for-the-day", "nearby-first"]
    assert {exclusion.at_most for exclusion in catalogue.exclusions} == {0, 1}
    assert [experiment.id for experiment in catalogue.experiments] == ["at-the-door"]
    assert any(offer.replaces for offer in catalogue.offers)
    assert any(content.templates for content in catalogue.contents)


def test_uses_what_is_said_of_customers(catalogue: Catalogue) -> None:
    """Consent, channels with quiet hours and caps, policies about placements, kinds of figures."""
    assert catalogue.consent.values
    assert {channel.id for channel in catalogue.channels} == {"email", "push", "sms"}
    assert all(channel.quiet_periods and channel.caps for channel in catalogue.channels)
    actions = {action for one in catalogue.placements for action in one.marketing_actions}
    assert all(one.marketing_actions for one in catalogue.placements)
    assert actions >= {action for one in catalogue.policies for action in one.marketing_actions}
    figures = catalogue.schema.aggregates
    assert {one.function for one in figures} == set(AggregateFunction) - {AggregateFunction.FIRST}
    assert any(one.within_ns for one in figures)
    assert any(one.calendar for one in figures)


def test_offers_are_over_running_and_to_come(catalogue: Catalogue) -> None:
    """At the instant of all examples some offers have ended, some run, some have not begun."""
    ended = sorted(o.id for o in catalogue.offers if o.end_ns and o.end_ns <= CANONICAL_NS)
    begin = [o.id for o in catalogue.offers if o.start_ns and o.start_ns > CANONICAL_NS]
    assert ended == ["cap-sun", "summer-sale"]
    assert begin == ["black-week"]


def test_several_offers_speak_swedish_and_french(catalogue: Catalogue) -> None:
    """Many offers are translated, and whatever is translated has a default language, too."""
    for language, expected in (("sv", 10), ("fr", 8)):
        translated = [
            o for o in catalogue.offers if any(r.language == language for r in o.representations)
        ]
        assert len(translated) >= expected
    everything: list[Offer | FallbackOffer] = [*catalogue.offers, *catalogue.fallback_offers]
    for offer in everything:
        defaults = {r.placement for r in offer.representations if not r.language}
        assert {r.placement for r in offer.representations} == defaults, offer.id


class _Balance(HTMLParser):
    """Counts open elements; a wrong end tag is kept in `wrong`."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_html_is_balanced_and_small(catalogue: Catalogue) -> None:
    """Every HTML fragment closes what it opens, runs no script and stays under 300 characters."""
    for content in catalogue.contents:
        if content.type is ContentType.HTML:
            html = str(content.body)
            balance = _Balance()
            balance.feed(html)
            balance.close()
            assert (balance.open, balance.wrong) == ([], []), html
            assert "<script" not in html
            assert len(html) < 300, html


def test_uses_every_kind_of_fence(catalogue: Catalogue) -> None:
    """Circles, a polygon with a hole, a corridor; and a studio lies in a mall."""
    fences = {place.id: place.fence for place in catalogue.places}
    assert {type(fence) for fence in fences.values()} == {Circle, Area, Corridor}
    assert any(p.holes for f in fences.values() if isinstance(f, Area) for p in f.polygons)
    inner = {place.id: place.parent for place in catalogue.places if place.parent}
    assert inner == {"stockholm-sodermalm": "sodra-galleria"}
    assert len({place.library for place in catalogue.places}) == len(catalogue.libraries) == 3
