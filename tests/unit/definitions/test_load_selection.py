"""Caps, rankings, exclusions and experiments as the catalogue has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.definitions import load
from offerd.model.capping import Calendar, CalendarUnit, Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue
from offerd.model.content import Escape
from offerd.model.lifecycle import Status
from offerd.model.selection import (
    Arm,
    Boost,
    Experiment,
    Group,
    RankingMethod,
    Ties,
)
from unit.definitions.definition_folders import catalogue_of, mistakes_in, shop, write
from unit.definitions.rich_shop import rich_shop

MINUTE_NS = 60 * 10**9
BONUS, MAT, SALE, STRAP = range(4)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """The shop that uses everything."""
    return catalogue_of(rich_shop(tmp_path))


def source(catalogue: Catalogue, number: int | None) -> str:
    """The text of a rule."""
    assert number is not None
    return catalogue.rules[number].source


def test_counters_are_keyed_by_what_they_count(catalogue: Catalogue) -> None:
    """A counter's key says whose events of which type about what, where, and under which filter."""
    assert [counter.key for counter in catalogue.counters] == [
        "total:decision:offer/mat",
        "profile:display:offer/mat@app",
        "profile:display:offer/mat@web",
        "profile:click:offer/mat@app,web",
        "profile:purchase:any?16ec3acecf7331f7",
        "profile:display:offer/sale",
        "total:purchase:offer/sale",
        "profile:display:cap/gear-weekly@web",
    ]
    assert catalogue.counters[0] == Counter(
        "total:decision:offer/mat", "decision", CapSubject.TOTAL, (MAT,)
    )
    filtered, shared = catalogue.counters[4], catalogue.counters[7]
    assert filtered.offers is None
    assert filtered.where is not None
    assert catalogue.event_filters[filtered.where].source == "event.amount > 10.0"
    assert (shared.offers, shared.placements) == ((MAT, STRAP), ("web",))


def test_caps_have_their_windows_and_limits(catalogue: Catalogue) -> None:
    """A cap is of all time, rolling or of the calendar; a limit may be a rule, and then bounded."""
    daily, on_app, on_web, clicked, bought, weekly = catalogue.offers[MAT].caps
    assert daily == Cap(0, 10, calendar=Calendar(CalendarUnit.DAY, 1, "Europe/Stockholm", 1))
    assert (on_app.placements, on_web.placements) == (("app",), ("web",))
    assert on_app.limit == 20
    assert source(catalogue, on_app.limit_rule) == "audience('plus') ? 5 : 3"
    assert clicked == Cap(3, 2, MINUTE_NS, placements=("app", "web"))
    assert bought == Cap(4, 1)
    sunday = Calendar(CalendarUnit.WEEK, 2, "UTC", 7)
    assert weekly == Cap(7, 5, calendar=sunday, placements=("web",), id="gear-weekly")
    assert catalogue.offers[STRAP].caps == (weekly,)


def test_a_counter_keeps_its_key_while_limits_and_windows_change(tmp_path: Path) -> None:
    """Keys don't depend on limits, windows, other offers or the order of definitions."""
    keys = []
    for number, cap in enumerate(
        ("limit: 3", "limit: 5, within: 24h", "limit: profile.age, every: {unit: month}")
    ):
        offers = f"offers: [{{id: x{number}, representations: [{{placement: web, html: A}}]}}]"
        capped = f"""
        caps:
        - {{id: shared, collection: dear, event: click, per: total, placements: each, {cap}}}
        collections: [{{id: more, offers: [x{number}]}}]
        strategies: [{{id: more, collection: more}}]
        decisions:
        - {{id: more, placements: [web], strategies: [more], fallbacks: [welcome]}}
        """
        folder = shop(tmp_path / str(number), a=offers, z=capped)
        keys.append({counter.key for counter in catalogue_of(folder).counters})
    assert keys[0] == keys[1] == keys[2]
    assert "total:click:cap/shared@web" in keys[0]


def test_keys_fit_into_a_key_of_the_store(tmp_path: Path) -> None:
    """However long ids are and however many placements there are, a key has at most 400 bytes."""
    names = [f"{'p' * 100}{number}" for number in range(20)]
    placed = "".join(f"- {{id: {n}, channel: web, content_type: text}}\n" for n in names)
    shown = ", ".join(f"{{placement: {name}, text: A}}" for name in names)
    text = f"""placements:
{placed}events: [{{id: {"e" * 128}, properties: [{{name: a, type: int}}]}}]
offers:
- id: {"o" * 128}
  caps:
  - {{event: {"e" * 128}, limit: 1, placements: [{", ".join(names)}], where: event.a > 1}}
  representations: [{shown}]
collections: [{{id: all, offers: [{"o" * 128}]}}]
strategies: [{{id: all, collection: all}}]
decisions:
- {{id: all, placements: [{names[0]}], strategies: [all], fallbacks: [{"o" * 128}]}}
"""
    (tmp_path / "all.yaml").write_text(text, "utf-8")
    (counter,) = load([tmp_path]).catalogue.counters
    assert len(counter.key.encode()) <= 400
    assert counter.key.startswith(f"profile:{'e' * 128}:offer/{'o' * 128}@")


def test_offers_have_their_status_and_what_they_replace(catalogue: Catalogue) -> None:
    """An offer is approved unless it says otherwise; it replaces offers by number."""
    assert [offer.status for offer in catalogue.offers] == [
        Status.APPROVED,
        Status.APPROVED,
        Status.APPROVED,
        Status.PAUSED,
    ]
    assert catalogue.offers[MAT].replaces == (STRAP,)


def test_collections_read_what_every_offer_has(catalogue: Catalogue) -> None:
    """A collection's `where` reads id, priority and tags as well as declared attributes."""
    collections = {one.id: one.offers for one in catalogue.collections}
    assert collections["early"] == (MAT,)


def test_rankings_and_tables(catalogue: Catalogue) -> None:
    """A ranking is a formula with boosts, a table or a model; plain numbers are formulas, too."""
    boosted, by_file, by_segment, learned = catalogue.rankings
    assert boosted.method is RankingMethod.FORMULA
    assert source(catalogue, boosted.formula) == "double(offer.priority) * 2.0"
    first, second = boosted.boosts
    assert isinstance(first, Boost)
    assert source(catalogue, first.score) == "100.0"
    assert source(catalogue, second.score) == 'score("yoga-propensity")'
    assert (boosted.failed_score, boosted.minimum_score) == (-1.0, 0.5)
    assert (by_segment.method, by_segment.table) == (RankingMethod.TABLE, 1)
    assert (learned.method, learned.model) == (RankingMethod.MODEL, "my-model")
    filed, uplift = catalogue.score_tables
    assert by_file.table == 0
    assert filed.scores == {"": {MAT: 0.1}, "vip": {MAT: 2.0, STRAP: 0.5}}
    assert uplift.scores == {"new": {STRAP: -1.5}, "vip": {MAT: 0.8, SALE: 1.0}}
    assert (uplift.default, filed.default) == (0.1, 0.0)
    assert source(catalogue, uplift.segment) == "profile.segment"
    assert {one.id: one.ranking for one in catalogue.strategies} == {
        "boosted-gear": 0,
        "filed-gear": 1,
        "segment-gear": 2,
        "learned-early": 3,
        "first": None,
        "second": None,
        "third": None,
    }


def test_decisions_have_groups_and_fallbacks_by_id(catalogue: Catalogue) -> None:
    """Steps are groups of strategies or of offers in the order written."""
    numbers = {one.id: number for number, one in enumerate(catalogue.strategies)}
    rich = catalogue.decisions[1]
    assert rich.groups == (
        Group(offers=(SALE, MAT)),
        Group(strategies=(numbers["boosted-gear"], numbers["segment-gear"])),
        Group(strategies=(numbers["second"],)),
    )
    assert rich.fallbacks == ("sale", "welcome")
    assert (rich.top_up, rich.ties, rich.status) == (True, Ties.DAILY, Status.APPROVED)


def test_exclusions(catalogue: Catalogue) -> None:
    """An exclusion has its offers, how many of them may be shown, to whom and within what."""
    no_sale, one_gear = catalogue.exclusions
    assert (no_sale.offers, no_sale.at_most, no_sale.across_scopes) == ((SALE,), 0, True)
    assert source(catalogue, no_sale.when) == 'audience("adults")'
    assert (one_gear.offers, one_gear.at_most, one_gear.when) == ((MAT, STRAP), 1, None)
    assert not one_gear.across_scopes


def test_experiments(catalogue: Catalogue) -> None:
    """Shares are in ten-thousandths; an arm without steps has those of the decision."""
    numbers = {one.id: number for number, one in enumerate(catalogue.strategies)}
    other = (Group((numbers["filed-gear"],)), Group((numbers["learned-early"],)))
    arms = (Arm("control", 1), Arm("other", 3, other))
    assert catalogue.experiments == (Experiment("hero", "rich", "hero", arms, 5_000, 25),)


def test_content_has_templates(catalogue: Catalogue) -> None:
    """Placeholders become rules; an attribute that the offer has needs no default."""
    app, web = sorted(catalogue.offers[MAT].representations, key=lambda one: one.placement)
    (template,) = catalogue.contents[web.content].templates
    before, placeholder, after = template.parts
    assert (before, after) == ("<p>", ", a mat</p>")
    assert not isinstance(placeholder, str)
    assert source(catalogue, placeholder.rule) == "profile.first_name"
    assert (placeholder.escape, placeholder.default) == (Escape.HTML, "friend")
    (template,) = catalogue.contents[app.content].templates
    assert template.path == ("title",)


def test_equal_bodies_with_other_templates_are_two_contents(tmp_path: Path) -> None:
    """Content is shared only where what is filled in is the same, too."""
    shop(
        tmp_path,
        more="""
        offers:
        - {id: a, representations: [{placement: web, html: '{{ "{{" }}'}]}
        - {id: b, representations: [{placement: web, html: '<i>{{ offer.id }}</i>'}]}
        - {id: c, representations: [{placement: web, html: '<i>{{ offer.id }}</i>'}]}
        collections: [{id: more, offers: [a, b, c]}]
        strategies: [{id: more, collection: more}]
        decisions: [{id: more, placements: [web], strategies: [more], fallbacks: [welcome]}]
        """,
    )
    catalogue = catalogue_of(tmp_path)
    a, b, _, c, _ = (offer.representations[-1].content for offer in catalogue.offers)
    assert b == c != a
    assert catalogue.contents[a].body == "{{"
    assert catalogue.contents[a].templates == ()


def test_rows_have_a_status_and_placeholders(tmp_path: Path) -> None:
    """A row of CSV can say the status, and a mistake in a placeholder is placed in its cell."""
    shop(
        tmp_path,
        more="""
        collections: [{id: more, offers: [paused]}]
        strategies: [{id: more, collection: more}]
        decisions: [{id: more, placements: [web], strategies: [more], fallbacks: [welcome]}]
        """,
    )
    write(tmp_path, {"bulk.csv": "id,status,content.web\npaused,paused,<p>{{ offer.id }}</p>\n"})
    statuses = {offer.id: offer.status for offer in catalogue_of(tmp_path).offers}
    assert statuses["paused"] is Status.PAUSED
    write(tmp_path, {"bulk.csv": "id,status,content.web\npaused,on,<p>{{ offer.idd }}</p>\n"})
    assert [text.partition("bulk.csv:")[2] for text in mistakes_in(tmp_path)] == [
        "2:8: row 2, column `status`: `on` is not a status: expected one of `draft`, `approved`, "
        "`paused`, `archived`",
        "2:17: row 2, column `content.web`: unknown attribute `offer.idd`: did you mean "
        "`offer.id`?",
    ]


def test_warnings_of_what_nothing_ranks_or_excludes(tmp_path: Path) -> None:
    """Rankings and tables that no decision uses, and exclusions of nothing, are warned of."""
    shop(
        tmp_path,
        more="""
        offers:
        - {id: late, status: paused, representations: [{placement: web, html: A}]}
        score_tables:
        - {id: unused, segment: '"all"', scores: {}}
        - {id: used-by-unused, segment: '"all"', scores: {}}
        rankings:
        - {id: unused, table: used-by-unused}
        exclusions:
        - {id: nothing, any_tags: [spring], where: 'offer.id == "x"', at_most: 1}
        collections:
        - {id: capped, any_tags: [spring]}
        caps:
        - {id: shared, collection: capped, event: click, limit: 1}
        decisions:
        - {id: other, placements: [web], strategies: [second], fallbacks: [late, welcome]}
        """,
    )
    assert [str(warning).partition("more.yaml:")[2] for warning in load([tmp_path]).warnings] == [
        "4:8: no decision uses the table of scores `unused`",
        "5:8: no decision uses the table of scores `used-by-unused`",
        "7:8: no decision uses the ranking `unused`",
        "9:8: the exclusion `nothing` is of no offers",
        "15:68: the offer `late` is paused: it is no fallback",
    ]


def test_offers_are_used_by_hand_as_fallbacks_and_by_arms(tmp_path: Path) -> None:
    """An offer that a decision lists, that is a fallback, or that an arm finds is not unused."""
    shop(
        tmp_path,
        more="""
        offers:
        - {id: listed, representations: [{placement: web, html: A}]}
        - {id: last, representations: [{placement: web, html: A}]}
        - {id: tried, representations: [{placement: web, html: A}]}
        collections: [{id: tried, offers: [tried]}]
        strategies: [{id: tried, collection: tried}]
        decisions:
        - {id: other, placements: [web], strategies: [{offers: [listed]}], fallbacks: [last]}
        experiments:
        - {id: try, decision: other, arms: [{id: a, weight: 1, strategies: [tried]}]}
        """,
    )
    assert load([tmp_path]).warnings == ()


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_unfinished_offers_need_no_representation(tmp_path: Path, status: str) -> None:
    """A draft, or what is archived, may lack content for the placements that ask for it."""
    more = f"""
    placements: [{{id: till, channel: shop, content_type: text}}]
    offers:
    - {{id: x, status: {status}, representations: [{{placement: till, text: A}}]}}
    collections: [{{id: more, offers: [x]}}]
    strategies: [{{id: more, collection: more}}]
    decisions: [{{id: more, placements: [web], strategies: [more], fallbacks: [welcome]}}]
    """
    assert mistakes_in(shop(tmp_path / "a", more=more)) == []
    (mistake,) = mistakes_in(shop(tmp_path / "b", more=more.replace(status, "paused")))
    assert mistake.endswith("has no representation for a placement that asks for it: `web`")


def test_a_placement_at_which_no_step_is_taken_is_told(tmp_path: Path) -> None:
    """Its fallbacks would be shown for ever, and nobody would know why."""
    text = """
placements: [&web {id: web, channel: web, content_type: text}, {<<: *web, id: app}]
offers: [{id: a, representations: [{placement: app, text: A}]}]
fallback_offers: [{id: f, representations: [{placement: web, text: F}, {placement: app, text: F}]}]
collections: [{id: c, offers: [a]}]
strategies: [{id: s, collection: c}]
decisions:
- {id: d, placements: [web, app], strategies: [{group: [s], placements: [app]}], fallbacks: [f]}
"""
    warnings = load([write(tmp_path / "w", {"a.yaml": text})]).warnings
    assert [str(one).partition("a.yaml:")[2] for one in warnings] == [
        "7:24: no step of `d` is taken at `web`: it shows its fallbacks alone"
    ]
