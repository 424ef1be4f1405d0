"""Bundles damaged before they were sealed, so that the seal finds nothing wrong with them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import lmdb
import msgspec

from offerd.bundle import write_bundle
from offerd.bundle.seal import SEAL_BYTES, seal
from offerd.bundle.tables import key
from offerd.model.catalogue import Catalogue
from offerd.model.content import Content, ContentType
from offerd.model.place import (
    Area,
    Circle,
    Corridor,
    Library,
    Opening,
    OpeningHours,
    Place,
    PlaceFunction,
    PlaceRead,
    PlaceSelector,
    Point,
    Polygon,
)
from offerd.model.schema import Attribute, ValueType
from offerd.model.selection import Ranking, RankingMethod
from unit.decision import catalogues

_RING = (Point(59.30, 18.0), Point(59.30, 18.1), Point(59.35, 18.1), Point(59.35, 18.0))
_HOURS = OpeningHours("UTC", ((Opening(540, 1260),), *((),) * 6), {"2026-12-24": ()})
LIBRARIES = (Library("studios", "Studios", 1), Library("malls", "Malls", 2))
PLACES = (
    Place("mall", "malls", "The mall", Area((Polygon(_RING),)), Point(59.32, 18.05)),
    Place(
        "studio",
        "studios",
        "The studio",
        Circle(Point(59.31, 18.07), 120.0),
        Point(59.31, 18.07),
        "yoga",
        "mall",
        {"city": "Stockholm"},
        _HOURS,
        ("C9",),
        (300 * 10**9,),
        300.0,
        3_600 * 10**9,
    ),
    Place("track", "malls", "", Corridor(_RING[:2], 40.0), Point(59.30, 18.05), "sport"),
)
"""A place of each kind."""


def catalogue() -> Catalogue:
    """A small catalogue, with content, places and a declared offer attribute."""
    made = catalogues.catalogue(random.Random(7))
    schema = msgspec.structs.replace(
        made.schema,
        offer=(
            *made.schema.offer,
            Attribute("size", ValueType.DOUBLE),
            Attribute("days", ValueType.LIST_INT),
        ),
    )
    contents = (Content(ContentType.TEXT, "hello"), Content(ContentType.JSON, {"a": [1, None]}))
    return without_models(
        msgspec.structs.replace(
            made,
            schema=schema,
            contents=contents,
            libraries=LIBRARIES,
            places=PLACES,
            place_reads=(PlaceRead("inside()", PlaceFunction.INSIDE, PlaceSelector(), "", "bool"),),
        )
    )


def without_models(made: Catalogue) -> Catalogue:
    """The catalogue with rankings that need no model of the process that opens it."""
    rankings = tuple(
        Ranking(one.id, RankingMethod.TABLE, table=0) if one.method is RankingMethod.MODEL else one
        for one in made.rankings
    )
    return msgspec.structs.replace(made, rankings=rankings)


def cut(bundle: Path, length: int) -> Path:
    """The bundle without all that follows a length, sealed as it then is."""
    return _sealed(bundle, bundle.read_bytes()[:length])


def zeroed(bundle: Path, start: int, length: int) -> Path:
    """The bundle with zeros in a place, sealed as it then is."""
    data = bytearray(bundle.read_bytes()[:-SEAL_BYTES])
    data[start : start + length] = bytes(len(data[start : start + length]))
    return _sealed(bundle, bytes(data))


def edited(bundle: Path, edit: Callable[[lmdb.Environment], None]) -> Path:
    """The bundle as changed through LMDB, sealed as it then is."""
    path = bundle.with_name("edited")
    path.write_bytes(bundle.read_bytes()[:-SEAL_BYTES])
    environment = lmdb.open(str(path), subdir=False, lock=False, max_dbs=20)
    edit(environment)
    environment.close()
    seal(path)
    return path


def put(environment: lmdb.Environment, table: str, number: int, record: bytes) -> None:
    """Writes one record of a table."""
    database = environment.open_db(table.encode())
    with environment.begin(write=True) as transaction:
        transaction.put(key(number), record, db=database)


def with_contents(folder: Path, *contents: bytes) -> Path:
    """A bundle whose content 0 and following are these records."""
    made = catalogue()
    spare = tuple(Content(ContentType.TEXT, "") for _ in contents)
    write_bundle(msgspec.structs.replace(made, contents=spare), folder / "spare")

    def edit(environment: lmdb.Environment) -> None:
        for number, record in enumerate(contents):
            put(environment, "contents", number, record)

    return edited(folder / "spare", edit)


def _sealed(bundle: Path, data: bytes) -> Path:
    path = bundle.with_name("resealed")
    path.write_bytes(data)
    seal(path)
    return path
