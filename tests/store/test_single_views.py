"""Customers of one profile read in one go: what is seen is what `Views` sees."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from offerd.customer.loaded import AttributesRow, MembershipRow, Row, ScoreRow
from offerd.customer.subject import alone
from offerd.events import FoldPlan
from offerd.events import series as events_series
from offerd.model.consent import Choice, Consent, ConsentValue
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    ScoreModel,
    ValueType,
)
from offerd.store import Durability, State
from offerd.store import folding as folding_module
from offerd.store import series as series_module
from offerd.store.layout import (
    Table,
    decode_record,
    encode_record,
    profile_digest,
    record_decoder,
)
from offerd.store.single import MOST_NAMES, Seen, SingleViews
from seeds import random_seed
from store.given import LAST, NOW_NS, RECENT, SPEND, catalogue_of, incoming, key, plan_of
from store.test_loads import PROPENSITY, VIP, WAREHOUSE, load
from unit.events import random_features

PROFILES = 12
PLAN_SCHEMA = Schema(
    profile=(Attribute("city", ValueType.STRING), Attribute("age", ValueType.DOUBLE)),
    aggregates=(SPEND, LAST, RECENT),
    scores=(ScoreModel("propensity"),),
)
PLAN = FoldPlan.build(catalogue_of(PLAN_SCHEMA), [])


def opened(path: Path, plan: FoldPlan) -> State:
    """Returns a state that need not survive a loss of power."""
    return State.open(path, plan, durability=Durability.RELAXED)


def check(state: State, plan: FoldPlan, source: random.Random, now_ns: int) -> int:
    """Compares all profiles; returns how many were seen."""
    seen = 0
    names = None if source.random() < 0.5 else set(source.sample(sorted(plan.features.names), 1))
    single = state.views.single(plan, names)
    _check_some(single, source, now_ns)
    for number in range(PROFILES):
        found = single.see(key(number), now_ns)
        known = state.views.known_at_once(alone(key(number)), plan, now_ns, (), names)
        if found is not None:
            assert known is not None
            assert found.view == known.view(now_ns)
            assert [*found.view.aggregates] == [*known.view(now_ns).aggregates]
            record = known.records[0] if known.records else None
            assert found.consent == (None if record is None else record.consent)
            seen += 1
            _check_narrow(state, plan, source, found, now_ns)
    return seen


def _check_some(single: SingleViews, source: random.Random, now_ns: int) -> None:
    """Compares what is seen of several at once with what is of each."""
    keys = [source.choice((key(n), key(n), key(n), None)) for n in range(PROFILES + 2)]
    expected = [None if one is None else single.see(one, now_ns) for one in keys]
    assert single.see_some(keys, now_ns, math.inf) == expected
    first = next(place for place, one in enumerate(keys) if one is not None)
    assert single.see_some(keys, now_ns, 0.0) == expected[: first + 1]
    assert single.see_some([], now_ns, 0.0) == []


def _check_narrow(
    state: State, plan: FoldPlan, source: random.Random, whole: Seen, now_ns: int
) -> None:
    """Compares what is seen with some attributes and aggregates only."""
    key, attributes, aggregates, *others = whole.view
    assert key is not None
    paths = {path for path in ("city", "age", "unknown") if source.random() < 0.5}
    names = {name for name in (*plan.defaults, *aggregates) if source.random() < 0.5}
    narrow = state.views.single(plan, names, paths).see(key, now_ns)
    everything = state.views.single(plan, None).see(key, now_ns)
    assert narrow is not None
    assert everything is not None
    known = everything.view.aggregates.items()
    assert narrow.view.aggregates == {name: value for name, value in known if name in names}
    # Other attributes may be seen, too, and needn't be those that hold.
    seen = narrow.view.attributes
    assert [seen.get(path) for path in paths] == [attributes.get(path) for path in paths]
    assert narrow.view[3:] == tuple(others)
    assert narrow.consent == whole.consent


def test_the_same_is_seen(tmp_path: Path) -> None:
    """Of attributes, events, consent and what was loaded, of profiles that aren't there, too."""
    source = random.Random(random_seed())
    with opened(tmp_path / "state", PLAN) as state:
        single = state.views.single(PLAN, None)
        for step in range(60):
            someone = key(source.randrange(PROFILES))
            now_ns = NOW_NS + step * 300 * 10**9
            what = source.randrange(6)
            if what == 0:
                attributes = {"city": "Lund", "age": 3.5, "gone": 1}
                scores = {"propensity": source.random()} if source.random() < 0.5 else None
                state.set_profile(someone, attributes, now_ns, scores).result()
            elif what <= 2:
                state.collect(
                    [
                        incoming(
                            f"e{step}-{n}", profile=someone, amount=source.random(),
                            category=source.choice("abc"),
                            time_ns=now_ns - source.randrange(7_200 * 10**9),
                        )
                        for n in range(source.randrange(1, 5))
                    ],
                    now_ns,
                ).result()  # fmt: skip
            elif what == 3:
                answer = Choice(source.choice((ConsentValue.YES, ConsentValue.NO)), now_ns)
                chosen = Consent({source.choice(("collect", "personalize")): answer})
                state.consents.add(someone, chosen, now_ns).result()
            elif what == 4:
                rows: dict[ProfileKey, Row] = {
                    someone: source.choice((MembershipRow(), MembershipRow(realized=False)))
                }
                load(state, VIP, rows, now_ns, full=source.random() < 0.5)
            else:
                load(state, PROPENSITY, {someone: ScoreRow(2.0, 0.5)}, now_ns, full=False)
                row = AttributesRow({"city": "Ystad"}, [], PLAN.attributes.fingerprint)
                load(state, WAREHOUSE, {someone: row}, now_ns, full=False)
            assert check(state, PLAN, source, now_ns + 1) == PROFILES
        assert single.see(key(PROFILES + 1), NOW_NS) is not None


def test_any_aggregate_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any instant, with buckets and with histories of one chunk, of several and of none."""
    for module in (events_series, series_module, folding_module):
        monkeypatch.setattr(module, "CHUNK_ENTRIES", 4)
    source = random.Random(random_seed())
    for history in range(12):
        several = [random_features.aggregate(source, n) for n in range(8)]
        plan = FoldPlan.build(random_features.catalogue(*several), random_features.planned())
        with opened(tmp_path / f"state-{history}", plan) as state:
            events = random_features.history(source, 30)
            latest_ns = max((one.time_ns for one in events), default=NOW_NS)
            for one in events:
                someone = key(source.randrange(4))
                state.collect(
                    [
                        incoming(
                            one.id, profile=someone, kind=one.type, time_ns=one.time_ns,
                            **one.properties,
                        )
                    ],
                    latest_ns,
                )  # fmt: skip
            state.set_profile(key(0), {}, latest_ns).result()
            for later_ns in (0, 1, 10**9, 3_600 * 10**9, 10**15):
                assert check(state, plan, source, latest_ns + later_ns) == PROFILES


def test_who_has_to_be_folded_first_is_not_seen(tmp_path: Path) -> None:
    """By a plan that isn't theirs; whoever isn't there is."""
    with opened(tmp_path / "state", PLAN) as state:
        state.collect([incoming("e", amount=1.0)], NOW_NS).result()
        single = state.views.single(plan_of(LAST, RECENT), None)
        assert single.see(key(), NOW_NS) is None
        assert single.see(key(8), NOW_NS) is not None


def test_a_record_is_decoded_in_part() -> None:
    """With whatever names are wanted, known or not; all but its attributes and aggregates whole."""
    source = random.Random(random_seed())
    names = ["a", "b", "loyalty.tier", "å", "x" * 60]
    for _ in range(300):
        record = ProfileRecord(
            "crm", "ada",
            attributes={name: source.choice((1, "text", [1.5], True)) for name in names[:3]},
            aggregates={name: {"yoga": 1} for name in source.sample(names, 2)},
            counted={"c": [1, 2]}, fold=b"f" * 16, update_time_ns=7, scores={"s": 0.5},
            remainders={"a": {"": [0.5]}}, attributes_time_ns=5,
        )  # fmt: skip
        paths, aggregates = (source.sample(names, source.randrange(6)) for _ in range(2))
        found = record_decoder(paths, aggregates)(encode_record(record))
        whole = decode_record(encode_record(record))
        assert found.attributes == {k: v for k, v in record.attributes.items() if k in paths}
        assert found.aggregates == {k: v for k, v in record.aggregates.items() if k in aggregates}
        for name in {*ProfileRecord.__struct_fields__} - {"attributes", "aggregates", "remainders"}:
            assert getattr(found, name) == getattr(whole, name)


def test_who_was_stored_before_it_was_kept_when_is_seen(tmp_path: Path) -> None:
    """Attributes without a time are as old as the last change, read in part or not."""
    loaded_ns, changed_ns = NOW_NS + 10, NOW_NS + 20
    with opened(tmp_path / "state", PLAN) as state:
        state.set_profile(
            key(), {"city": "Lund", "age": 1.0}, changed_ns, {"propensity": 9.0}
        ).result()
        environment = state.views.single(PLAN, None)._environment
        table = environment.database(Table.PROFILES)

        def make_old(transaction: Any) -> None:
            record = decode_record(transaction.get(profile_digest(key()), db=table))
            record.attributes_time_ns = 0
            transaction.put(profile_digest(key()), encode_record(record), db=table)

        environment.write(make_old)
        load(state, PROPENSITY, {key(): ScoreRow(2.0, 0.5)}, loaded_ns, full=False)
        row = AttributesRow({"city": "Ystad"}, [], PLAN.attributes.fingerprint)
        load(state, WAREHOUSE, {key(): row}, loaded_ns, full=False)
        for paths in (None, {"city"}, set[str]()):
            seen = state.views.single(PLAN, set(), paths).see(key(), changed_ns + 1)
            assert seen is not None
            assert seen.view.attributes["city"] == "Lund"
            assert seen.view.scores["propensity"] == 9.0


@pytest.mark.parametrize("extra", [0, 1])
def test_of_many_names_all_are_decoded(tmp_path: Path, extra: int) -> None:
    """Looking for each attribute and aggregate among all that are wanted would take longer."""
    several = tuple(
        Aggregate(f"bought_{number:02}", ("purchase",), AggregateFunction.COUNT, ValueType.INT)
        for number in range(MOST_NAMES + 2)
    )
    plan = FoldPlan.build(catalogue_of(replace(PLAN_SCHEMA, aggregates=several)), [])
    names = [one.id for one in several[: MOST_NAMES + extra]]
    paths = {"age", *(f"unknown_{number}" for number in range(MOST_NAMES - 1 + extra))}
    with opened(tmp_path / "state", plan) as state:
        state.set_profile(key(), {"city": "Lund", "age": 1.0}, NOW_NS).result()
        state.collect([incoming("e", amount=1.0)], NOW_NS).result()
        for chosen, read in ((names, set[str]()), (names[:1], paths)):
            seen = state.views.single(plan, chosen, read).see(key(), NOW_NS)
            assert seen is not None
            assert [seen.view.aggregates[name] for name in chosen] == [1] * len(chosen)
            assert ("city" in seen.view.attributes) == bool(extra)
            assert (several[-1].id in seen.view.aggregates) == bool(extra)
