"""What definitions say about customers becomes a schema, audiences, policies and channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.definitions import load
from offerd.model.capping import Calendar, CalendarUnit, Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue
from offerd.model.consent import ConsentDefaults, ConsentValue
from offerd.model.contact import Channel, QuietPeriod
from offerd.model.policy import CORE_MARKETING_ACTIONS, Policy
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Namespace,
    NamespaceType,
    Normalization,
    ScoreModel,
    Sequence,
    SequenceStep,
    ValueType,
)
from unit.definitions.customer_shop import CUSTOMERS
from unit.definitions.definition_folders import catalogue_of, mistakes_in, write

SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Definitions that use everything."""
    folder = tmp_path_factory.mktemp("customers")
    return load([write(folder, {"all.yaml": CUSTOMERS})]).catalogue


def aggregate(catalogue: Catalogue, name: str) -> Aggregate:
    """The aggregate of an id."""
    return next(one for one in catalogue.schema.aggregates if one.id == name)


def test_namespaces_have_what_their_type_asks_for(catalogue: Catalogue) -> None:
    """Those of persons are unique unless they say otherwise; addresses are always normalised."""
    assert catalogue.schema.namespaces == (
        Namespace("crm", NamespaceType.CROSS_DEVICE, Normalization.NONE, unique=True),
        Namespace("card", NamespaceType.CROSS_DEVICE, Normalization.NONE, unique=False, limit=5),
        Namespace("mail", NamespaceType.EMAIL, Normalization.LOWERCASE, unique=True),
        Namespace("phone", NamespaceType.PHONE, Normalization.PHONE, unique=True),
        Namespace("ecid", NamespaceType.COOKIE, Normalization.NONE, unique=True),
        Namespace("app", NamespaceType.DEVICE, Normalization.LOWERCASE, unique=False),
    )


def test_windows_are_sliding_or_of_the_calendar(catalogue: Catalogue) -> None:
    """A window is in nanoseconds, a calendar as caps have it; without either it is for ever."""
    assert aggregate(catalogue, "visits").within_ns == 720 * HOUR_NS
    assert aggregate(catalogue, "visits").calendar is None
    spent = aggregate(catalogue, "spent")
    assert spent.within_ns is None
    assert spent.calendar == Calendar(CalendarUnit.WEEK, 2, "Europe/Stockholm", 7)
    average = aggregate(catalogue, "average")
    assert (average.within_ns, average.calendar) == (None, None)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("function: average, value: amount", ValueType.DOUBLE),
        ("function: average, value: points, group_by: category", ValueType.MAP_DOUBLE),
        ("function: first, value: category", ValueType.STRING),
        ("function: last, value: gift", ValueType.BOOL),
        ("function: last, value: paid", ValueType.TIMESTAMP),
        ("function: first, value: amount", ValueType.DOUBLE),
        ("function: last, value: product, group_by: category", ValueType.MAP_STRING),
        ("function: first, value: paid, group_by: category", ValueType.MAP_TIMESTAMP),
        ("function: distinct, value: category", ValueType.INT),
        ("function: distinct, value: points, group_by: category", ValueType.MAP_INT),
        ("function: top, group_by: category", ValueType.LIST_STRING),
        ("function: top, group_by: category, value: points", ValueType.LIST_STRING),
        ("function: affinity, group_by: category", ValueType.MAP_DOUBLE),
    ],
)
def test_types_of_further_figures(tmp_path: Path, fields: str, kind: ValueType) -> None:
    """The type that rules see follows from function, value and groups."""
    text = f"""
    events:
    - id: purchase
      properties:
      - {{name: amount, type: double}}
      - {{name: points, type: int}}
      - {{name: paid, type: timestamp}}
      - {{name: category, type: string}}
      - {{name: product, type: string}}
      - {{name: gift, type: bool}}
    aggregates:
    - {{id: figure, events: [purchase, click], {fields}}}
    """
    assert catalogue_of(write(tmp_path, {"a.yaml": text})).schema.aggregates[0].type is kind


def test_groups_have_a_number_a_half_life_and_sessions(catalogue: Catalogue) -> None:
    """What isn't said is as usual: five groups, sessions that half an hour ends."""
    tops, weighed = aggregate(catalogue, "tops"), aggregate(catalogue, "weighed")
    assert (tops.count, tops.half_life_ns, tops.value) == (5, 168 * HOUR_NS, None)
    assert (weighed.count, weighed.half_life_ns, weighed.value) == (3, None, "weight")
    liked, long = aggregate(catalogue, "liked"), aggregate(catalogue, "liked_long")
    assert (liked.count, liked.session_gap_ns) == (5, HOUR_NS // 2)
    assert (long.count, long.session_gap_ns) == (9, 2 * HOUR_NS)
    assert aggregate(catalogue, "visits").count is None
    assert aggregate(catalogue, "visits").session_gap_ns is None


def test_sequences_have_steps_with_numbered_filters(catalogue: Catalogue) -> None:
    """An aggregate over a sequence takes the events of its steps, and no filter of its own."""
    abandoned = aggregate(catalogue, "abandoned")
    assert abandoned.function is AggregateFunction.LAST_TIME
    assert abandoned.type is ValueType.TIMESTAMP
    assert abandoned.events == ("cart", "purchase")
    assert abandoned.sequence == Sequence(
        (SequenceStep(("cart",)), SequenceStep(("purchase",), negated=True, within_ns=HOUR_NS))
    )
    checkout = aggregate(catalogue, "checkout")
    assert checkout.events == ("page_view", "view", "cart", "purchase")
    assert (checkout.type, checkout.where) == (ValueType.INT, None)
    assert (checkout.session_gap_ns, checkout.count) == (None, None)
    sources = [one.source for one in catalogue.event_filters]
    yoga, sleep, dear = (
        sources.index(source)
        for source in ('event.category == "yoga"', 'event.goal == "sleep"', "event.amount > 10.0")
    )
    assert checkout.sequence == Sequence(
        (
            SequenceStep(("page_view",), negated=True, within_ns=60 * SECOND_NS),
            SequenceStep(("view", "cart"), yoga),
            SequenceStep(("page_view",), negated=True),
            SequenceStep(("view",), sleep, negated=True),
            SequenceStep(("purchase",), dear, after_ns=SECOND_NS, within_ns=2 * HOUR_NS),
        ),
        24 * HOUR_NS,
        HOUR_NS // 2,
    )


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("visits", ()),
        ("spent", ()),
        ("last_goal", ("I2", "RHD")),
        ("tops", ("C4",)),
        ("filtered", ("I2", "RHD")),
        ("checkout", ("C4", "I2", "RHD")),
    ],
)
def test_labels_of_properties_reach_aggregates(
    catalogue: Catalogue, name: str, labels: tuple[str, ...]
) -> None:
    """An aggregate has the labels of its value, its groups, and of what its filters read."""
    assert aggregate(catalogue, name).labels == labels


def test_scores_audiences_and_policies(catalogue: Catalogue) -> None:
    """Scores have an age and labels; loaded audiences no rule; actions and labels are sorted."""
    assert catalogue.schema.scores == (ScoreModel("yoga", 720 * HOUR_NS, ("C9",)),)
    both, likely, vip = catalogue.audiences
    assert (vip.id, vip.name, vip.rule) == ("vip", "Important people", None)
    assert both.rule is not None
    assert likely.rule is not None
    assert catalogue.policies == (
        Policy(
            "no-health",
            ("call_centre", "onsite_personalization"),
            ("C4", "RHD"),
            ("C9", "S1"),
        ),
    )
    assert catalogue.placements[0].marketing_actions == ("onsite_personalization",)


def test_channels_have_quiet_hours_and_counted_contacts(catalogue: Catalogue) -> None:
    """Contacts are counted per profile by channel, those of several together once."""
    own = Counter("profile:contact:any@email", "contact", CapSubject.PROFILE, None, ("email",))
    pair = ("email", "push")
    together = Counter("profile:contact:any@email,push", "contact", CapSubject.PROFILE, None, pair)
    assert catalogue.counters == (own, together)
    assert catalogue.channels == (
        Channel(
            "email",
            "letters",
            ("mail",),
            (
                QuietPeriod(22 * 60, 8 * 60 + 30),
                QuietPeriod(0, 0, (), ("2026-12-24", "2026-12-25")),
                QuietPeriod(13 * 60, 14 * 60, (1, 7)),
            ),
            "Europe/Stockholm",
            "time_zone",
            (
                Cap(0, 3, 24 * HOUR_NS, placements=("email",)),
                Cap(1, 1, calendar=Calendar(CalendarUnit.DAY), placements=pair),
            ),
            ("email_targeting",),
        ),
        Channel("push", "push", caps=(Cap(1, 7, placements=pair),)),
    )


def test_consent_says_what_is_not_a_yes(catalogue: Catalogue, tmp_path: Path) -> None:
    """Questions have their full names; without the section everything is allowed."""
    assert catalogue.consent == ConsentDefaults(
        {
            "collect": ConsentValue.UNKNOWN,
            "personalize": ConsentValue.LEGITIMATE_INTEREST,
            "marketing.any": ConsentValue.PENDING,
            "marketing.letters": ConsentValue.NO,
        }
    )
    assert catalogue_of(write(tmp_path, {"a.yaml": "events: []"})).consent == ConsentDefaults()


def test_core_marketing_actions_need_no_declaration(tmp_path: Path) -> None:
    """All ten can be named by placements, channels and policies."""
    names = ", ".join(CORE_MARKETING_ACTIONS)
    text = f"""
    policies: [{{id: all, marketing_actions: [{names}], any_labels: [S1]}}]
    channels: [{{id: sms, marketing_actions: [{names}]}}]
    """
    loaded = catalogue_of(write(tmp_path, {"a.yaml": text}))
    assert loaded.policies[0].marketing_actions == CORE_MARKETING_ACTIONS
    assert loaded.channels[0].marketing_actions == CORE_MARKETING_ACTIONS


def test_warnings_of_labels_that_nothing_has_and_of_zones(tmp_path: Path) -> None:
    """A policy about nothing, and quiet hours of nobody's clock, are legal but hardly meant."""
    text = """
    profile: [{name: goal, type: string, labels: [health]}]
    policies: [{id: quiet, marketing_actions: [analytics], any_labels: [healthy, S1, C11]}]
    channels: [{id: sms, quiet_hours: [{from: "22:00", until: "07:00"}]}]
    """
    warnings = load([write(tmp_path / "w", {"a.yaml": text})]).warnings
    assert [str(warning) for warning in warnings] == [
        "w/a.yaml:2:69: nothing has the label `healthy`: did you mean `health`?",
        "w/a.yaml:2:82: nothing has the label `C11`",
        "w/a.yaml:3:22: `sms` has no `time_zone` and no `time_zone_attribute`: its quiet hours "
        "hold as long as they do in any zone",
    ]


def test_a_wrong_declaration_excuses_what_names_it(tmp_path: Path) -> None:
    """What is there but wrong isn't reported a second time as missing."""
    text = """
    marketing_actions: [{id: call_centre, nam: x}]
    events: [{id: view, propertys: []}]
    scores: [{id: yoga, maximum: 1h}]
    channels: [{id: email, adress: x}]
    aggregates:
    - {id: seen, events: [view], function: count, windw: 1h}
    - {id: twice, events: [view], function: counts}
    - {id: come, function: steps, sequence: [{events: [view]}]}
    audiences: [{id: keen, rule: aggregate.seen > 1 && aggregate.twice > 1 && score("yoga") > 1.0}]
    consent: {marketing: {email: n}}
    placements: [{id: web, channel: web, content_type: text, marketing_actions: [call_centre]}]
    """
    assert mistakes_in(write(tmp_path / "w", {"a.yaml": text})) == [
        "w/a.yaml:1:39: a marketing action has no field `nam`: did you mean `name`?",
        "w/a.yaml:2:21: an event type has no field `propertys`: did you mean `properties`?",
        "w/a.yaml:3:21: a score has no field `maximum`: did you mean `maximum_age`?",
        "w/a.yaml:4:24: a channel has no field `adress`: expected `name`, `description`, `id`, "
        "`consent`, `namespaces`, `time_zone`, `time_zone_attribute`, `quiet_hours`, `caps`, "
        "`marketing_actions`",
        "w/a.yaml:6:47: an aggregate has no field `windw`: did you mean `window`?",
        "w/a.yaml:7:41: `counts` is not a function: did you mean `count`?",
    ]
