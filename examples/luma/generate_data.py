"""Writes the sample data of Luma: members, their events, and nothing that changes between runs.

    python examples/luma/generate_data.py               # rewrites data/
    python examples/luma/generate_data.py --out FOLDER  # writes elsewhere

The people and devices of the story are written out by hand, in people.py; the others are made up
with a fixed seed. Only `random()` is drawn from the generator, because that is the one method whose
sequence Python promises to keep.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import people

T = TypeVar("T")
Row = dict[str, Any]

DATA = Path(__file__).parent / "data"
SEED = 20261102
FIRST_DAY = datetime(2025, 6, 1, 6, tzinfo=UTC)
DAYS = 515  # up to 2026-10-28; the last days of October belong to the people of the story
MADE_UP = 46

CATALOGUE = {
    "yoga": (("YG-ALIGN", 79.0), ("YG-WRAP", 55.0), ("YG-REST", 85.0)),
    "running": (("RN-THERM", 89.0), ("RN-SINGLET", 35.0), ("RN-REFLEX", 29.0)),
    "shorts": (("SH-FLOW", 45.0), ("SH-STRIDE", 49.0), ("SH-POCKET", 39.0)),
    "outerwear": (("OW-SHELL", 139.0), ("OW-VEST", 119.0), ("OW-FLEECE", 69.0)),
    "accessories": (("AC-BOTTLE", 18.0), ("AC-TOWEL", 22.0), ("AC-MAT-CORK", 69.0)),
}
HOMES = (
    ("SE", "Stockholm", "stockholm-odenplan", "sv"),
    ("SE", "Stockholm", "stockholm-sodermalm", "sv"),
    ("SE", "Gothenburg", "goteborg-haga", "sv"),
    ("SE", "Malmö", "malmo-mollan", "sv"),
    ("DK", "Copenhagen", "kobenhavn-norrebro", "en"),
    ("NO", "Oslo", "oslo-grunerlokka", "en"),
    ("FR", "Paris", "paris-marais", "fr"),
    ("FR", "Lyon", "lyon-croix-rousse", "fr"),
    ("GB", "London", "london-hackney", "en"),
    ("GB", "London", "london-clapham", "en"),
)
FIRST_NAMES = (
    *("Alva", "Birgit", "Chloe", "Daniel", "Ebba", "Felix", "Greta", "Hugo", "Ines", "Jonas"),
    *("Klara", "Leo", "Maja", "Nils", "Olivia", "Paul", "Rosa", "Simon", "Tilda", "Viktor"),
)
LAST_NAMES = (
    *("Ahlgren", "Bouvier", "Carter", "Dahl", "Eriksen", "Fournier", "Green", "Hansen"),
    *("Iversen", "Jansson", "Keller", "Laurent", "Moreau", "Nyberg", "Olsen", "Petit"),
)
ACTIVITIES = ("yoga", "running", "strength", "dance")
GOALS = ("strength", "mobility", "joint_care", "sleep", "postnatal")
SIZES = ("XS", "S", "M", "L", "XL")


class Dice:
    """Choices that depend on nothing but the seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self._random.random() * limit)

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def some_of(self, choices: Sequence[T], percent: int) -> list[T]:
        return [choice for choice in choices if self.chance(percent)]


def instant(time: datetime) -> str:
    """RFC 3339, in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def members() -> list[Row]:
    """Every profile: the people and devices of the story first, then those made up."""
    dice = Dice(SEED)
    return [*people.MEMBERS, *(_made_up_member(dice, number) for number in range(MADE_UP))]


def events() -> list[Row]:
    """Every event, oldest first, with ids in that order."""
    dice = Dice(SEED + 1)
    rows = list(people.EVENTS)
    for member in members()[len(people.MEMBERS) :]:
        rows.extend(_history(dice, member))
    rows.sort(key=lambda row: (row["event_time"], row["namespace"], row["id"], row["type"]))
    return [{"event_id": f"luma-{number:05}", **row} for number, row in enumerate(rows, start=1)]


def _made_up_member(dice: Dice, number: int) -> Row:
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[(number * 7) % len(LAST_NAMES)]
    namespace, identity = "email", f"{first}.{last}@example.com".lower()
    # Some never gave a mail address: they joined at the till, or on the phone.
    if number % 12 == 5:
        namespace, identity = "crm", f"L-{10400 + number}"
    elif number % 12 == 11:
        namespace, identity = "phone", f"+4477009001{number:02}"
    return {"namespace": namespace, "id": identity, "attributes": _attributes(dice, first)}


def _attributes(dice: Dice, first_name: str) -> Row:
    country, city, studio, language = dice.one_of(HOMES)
    born = datetime(1961, 1, 1, tzinfo=UTC) + timedelta(days=dice.below(16_000))
    joined = FIRST_DAY - timedelta(days=300) + timedelta(days=dice.below(DAYS + 280))
    attributes: Row = {
        "person": {
            "first_name": first_name,
            "birth_date": instant(born),
            "language": language,
        },
        "home": {"country": country, "city": city, "studio_id": studio},
        "loyalty": {
            "tier": "plus" if dice.chance(35) else "basic",
            "points": dice.below(150) * 10,
            "joined": instant(joined),
        },
        "sizes": {"top": dice.one_of(SIZES), "bottom": dice.one_of(SIZES)},
        "preferences": {"activities": dice.some_of(ACTIVITIES, 45)},
        "consent": {"email": dice.chance(75), "push": dice.chance(55)},
        "scores": {"upsell": dice.below(100) / 100},
    }
    if dice.chance(20):
        attributes["consent"]["health_advice"] = dice.chance(70)
        attributes["health"] = {"goals": dice.some_of(GOALS, 40)}
    return attributes


def _history(dice: Dice, member: Row) -> Iterator[Row]:
    """What one made-up member did: shopping trips, classes, mails opened, now and then a call."""
    # A third of them stopped in spring, so that audiences of the lapsed have members.
    last_day = 300 if dice.chance(33) else DAYS
    for _ in range(dice.below(5)):
        yield from _shopping(dice, member, dice.below(last_day))
    for _ in range(dice.below(3) if dice.chance(50) else 0):
        yield from _class(dice, member, dice.below(last_day - 6))
    for _ in range(dice.below(3)):
        time = _time(dice, dice.below(last_day))
        yield _event("email_open", member, time, template="weekly")
    if dice.chance(15):
        topic = dice.one_of(("order", "product", "class"))
        yield _event("call", member, _time(dice, dice.below(last_day)), topic=topic)


def _shopping(dice: Dice, member: Row, day: int) -> Iterator[Row]:
    category = dice.one_of(tuple(CATALOGUE))
    sku, price = dice.one_of(CATALOGUE[category])
    time = _time(dice, day)
    if dice.chance(60):
        yield _event("login", member, time, method=dice.one_of(("password", "code", "app")))
    for _ in range(1 + dice.below(3)):
        yield _event("view", member, time, category=category, sku=sku)
        time += timedelta(minutes=1 + dice.below(9))
    yield _event("cart_add", member, time, category=category, sku=sku, amount=price, merged=False)
    if dice.chance(10):
        removed = time + timedelta(minutes=4)
        yield _event("cart_remove", member, removed, category=category, sku=sku)
        return
    discounted = dice.chance(30)
    yield _event(
        "purchase",
        member,
        time + timedelta(minutes=2 + dice.below(40)),
        order_id=f"O-{20000 + dice.below(60000)}",
        category=category,
        sku=sku,
        amount=round(price * 0.9, 2) if discounted else price,
        quantity=1,
        sold_in=dice.one_of(("web", "web", "app", "studio")),
        discounted=discounted,
    )


def _class(dice: Dice, member: Row, day: int) -> Iterator[Row]:
    studio = member["attributes"]["home"]["studio_id"]
    kind = dice.one_of(("yoga", "yoga", "running", "mobility", "strength"))
    booked = _time(dice, day)
    starts = booked + timedelta(days=1 + dice.below(4))
    about = {"class_id": f"{kind}-{starts:%Y%m%d}", "kind": kind, "studio_id": studio}
    yield _event("class_booking", member, booked, **about, starts=instant(starts))
    if dice.chance(20):
        return
    yield _event("place_entry", member, starts - timedelta(minutes=12), place=studio)
    yield _event("class_check_in", member, starts - timedelta(minutes=9), **about, free=False)
    yield _event("place_exit", member, starts + timedelta(minutes=70), place=studio)


def _time(dice: Dice, day: int) -> datetime:
    """Some minute between 06:00 and 20:00 UTC of a day counted from the first."""
    return FIRST_DAY + timedelta(days=day, minutes=dice.below(840))


def _event(kind: str, member: Row, time: datetime, /, **properties: object) -> Row:
    return {
        "type": kind,
        "namespace": member["namespace"],
        "id": member["id"],
        "event_time": instant(time),
        "properties": properties,
    }


def as_lines(rows: Sequence[Row]) -> str:
    """JSON Lines: one object on each line, text as it is written."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="write the sample data of Luma")
    parser.add_argument("--out", type=Path, default=DATA, help="folder to write to")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "members.jsonl").write_text(as_lines(members()), encoding="utf-8")
    (folder / "events.jsonl").write_text(as_lines(events()), encoding="utf-8")


if __name__ == "__main__":
    main()
