"""What definitions say of customers is read back, and held to what they can say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from offerd.bundle import check_bundle, open_bundle, write_bundle
from offerd.bundle.seal import FORMAT_VERSION
from offerd.definitions import load
from offerd.errors import BundleError
from offerd.model.capping import Calendar, CalendarUnit
from offerd.model.catalogue import Catalogue
from offerd.model.contact import QuietPeriod
from offerd.model.schema import AggregateFunction, SequenceStep, ValueType
from unit.bundle.resealed import edited, put
from unit.definitions.customer_shop import CUSTOMERS
from unit.definitions.definition_folders import write

replace = msgspec.structs.replace
Damage = Callable[[Catalogue], Catalogue]
TOO_LONG_NS = 17_545 * 3_600 * 10**9
"""An hour more than 731 days."""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Definitions that use everything, which are right."""
    return load([write(tmp_path_factory.mktemp("shop"), {"all.yaml": CUSTOMERS})]).catalogue


def test_everything_is_read_back(catalogue: Catalogue, tmp_path: Path) -> None:
    """All tables are the same when read, loaded audiences have no rule, and nothing is asked."""
    write_bundle(catalogue, tmp_path / "bundle")
    checked = check_bundle(tmp_path / "bundle")
    assert (checked.format_version, FORMAT_VERSION) == (5, 5)
    assert (checked.counts["consent"], checked.counts["channels"]) == (1, 2)
    opened = open_bundle(tmp_path / "bundle")
    assert opened.catalogue == replace(catalogue, contents=())
    assert sorted(opened.prepared.audiences) == ["both", "likely"]
    assert len(opened.event_filters) == 3
    opened.close()


def test_another_default_of_consent_is_another_revision(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """Whoever is asked for consent, and how they are contacted, is part of the revision."""
    channel = replace(catalogue.channels[1], consent="pushes")
    others = (
        replace(catalogue, consent=type(catalogue.consent)()),
        replace(catalogue, channels=(catalogue.channels[0], channel)),
        replace(catalogue, policies=()),
    )
    revisions = {
        write_bundle(one, tmp_path / str(number)).revision
        for number, one in enumerate((catalogue, *others))
    }
    assert len(revisions) == 4


def changed(table: str, number: int, /, **changes: Any) -> Damage:
    """One record of a table with other values."""

    def damage(made: Catalogue) -> Catalogue:
        records = list(getattr(made, table))
        records[number] = replace(records[number], **changes)
        return replace(made, **{table: tuple(records)})

    return damage


def declared(table: str, name: str, /, **changes: Any) -> Damage:
    """One record of the schema with other values."""

    def damage(made: Catalogue) -> Catalogue:
        records = tuple(
            replace(one, **changes) if one.id == name else one
            for one in getattr(made.schema, table)
        )
        return replace(made, schema=replace(made.schema, **{table: records}))

    return damage


def figured(name: str, /, **changes: Any) -> Damage:
    """One aggregate with other values."""
    return declared("aggregates", name, **changes)


def stepped(number: int, /, name: str = "checkout", **changes: Any) -> Damage:
    """One step of a sequence with other values."""

    def damage(made: Catalogue) -> Catalogue:
        found = next(one for one in made.schema.aggregates if one.id == name)
        assert found.sequence is not None
        steps = list(found.sequence.steps)
        steps[number] = replace(steps[number], **changes)
        return figured(name, sequence=replace(found.sequence, steps=tuple(steps)))(made)

    return damage


def sequenced(**changes: Any) -> Damage:
    """The sequence of `abandoned` with other values."""

    def damage(made: Catalogue) -> Catalogue:
        found = next(one for one in made.schema.aggregates if one.id == "abandoned")
        assert found.sequence is not None
        return figured("abandoned", sequence=replace(found.sequence, **changes))(made)

    return damage


def contacted(**changes: Any) -> Damage:
    """The first cap of the channel `email` with other values."""

    def damage(made: Catalogue) -> Catalogue:
        first, *others = made.channels[0].caps
        return changed("channels", 0, caps=(replace(first, **changes), *others))(made)

    return damage


def quiet(period: QuietPeriod) -> Damage:
    """The channel `email` with other quiet hours."""
    return changed("channels", 0, quiet_periods=(period,))


def twice(table: str) -> Damage:
    """The first record of a table there twice."""
    return lambda made: replace(made, **{table: (*getattr(made, table), getattr(made, table)[0])})


DAY = CalendarUnit.DAY
CART = SequenceStep(("cart",))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (changed("audiences", 0, rule=99), "audience `both` refers to `99`"),
        (figured("visits", within_ns=0), "aggregate `visits` has a time that can't be counted"),
        (figured("visits", within_ns=TOO_LONG_NS), "`visits` has a time that can't be counted"),
        (figured("visits", calendar=Calendar(DAY)), "aggregate `visits` has two windows"),
        (figured("spent", calendar=Calendar(DAY, 731)), "`spent` has a window over 731 of `day`"),
        (figured("spent", calendar=Calendar(DAY, 1, "Mars")), "has the time zone `Mars`"),
        (figured("tops", count=101), "`tops` keeps 101 groups, 1 to 100 expected"),
        (figured("tops", count=None), "`tops` keeps None groups, 1 to 100 expected"),
        (figured("visits", count=5), "keeps 5 groups of which nobody asks"),
        (figured("liked", half_life_ns=10**9), "has a half-life, and no weights"),
        (figured("liked", session_gap_ns=None), "has sessions, and shouldn't, or lacks them"),
        (figured("visits", session_gap_ns=10**9), "has sessions, and shouldn't, or lacks them"),
        (figured("tops", group_by=None), "`tops` can't be a `list(string)`"),
        (figured("tops", value="product"), "`tops` can't be a `list(string)`"),
        (figured("liked", value="weight"), "`liked` can't be a `map(string, double)`"),
        (figured("last_goal", type=ValueType.INT), "`last_goal` can't be a `int`"),
        (figured("visits", function=AggregateFunction.STEPS), "`visits` can't be a `int`"),
        (figured("checkout", function=AggregateFunction.SUM), "`checkout` can't be a `int`"),
        (figured("checkout", where=0), "`checkout` can't be a `int`"),
        (figured("visits", where=9), "aggregate `visits` refers to `9`"),
        (stepped(1, where=9), "aggregate `checkout` refers to `9`"),
        (stepped(1, events=("party",)), "`checkout` refers to `party`"),
        (stepped(1, events=()), "has a step of no events"),
        (stepped(1, after_ns=1), "has a first step that would follow another"),
        (stepped(1, within_ns=1), "has a first step that would follow another"),
        (stepped(0, within_ns=None), "has a step that would last for ever, or not at all"),
        (stepped(2, within_ns=1), "has a step that would last for ever, or not at all"),
        (stepped(2, after_ns=1), "has a step that would last for ever, or not at all"),
        (stepped(4, within_ns=-1), "has a time that can't be counted"),
        (stepped(1, "abandoned", within_ns=None), "has a step that would last for ever"),
        (stepped(0, "abandoned", negated=True, within_ns=1), "nothing happens, or too much"),
        (sequenced(steps=()), "has a sequence in which nothing happens, or too much"),
        (sequenced(steps=(CART,) * 21), "has a sequence in which nothing happens, or too much"),
        (sequenced(within_ns=0), "has a time that can't be counted"),
        (sequenced(session_gap_ns=TOO_LONG_NS), "has a time that can't be counted"),
        (declared("namespaces", "crm", limit=3), "namespace `crm` has a limit that can't be held"),
        (declared("namespaces", "card", limit=0), "namespace `card` has a limit"),
        (declared("namespaces", "card", id="crm"), "namespace `crm` is there twice"),
        (declared("scores", "yoga", maximum_age_ns=0), "score `yoga` has an age"),
        (figured("visits", id="spent"), "aggregate `spent` is there twice"),
        (changed("policies", 0, marketing_actions=()), "policy `no-health` is about nothing"),
        (changed("policies", 0, any_labels=(), all_labels=()), "`no-health` is about nothing"),
        (twice("policies"), "policy `no-health` is there twice"),
        (twice("channels"), "channel `email` is there twice"),
        (changed("channels", 0, namespaces=("fax",)), "channel `email` refers to `fax`"),
        (changed("channels", 0, time_zone="Mars"), "channel `email` has the time zone `Mars`"),
        (changed("channels", 0, time_zone_attribute="zone"), "reads `zone`, which is no text"),
        (contacted(end_ns=2**63), "channel `email`, in a cap, has a date beyond the years"),
        (contacted(counter=9), "channel `email` refers to `9`"),
        (contacted(limit=0), "channel `email` has a cap of 0"),
        (contacted(limit_rule=0), "has a cap that doesn't count contacts"),
        (contacted(placements=("web",)), "channel `email` refers to `web`"),
        (contacted(calendar=Calendar(DAY)), "has a cap with two windows"),
        (changed("counters", 0, event="click", placements=()), "doesn't count contacts"),
        (changed("counters", 0, placements=("web",)), "refers to `web`, which isn't there"),
        (changed("counters", 0, placements=()), "counts contacts that aren't a profile's"),
        (changed("counters", 0, offers=()), "counts contacts that aren't a profile's"),
        (changed("counters", 0, where=0), "filters contacts, which have no properties"),
        (quiet(QuietPeriod(-1, 60)), "quiet hours at a minute that no day has"),
        (quiet(QuietPeriod(60, 1440)), "quiet hours at a minute that no day has"),
        (quiet(QuietPeriod(0, 60, (8,))), "quiet hours on a day that no week has"),
        (quiet(QuietPeriod(0, 60, (), ("2026-02-30",))), "quiet hours on no day"),
    ],
)
def test_what_definitions_cannot_say_is_not_opened(
    catalogue: Catalogue, damage: Damage, message: str, tmp_path: Path
) -> None:
    """Opening refuses what the compiler would have refused, and names where it is."""
    write_bundle(damage(catalogue), tmp_path / "bundle")
    for use in (open_bundle, check_bundle):
        with pytest.raises(BundleError) as refused:
            use(tmp_path / "bundle")
        assert message in str(refused.value)


def test_there_is_one_record_of_what_is_one(catalogue: Catalogue, tmp_path: Path) -> None:
    """A second schema, or second defaults of consent, are refused by their count."""
    write_bundle(catalogue, tmp_path / "bundle")
    path = edited(tmp_path / "bundle", lambda it: put(it, "consent", 1, b"\x91\x80"))
    with pytest.raises(BundleError, match="`consent` has 2 records, 1 expected"):
        open_bundle(path)


def test_ends_of_every_range_are_inside(catalogue: Catalogue, tmp_path: Path) -> None:
    """What is just possible is read."""
    made = figured("visits", within_ns=TOO_LONG_NS - 3_600 * 10**9)(catalogue)
    made = figured("spent", calendar=Calendar(DAY, 730, "UTC", 7))(made)
    made = figured("tops", count=100)(made)
    made = sequenced(steps=(CART,) * 20)(made)
    made = quiet(QuietPeriod(1439, 0, (1, 7), ("2028-02-29",)))(made)
    made = contacted(limit=1_000_000_000)(made)
    write_bundle(made, tmp_path / "bundle")
    check_bundle(tmp_path / "bundle")
