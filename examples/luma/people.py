"""The people of Luma's story, written out by hand: who they are, and what they did before it.

Each is here for the sake of an audience or a step. The story itself begins on
2026-11-02T09:00:00Z; what happens from then on is under `events/`.
"""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

CONSENT = {"email": True, "push": True}


def _member(email: str, born: str, joined: str, tier: str, points: int, **groups: Any) -> Row:
    """A member under an e-mail address; `groups` are further attributes by their first name."""
    language, country, city, studio = groups.pop("at")
    first_name = email.split(".", maxsplit=1)[0].capitalize()
    return {
        "namespace": "email",
        "id": f"{email}@example.com",
        "attributes": {
            "person": {
                "first_name": first_name,
                "birth_date": f"{born}T00:00:00Z",
                "language": language,
            },
            "home": {"country": country, "city": city, "studio_id": studio},
            "loyalty": {"tier": tier, "points": points, "joined": f"{joined}T10:00:00Z"},
            **groups,
        },
    }


STOCKHOLM = ("sv", "SE", "Stockholm", "stockholm-odenplan")
LONDON = ("en", "GB", "London", "london-hackney")

MEMBERS: list[Row] = [
    # The heroine: Plus, bought yoga before, nothing for more than 90 days, never in a class.
    _member(
        *("sarah.rose", "1991-04-17", "2024-03-09", "plus", 1240),
        at=("en", "SE", "Stockholm", "stockholm-odenplan"),
        sizes={"top": "M", "bottom": "M"},
        preferences={"activities": ["yoga", "running"]},
        consent=CONSENT,
        scores={"upsell": 0.81},
    ),
    # A regular, Swedish, runs: the large packs and the run club are for her.
    _member(
        *("elin.lindqvist", "1986-02-03", "2023-09-01", "plus", 2310),
        at=("sv", "SE", "Stockholm", "stockholm-sodermalm"),
        sizes={"top": "S", "bottom": "S"},
        preferences={"activities": ["yoga", "running"]},
        consent=CONSENT,
        scores={"upsell": 0.88},
    ),
    # Booked a class and walked past: no packs for him.
    _member(
        *("tom.berg", "1995-08-21", "2025-11-15", "basic", 130),
        at=STOCKHOLM,
        consent=CONSENT,
        scores={"upsell": 0.35},
    ),
    # Enough points for Plus, French, and a basket that she left.
    _member(
        *("camille.bernard", "1983-12-11", "2025-07-02", "basic", 910),
        at=("fr", "FR", "Paris", "paris-marais"),
        preferences={"activities": ["yoga"]},
        consent=CONSENT,
        scores={"upsell": 0.64},
    ),
    # New, and has not ordered yet.
    _member(
        *("priya.nair", "1999-05-30", "2026-10-20", "basic", 0),
        at=LONDON,
        preferences={"activities": ["dance"]},
        consent=CONSENT,
    ),
    # Has asked for advice on a sore knee.
    _member(
        *("amira.haddad", "1972-09-14", "2025-08-20", "basic", 240),
        at=("fr", "FR", "Lyon", "lyon-croix-rousse"),
        health={"goals": ["joint_care", "sleep"]},
        consent={"email": True, "push": False, "health_advice": True},
    ),
    # Spent much, then went quiet.
    _member(
        *("james.okafor", "1978-01-25", "2022-05-05", "plus", 3050),
        at=LONDON,
        preferences={"activities": ["running"]},
        consent=CONSENT,
        scores={"upsell": 0.42},
    ),
    # Birthday in November.
    _member(
        *("noor.devries", "1988-11-14", "2024-01-18", "basic", 420),
        at=("en", "GB", "London", "london-clapham"),
        consent=CONSENT,
    ),
    # Birthday in November, too, but works here.
    _member(
        *("lars.holm", "1990-11-20", "2021-02-01", "plus", 880),
        at=STOCKHOLM,
        consent=CONSENT,
        staff=True,
    ),
    # Buys when it is cheaper.
    _member(
        *("marta.silva", "1993-03-08", "2025-06-12", "basic", 310),
        at=("en", "DK", "Copenhagen", "kobenhavn-norrebro"),
        consent={"email": True, "push": False},
    ),
    # Browsers and phones: nobody has signed in here, so they carry no person data.
    {"namespace": "ecid", "id": "luma-web-7c1e40", "attributes": {"device": {"system": "desktop"}}},
    {"namespace": "ecid", "id": "luma-web-91b2d7", "attributes": {"device": {"system": "ios"}}},
    {
        "namespace": "app_device",
        "id": "luma-app-03fa58",
        "attributes": {"device": {"system": "android", "app_version": "3.9.1"}},
    },
    {
        "namespace": "app_device",
        "id": "luma-app-77d0c2",
        "attributes": {"device": {"system": "ios", "app_version": "4.2.0"}},
    },
]


def _of(who: str, kind: str, time: str, /, **properties: Any) -> Row:
    namespace = "ecid" if who.startswith("luma-web") else "email"
    identity = who if namespace == "ecid" else f"{who}@example.com"
    return {
        "type": kind,
        "namespace": namespace,
        "id": identity,
        "event_time": f"{time}:00Z",
        "properties": properties,
    }


def _bought(who: str, time: str, category: str, sku: str, amount: float, **more: Any) -> Row:
    sold = {"quantity": 1, "sold_in": "web", "discounted": False, **more}
    order = f"O-{10000 + sum(map(ord, who + time)) % 10000}"
    return _of(
        who, "purchase", time, order_id=order, category=category, sku=sku, amount=amount, **sold
    )


def _added(who: str, time: str, category: str, sku: str, amount: float) -> Row:
    return _of(who, "cart_add", time, category=category, sku=sku, amount=amount, merged=False)


def _class(who: str, day: str, studio: str, *, attended: bool = True) -> list[Row]:
    """A booking two days ahead or so, and the visit."""
    about = {"class_id": f"yoga-{day}", "kind": "yoga", "studio_id": studio}
    booked = f"{day[:8]}{max(1, int(day[8:]) - 2):02}T18:20"
    starts = f"{day}T17:30:00Z"
    rows = [_of(who, "class_booking", booked, **about, starts=starts)]
    if attended:
        rows += [
            _of(who, "place_entry", f"{day}T17:15", place=studio),
            _of(who, "class_check_in", f"{day}T17:19", **about, free=False),
            _of(who, "place_exit", f"{day}T18:41", place=studio),
        ]
    return rows


def _views(who: str, day: str, category: str, *skus: str) -> list[Row]:
    return [
        _of(who, "view", f"{day}T20:{10 + 3 * number:02}", category=category, sku=sku)
        for number, sku in enumerate(skus)
    ]


EVENTS: list[Row] = [
    _bought("sarah.rose", "2025-09-12T17:42", "yoga", "YG-ALIGN", 79.0),
    _bought("sarah.rose", "2026-01-17T11:05", "accessories", "AC-MAT-CORK", 69.0, sold_in="studio"),
    _bought("sarah.rose", "2026-03-21T14:31", "yoga", "YG-WRAP", 55.0, sold_in="studio"),
    _bought("sarah.rose", "2026-05-23T19:12", "yoga", "YG-REST", 85.0),
    _bought("sarah.rose", "2026-07-11T09:50", "accessories", "AC-BOTTLE", 18.0, sold_in="studio"),
    _of("sarah.rose", "login", "2026-07-11T09:31", method="app"),
    _of("sarah.rose", "email_open", "2026-10-14T06:55", template="weekly"),
    _bought("elin.lindqvist", "2025-10-04T08:12", "running", "RN-THERM", 89.0),
    _bought("elin.lindqvist", "2026-02-14T16:40", "running", "RN-SET21", 145.0),
    _bought("elin.lindqvist", "2026-06-06T12:03", "outerwear", "OW-SHELL", 139.0, sold_in="app"),
    _bought("elin.lindqvist", "2026-09-19T18:22", "yoga", "YG-REST", 85.0),
    _bought("elin.lindqvist", "2026-10-03T10:10", "running", "RN-REFLEX", 89.0, sold_in="studio"),
    *_class("elin.lindqvist", "2026-09-10", "stockholm-sodermalm"),
    *_class("elin.lindqvist", "2026-09-24", "stockholm-sodermalm"),
    *_class("elin.lindqvist", "2026-10-08", "stockholm-sodermalm"),
    *_class("elin.lindqvist", "2026-10-22", "stockholm-odenplan"),
    *_class("elin.lindqvist", "2026-10-29", "stockholm-sodermalm"),
    _of("elin.lindqvist", "email_open", "2026-10-28T07:20", template="weekly"),
    *_class("tom.berg", "2026-10-23", "stockholm-odenplan", attended=False),
    _of("tom.berg", "place_entry", "2026-10-30T16:02", place="stockholm-odenplan"),
    _of("tom.berg", "place_exit", "2026-10-30T16:04", place="stockholm-odenplan"),
    *_views("camille.bernard", "2026-10-31", "yoga", "YG-ALIGN", "YG-WRAP", "YG-ALIGN"),
    _added("camille.bernard", "2026-10-31T20:21", "yoga", "YG-ALIGN", 79.0),
    _of("camille.bernard", "email_open", "2026-10-21T09:14", template="weekly"),
    _of("priya.nair", "login", "2026-10-20T10:02", method="password"),
    *_views("priya.nair", "2026-10-20", "accessories", "AC-BOTTLE", "AC-TOWEL"),
    _bought("amira.haddad", "2026-08-29T13:37", "yoga", "YG-WRAP", 55.0),
    _of("amira.haddad", "email_open", "2026-10-28T19:45", template="weekly"),
    _bought("james.okafor", "2025-07-15T18:05", "running", "RN-THERM", 89.0),
    _bought("james.okafor", "2025-11-28T21:16", "outerwear", "OW-VEST", 119.0),
    _bought("james.okafor", "2026-01-09T07:48", "running", "RN-SET21", 145.0),
    _bought("james.okafor", "2026-03-02T20:33", "outerwear", "OW-SHELL", 139.0),
    _bought("james.okafor", "2026-04-18T15:26", "running", "RN-THERM", 89.0),
    _of("james.okafor", "email_open", "2026-10-07T06:31", template="weekly"),
    _bought("noor.devries", "2026-10-31T12:12", "shorts", "SH-POCKET", 39.0),
    _bought("marta.silva", "2025-11-24T09:09", "yoga", "YG-ALIGN", 59.25, discounted=True),
    _bought("marta.silva", "2026-06-20T13:50", "shorts", "SH-FLOW", 31.5, discounted=True),
    _bought("marta.silva", "2026-09-05T11:47", "accessories", "AC-TOWEL", 22.0),
    _of("marta.silva", "call", "2026-10-30T10:15", topic="order", objection="price"),
    *_views("luma-web-91b2d7", "2026-10-31", "running", "RN-THERM", "RN-SINGLET", "RN-THERM"),
]
