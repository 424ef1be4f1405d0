"""What selects, counts and ranks is held to what definitions can say when a bundle is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from offerd.bundle import calendars, caps, check_bundle, open_bundle, selection, write_bundle
from offerd.definitions import load
from offerd.definitions.documents import experimenting, fields, forms
from offerd.definitions.resolving import windows
from offerd.errors import BundleError
from offerd.model.capping import Calendar, CalendarUnit, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.content import Content, ContentType, Escape, Placeholder, Template
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView
from offerd.model.schema import Attribute, ValueType
from offerd.model.selection import Arm, Boost, Group
from offerd.model.shares import WHOLE
from unit.definitions.rich_shop import rich_shop

replace = msgspec.structs.replace
Damage = Callable[[Catalogue], Catalogue]


class Steady:
    """A model for which all offers are the same."""

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> Sequence[float]:
        """All offers score 1."""
        return [1.0] * len(offers)


MODELS = {"my-model": Steady()}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A shop that uses everything, which is right."""
    return load([rich_shop(tmp_path_factory.mktemp("rich"))]).catalogue


def changed(table: str, number: int, /, **changes: Any) -> Damage:
    """One record of a table with other values."""

    def damage(made: Catalogue) -> Catalogue:
        records = list(getattr(made, table))
        records[number] = replace(records[number], **changes)
        return replace(made, **{table: tuple(records)})

    return damage


def capped(**changes: Any) -> Damage:
    """The first cap of the offer `mat` with other values."""

    def damage(made: Catalogue) -> Catalogue:
        caps_ = made.offers[1].caps
        return changed("offers", 1, caps=(replace(caps_[0], **changes), *caps_[1:]))(made)

    return damage


def twice(table: str) -> Damage:
    """The first record of a table there twice."""
    return lambda made: replace(made, **{table: (*getattr(made, table), getattr(made, table)[0])})


def declared(path: str) -> Damage:
    """One offer attribute more."""

    def damage(made: Catalogue) -> Catalogue:
        offer = (*made.schema.offer, Attribute(path, ValueType.INT))
        return replace(made, schema=replace(made.schema, offer=offer))

    return damage


def rule(made: Catalogue, source: str) -> int:
    """The number of a rule."""
    return next(number for number, one in enumerate(made.rules) if one.source == source)


def ruled(table: str, number: int, field: str, source: str) -> Damage:
    """One record of a table with another rule."""
    return lambda made: changed(table, number, **{field: rule(made, source)})(made)


NUMBER, CONDITION = "double(offer.priority) * 2.0", "profile.age >= 18"
OF_OFFER, TEXT = 'offer.category == "yoga"', "profile.segment"
DAY = CalendarUnit.DAY


def test_everything_is_read_back(catalogue: Catalogue, tmp_path: Path) -> None:
    """All tables are the same when read, and the bundle is whole."""
    write_bundle(catalogue, tmp_path / "bundle")
    opened = open_bundle(tmp_path / "bundle", MODELS)
    assert opened.catalogue == replace(catalogue, contents=())
    contents = [opened.content(number) for number in range(opened.counts["contents"])]
    assert contents == list(catalogue.contents)
    assert len(opened.event_filters) == 2
    opened.close()
    check_bundle(tmp_path / "bundle")


def test_models_are_asked_for_by_name(catalogue: Catalogue, tmp_path: Path) -> None:
    """Whoever decides has the models that rankings name; whoever only reads needs none."""
    write_bundle(catalogue, tmp_path / "bundle")
    with pytest.raises(BundleError, match="`learned` asks for model `my-model`"):
        open_bundle(tmp_path / "bundle")
    open_bundle(tmp_path / "bundle", None).close()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (capped(counter=99), "offer `mat` refers to `99`"),
        (capped(limit=0), "a cap of 0, 1 to 1000000000 expected"),
        (capped(limit_rule=99), "offer `mat` refers to `99`"),
        (capped(placements=("till",)), "offer `mat` refers to `till`"),
        (capped(within_ns=1), "a cap with two windows"),
        (capped(calendar=None, within_ns=10**17), "a cap whose time can't be counted"),
        (capped(calendar=Calendar(DAY, 0)), "a window over 0 of `day`, 1 to 730 exp"),
        (capped(calendar=Calendar(DAY, 731)), "a window over 731 of `day`"),
        (capped(calendar=Calendar(DAY, 1, "Mars")), "time zone `Mars`, which isn't known here"),
        (capped(calendar=Calendar(DAY, 1, "")), "time zone ``, which isn't known here"),
        (capped(calendar=Calendar(DAY, 1, "../UTC")), "which isn't known here"),
        (capped(calendar=Calendar(DAY, 1, "UTC", 8)), "a window whose weeks start on no day"),
        (capped(start_ns=2**63), "offer `mat`, in a cap, has a date beyond the years"),
        (capped(end_ns=2**63), "offer `mat`, in a cap, has a date beyond the years"),
        (changed("counters", 1, also=("party",)), "counts `party`, which isn't declared"),
        (changed("counters", 1, also=("decision",)), "counts what can't be counted with anything"),
        (changed("counters", 0, key=""), "a counter's key is from 1 to 400 bytes long"),
        (changed("counters", 0, key="k" * 401), "a counter's key is from 1 to 400 bytes long"),
        (changed("counters", 0, event="party"), "counts `party`, which isn't declared"),
        (changed("counters", 0, where=0), "filters propositions"),
        (changed("counters", 0, offers=(99,)), "counter `total:decision:offer/mat` refers to `99`"),
        (changed("counters", 0, placements=("till",)), "refers to `till`"),
        (changed("counters", 1, where=99), "refers to `99`"),
        (changed("counters", 4, where=None), "an event filter that no aggregate and no counter"),
        (twice("counters"), "counter `total:decision:offer/mat` is there twice"),
        (declared("priority"), "the offer attribute `priority` is built in"),
        (changed("offers", 1, replaces=(99,)), "offer `mat` refers to `99`"),
        (changed("offers", 1, replaces=(1,)), "offer `mat` is replaced in a circle"),
        (changed("offers", 3, replaces=(1,)), "offer `mat` is replaced in a circle"),
        (changed("strategies", 0, ranking=99), "strategy `boosted-gear` refers to `99`"),
        (changed("strategies", 0, ranking=-1), "strategy `boosted-gear` refers to `-1`"),
        (changed("rankings", 0, formula=99), "ranking `boosted` refers to `99`"),
        (changed("rankings", 0, boosts=(Boost(0, 99),)), "ranking `boosted` refers to `99`"),
        (changed("rankings", 1, table=99), "ranking `by-file` refers to `99`"),
        (changed("rankings", 0, formula=None), "doesn't have what ranks by `formula`"),
        (changed("rankings", 0, model="x"), "doesn't have what ranks by `formula`"),
        (changed("rankings", 1, boosts=(Boost(0, 0),)), "has boosts, and no formula"),
        (changed("rankings", 0, failed_score=float("nan")), "a score that isn't finite"),
        (changed("rankings", 0, minimum_score=float("inf")), "a score that isn't finite"),
        (twice("rankings"), "ranking `boosted` is there twice"),
        (changed("score_tables", 0, segment=99), "table of scores `filed` refers to `99`"),
        (changed("score_tables", 0, scores={"a": {99: 1.0}}), "refers to `99`"),
        (changed("score_tables", 0, scores={"a": {1: float("nan")}}), "isn't finite"),
        (changed("score_tables", 0, default=float("inf")), "isn't finite"),
        (changed("exclusions", 0, offers=(99,)), "exclusion `no-sale` refers to `99`"),
        (changed("exclusions", 0, when=99), "exclusion `no-sale` refers to `99`"),
        (changed("exclusions", 0, at_most=-1), "allows -1 offers, 0 to 500 expected"),
        (twice("exclusions"), "exclusion `no-sale` is there twice"),
        (changed("decisions", 0, groups=(Group(),)), "a group that isn't either"),
        (changed("decisions", 0, groups=(Group((0,), (0,)),)), "a group that isn't either"),
        (changed("decisions", 0, groups=(Group((99,)),)), "decision `best` refers to `99`"),
        (changed("decisions", 0, groups=(Group((), (99,)),)), "decision `best` refers to `99`"),
        (changed("decisions", 0, groups=(Group((0,), (), ("till",)),)), "`best` refers to `till`"),
        (changed("decisions", 0, start_ns=2**63), "decision `best` has a date beyond the years"),
        (changed("decisions", 0, end_ns=2**63), "decision `best` has a date beyond the years"),
        (changed("decisions", 0, fallbacks=("x",)), "decision `best` refers to `x`"),
        (changed("experiments", 0, decision="x"), "experiment `hero` refers to `x`"),
        (changed("experiments", 0, rollout=10_001), "a share that isn't from 0 to 10000"),
        (changed("experiments", 0, holdout=-1), "a share that isn't from 0 to 10000"),
        (changed("experiments", 0, arms=()), "has no arm"),
        (changed("experiments", 0, arms=(Arm("a", 0),)), "has no arm"),
        (changed("experiments", 0, arms=(Arm("a", 1), Arm("b", -1))), "a weight that can't be"),
        (changed("experiments", 0, arms=(Arm("a", 1_000_001),)), "a weight that can't be"),
        (changed("experiments", 0, arms=(Arm("a", 1), Arm("a", 1))), "has an arm twice"),
        (changed("experiments", 0, arms=(Arm("", 1),)), "an arm without id"),
        (changed("experiments", 0, arms=(Arm("a", 1, (Group((99,)),)),)), "refers to `99`"),
        (changed("experiments", 0, arms=(Arm("a", 1, (Group(),)),)), "a group that isn't either"),
        (twice("experiments"), "experiment `hero` is there twice"),
        (
            lambda it: replace(
                it, experiments=(*it.experiments, replace(it.experiments[0], id="second"))
            ),
            "decision `rich` has two approved experiments",
        ),
        (ruled("audiences", 0, "rule", OF_OFFER), "reads `offer`, and there is none"),
        (ruled("audiences", 0, "rule", TEXT), "has a rule of `string`, `bool` expected"),
        (ruled("offers", 0, "eligibility", NUMBER), "has a rule of `double`, `bool` expected"),
        (ruled("strategies", 0, "constraint", TEXT), "has a rule of `string`, `bool` expected"),
        (ruled("exclusions", 0, "when", OF_OFFER), "reads `offer`, and there is none"),
        (ruled("rankings", 0, "formula", CONDITION), "of `bool`, `int` or `double` expected"),
        (ruled("score_tables", 0, "segment", NUMBER), "of `double`, `string` expected"),
        (lambda it: capped(limit_rule=rule(it, CONDITION))(it), "of `bool`, `int` expected"),
    ],
)
def test_what_definitions_cannot_say_is_not_opened(
    catalogue: Catalogue, damage: Damage, message: str, tmp_path: Path
) -> None:
    """A number, name, rule or range that the compiler wouldn't write is refused, and named."""
    write_bundle(damage(catalogue), tmp_path / "bundle")
    for use in (lambda path: open_bundle(path, MODELS), check_bundle):
        with pytest.raises(BundleError) as refused:
            use(tmp_path / "bundle")
        assert message in str(refused.value)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (Template(("x",), ("a",)), ""),
        (Template((), (Placeholder(99, Escape.HTML, "a"),)), ""),
        (Template((), (Placeholder(0, Escape.HTML, 7),)), "a default in a text isn't text"),
    ],
)
def test_check_fills_in_every_content(
    catalogue: Catalogue, template: Template, message: str, tmp_path: Path
) -> None:
    """A template that can't be filled in is found by checking."""
    spare = Content(ContentType.HTML, "<p>", (template,))
    write_bundle(replace(catalogue, contents=(*catalogue.contents, spare)), tmp_path / "bundle")
    number = len(catalogue.contents)
    with pytest.raises(BundleError, match=rf"content {number}: .*{message}"):
        check_bundle(tmp_path / "bundle")


def test_scores_are_in_one_order(catalogue: Catalogue, tmp_path: Path) -> None:
    """The revision doesn't depend on the order in which scores were put into a table."""
    table = catalogue.score_tables[1]
    backwards = {
        segment: dict(reversed(scores.items()))
        for segment, scores in reversed(table.scores.items())
    }
    other = replace(
        catalogue, score_tables=(catalogue.score_tables[0], replace(table, scores=backwards))
    )
    one = write_bundle(catalogue, tmp_path / "one")
    assert write_bundle(other, tmp_path / "two").revision == one.revision


def test_a_counter_without_filter_is_of_any_declared_event(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """Counters that no cap uses are allowed: their counts wait for one that does."""
    spare = Counter("profile:click:any", "click", CapSubject.PROFILE, None)
    write_bundle(replace(catalogue, counters=(*catalogue.counters, spare)), tmp_path / "bundle")
    check_bundle(tmp_path / "bundle")


def test_bounds_are_those_of_definitions() -> None:
    """What can be written can be kept, and no more."""
    assert caps.MAXIMUM_LIMIT == forms.MAXIMUM_LIMIT
    assert calendars.MOST_UNITS == windows.MOST_UNITS
    assert windows.CAPPED.longest_ns == caps.LONGEST_WITHIN_NS
    assert selection.MAXIMUM_WEIGHT == experimenting.MAXIMUM_WEIGHT
    assert selection.MAXIMUM_AT_MOST == fields.MAXIMUM_ITEM_COUNT
    assert forms.ten_thousandths("100%") == WHOLE
