"""Places in a bundle: found in the memory map, left there when it is opened, and checked whole."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import lmdb
import msgspec
import pytest
from msgspec.structs import replace

from offerd.bundle import Bundle, check_bundle, open_bundle, write_bundle
from offerd.bundle.tables import META, META_KEY, PLACE_IDS, PLACE_INDEX, key
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue
from offerd.model.packed_places import PackedPlaces
from offerd.model.place import (
    Circle,
    LocationSettings,
    OpeningHours,
    Place,
    PlaceFunction,
    PlaceRead,
    PlaceSelector,
    Point,
)
from unit.bundle import resealed

PLACES = resealed.PLACES
MALL, STUDIO, TRACK = range(3)


@pytest.fixture
def catalogue() -> Catalogue:
    """A small catalogue with a place of each kind."""
    return resealed.catalogue()


@pytest.fixture
def bundle(catalogue: Catalogue, tmp_path: Path) -> Path:
    """The same as a bundle."""
    write_bundle(catalogue, tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def opened(bundle: Path) -> Iterator[Bundle]:
    """The same, open."""
    found = open_bundle(bundle)
    yield found
    found.close()


def edited(bundle: Path, edit: Callable[[lmdb.Environment], object]) -> Path:
    """A copy of the bundle, altered before it was sealed."""
    return resealed.edited(bundle, lambda environment: edit(environment) and None)


def put(database: bytes, name: bytes, value: bytes, environment: lmdb.Environment) -> None:
    """Writes a record of a table with keys of its own."""
    handle = environment.open_db(database)
    with environment.begin(write=True) as transaction:
        transaction.put(name, value, db=handle)


def test_places_are_read_one_by_one(opened: Bundle) -> None:
    """Each is as it was written; the catalogue has none of them, and there are no others."""
    assert opened.places.count == 3
    assert [opened.places.place(number) for number in range(3)] == list(PLACES)
    assert opened.places.libraries == resealed.LIBRARIES
    assert tuple(opened.places.categories) == ("sport", "yoga")
    assert opened.catalogue.places == ()
    assert opened.prepared.places is opened.places
    with pytest.raises(KeyError):
        opened.places.place(3)


def test_places_are_found(opened: Bundle) -> None:
    """By id, and by where they are."""
    places = opened.places
    assert [places.number_of(place.id) for place in PLACES] == [MALL, STUDIO, TRACK]
    assert places.within(59.31, 18.07) == [STUDIO, MALL]
    assert places.nearest(59.2999, 18.05, 1)[0].number == TRACK
    for unknown in ("stud", "", "studio2", "x" * 600, "å"):
        assert places.number_of(unknown) is None


def test_a_bundle_without_places_has_none(catalogue: Catalogue, tmp_path: Path) -> None:
    """Nothing is found in it, and nothing fails."""
    write_bundle(replace(catalogue, places=(), libraries=()), tmp_path / "empty")
    found = open_bundle(tmp_path / "empty")
    assert found.places.count == 0
    assert found.places.within(59.31, 18.07) == []
    assert found.places.number_of("studio") is None
    found.close()
    assert check_bundle(tmp_path / "empty").counts["places"] == 0


def test_packed_places_make_the_same_bundle(
    catalogue: Catalogue, bundle: Path, tmp_path: Path
) -> None:
    """However places are kept while compiling, the file is the same, byte by byte."""
    write_bundle(replace(catalogue, places=PackedPlaces(PLACES)), tmp_path / "packed")
    assert (tmp_path / "packed").read_bytes() == bundle.read_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"places": (PLACES[0], PLACES[1], replace(PLACES[2], name="x"))},
        {"places": (PLACES[1], PLACES[0], PLACES[2])},
        {"libraries": (replace(resealed.LIBRARIES[0], name="x"), resealed.LIBRARIES[1])},
        {"location": LocationSettings(ttl_ns=1)},
        {"place_reads": ()},
    ],
)
def test_revision_covers_places(
    changes: dict[str, Any], catalogue: Catalogue, bundle: Path, tmp_path: Path
) -> None:
    """Whatever is changed of places, their order too, makes another revision."""
    changed = write_bundle(replace(catalogue, **changes), tmp_path / "changed")
    assert changed.revision != check_bundle(bundle).revision


def test_many_places_are_written_in_pieces(tmp_path: Path) -> None:
    """A bundle of more than fits into one piece is whole, and its size was not known before."""
    source = random.Random(5)
    text = "x" * 1_000
    places = []
    for number in range(40_000):
        at = Point(source.uniform(-80, 80), source.uniform(-180, 180))
        fence = Circle(at, 100.0)
        places.append(Place(f"p{number}", "malls", str(number), fence, at, metadata={"text": text}))
    made = Catalogue(**_nothing(), libraries=resealed.LIBRARIES, places=PackedPlaces(places))
    write_bundle(made, tmp_path / "many")
    found = open_bundle(tmp_path / "many")
    for number in (0, 1, 17_000, 39_999):
        at = places[number].centre
        assert found.places.place(number) == places[number]
        assert number in found.places.within(at.latitude, at.longitude)
        assert found.places.number_of(f"p{number}") == number
    found.close()


def _nothing() -> dict[str, Any]:
    fields = msgspec.structs.fields(Catalogue)
    made = resealed.catalogue()
    return {
        field.name: () if field.name != "schema" else replace(made.schema, aggregates=())
        for field in fields
        if field.required
    }


@pytest.mark.parametrize(
    ("number", "record", "message"),
    [
        (MALL, b"\xc1", "place 0: "),
        (STUDIO, b"", "place 1: "),
        (STUDIO, msgspec.msgpack.encode(PLACES[MALL]), "its records have revision"),
    ],
)
def test_damaged_places_are_found_by_a_check(
    number: int, record: bytes, message: str, bundle: Path
) -> None:
    """Opening doesn't read places, so it takes no time; a check reads all of them."""
    path = edited(bundle, lambda it: resealed.put(it, "places", number, record))
    with pytest.raises(BundleError, match="revision"):
        check_bundle(path)
    found = open_bundle(path)
    found.close()


@pytest.mark.parametrize("number", [0, 2])
def test_missing_ends_are_refused(number: int, bundle: Path) -> None:
    """The first place and the last are looked for when the bundle is opened."""

    def move(environment: lmdb.Environment) -> None:
        resealed.put(environment, "places", 7, b"x")
        with environment.begin(write=True) as transaction:
            database = environment.open_db(b"places", txn=transaction)
            transaction.delete(key(number), db=database)

    with pytest.raises(BundleError, match=f"`places` has no record {number}"):
        open_bundle(edited(bundle, move))


def test_a_missing_place_is_told_when_it_is_asked_for(bundle: Path) -> None:
    """A gap in the middle is a damaged bundle, not a place that isn't there."""

    def move(environment: lmdb.Environment) -> None:
        put(b"places", b"\x00\x00\x00\x01\x00", b"x", environment)
        with environment.begin(write=True) as transaction:
            database = environment.open_db(b"places", txn=transaction)
            transaction.delete(key(1), db=database)

    found = open_bundle(edited(bundle, move))
    with pytest.raises(BundleError, match="`places` has no record 1"):
        found.places.place(1)
    found.close()


@pytest.mark.parametrize("value", [b"", b"\x00", key(3), key(2)])
def test_wrong_numbers_of_ids_are_refused(value: bytes, bundle: Path) -> None:
    """An id leads to its place; a check finds one that leads elsewhere."""
    path = edited(bundle, partial(put, PLACE_IDS, b"studio", value))
    with pytest.raises(BundleError, match="studio"):
        check_bundle(path)
    found = open_bundle(path)
    if value != key(2):
        with pytest.raises(BundleError, match="place `studio` has a number that isn't there"):
            found.places.number_of("studio")
    found.close()


def test_an_index_that_leads_astray_is_found_by_a_check(bundle: Path) -> None:
    """The index has to be the one that the places have."""

    def alter(environment: lmdb.Environment) -> None:
        handle = environment.open_db(PLACE_INDEX)
        with environment.begin(write=True) as transaction, transaction.cursor(db=handle) as cursor:
            assert cursor.first()
            name, value = cursor.item()
            transaction.put(name, bytes(value[:-1]) + bytes([value[-1] ^ 1]), db=handle)

    with pytest.raises(BundleError, match="`place_index` doesn't lead to all places"):
        check_bundle(edited(bundle, alter))


def test_more_in_the_index_is_found_by_a_check(bundle: Path) -> None:
    """A record that the places don't make is one too many."""

    def add(environment: lmdb.Environment) -> None:
        put(PLACE_INDEX, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"x", environment)
        handle = environment.open_db(META)
        with environment.begin(write=True) as transaction:
            meta = msgspec.msgpack.decode(transaction.get(META_KEY, db=handle))
            meta["counts"]["place_index"] += 1
            transaction.put(META_KEY, msgspec.msgpack.encode(meta), db=handle)

    with pytest.raises(BundleError, match="`place_index` leads to places that aren't there"):
        check_bundle(edited(bundle, add))


_BAD = Point(91.0, 0.0)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (replace(PLACES[MALL], library="mal"), "refers to `mal`"),
        (replace(PLACES[MALL], parent="mal"), "refers to `mal`"),
        (replace(PLACES[MALL], parent="studio"), "lies in itself"),
        (replace(PLACES[MALL], id="studio"), "is there twice"),
        (replace(PLACES[MALL], centre=_BAD), "isn't on the Earth"),
        (replace(PLACES[MALL], fence=Circle(_BAD, 1.0)), "isn't on the Earth"),
        (replace(PLACES[MALL], fence=Circle(Point(1.0, 1.0), 0.0)), "has a wrong fence"),
        (replace(PLACES[MALL], ttl_ns=0), "can't be counted"),
        (replace(PLACES[MALL], dwell_ns=(-1,)), "can't be counted"),
        (replace(PLACES[MALL], approach_m=-1.0), "a distance that can't be"),
        (replace(PLACES[MALL], opening_hours=OpeningHours("UTC", ())), "opening hours of 0"),
        (replace(PLACES[MALL], opening_hours=OpeningHours("Mars", ((),) * 7)), "time zone"),
    ],
)
def test_places_that_can_t_be_are_found_by_a_check(
    place: Place, message: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    """A bundle that no definitions make is refused, whoever wrote it."""
    path = tmp_path / "wrong"
    try:
        write_bundle(replace(catalogue, places=(place, *PLACES[1:])), path)
    except (BundleError, ValueError, KeyError):
        return  # some places can't even be put into an index
    with pytest.raises(BundleError, match=message):
        check_bundle(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"libraries": (*resealed.LIBRARIES, resealed.LIBRARIES[0])}, "is there twice"),
        ({"libraries": tuple(replace(o, rank=1) for o in resealed.LIBRARIES)}, "same rank"),
        ({"location": LocationSettings(worst_accuracy_m=0.0)}, "a number that can't be"),
        ({"location": LocationSettings(approach_m=float("nan"))}, "a number that can't be"),
        ({"location": LocationSettings(ttl_ns=0)}, "a time that can't be counted"),
        ({"place_reads": (("x", PlaceSelector(place="mal")),)}, "refers to `mal`"),
        ({"place_reads": (("x", PlaceSelector(category="mal")),)}, "refers to `mal`"),
        ({"place_reads": (("x", PlaceSelector(library="mal")),)}, "refers to `mal`"),
        ({"place_reads": (("x", PlaceSelector("mall", "yoga")),)}, "in two ways"),
    ],
)
def test_tables_about_places_are_verified_at_opening(
    changes: dict[str, Any], message: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    """What is small is looked at when the bundle is opened."""
    if "place_reads" in changes:
        reads = changes["place_reads"]
        changes = {
            "place_reads": tuple(
                PlaceRead(path, PlaceFunction.INSIDE, selector, "", "bool")
                for path, selector in reads
            )
        }
    write_bundle(replace(catalogue, **changes), tmp_path / "wrong")
    with pytest.raises(BundleError, match=message):
        open_bundle(tmp_path / "wrong")


def test_unknown_types_of_answers_are_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    """What rules read of places has a type of the rule language."""
    reads = (PlaceRead("x", PlaceFunction.INSIDE, PlaceSelector(), "", "bol"),)
    write_bundle(replace(catalogue, place_reads=reads), tmp_path / "wrong")
    with pytest.raises(BundleError, match="bol"):
        open_bundle(tmp_path / "wrong")


def test_a_place_that_cant_be_read_is_told_as_damage(bundle: Path) -> None:
    """Whatever is in its stead, asking for it raises the bundle's own error, saying which."""
    for number, record in enumerate((b"\xc1", b"\x93\x01", msgspec.msgpack.encode({"id": "x"}))):
        put_there = partial(resealed.put, table="places", number=STUDIO, record=record)
        damaged = edited(bundle, put_there)
        found = open_bundle(damaged)
        with pytest.raises(BundleError, match=r"place 1 can't be read"):
            found.places.contains(STUDIO, 59.31, 18.07)
        with pytest.raises(BundleError, match=r"place 1 can't be read"):
            found.places.description(STUDIO)
        assert found.places.place(MALL) == PLACES[MALL], number
        found.close()
