"""How a catalogue is laid out in LMDB: one named database per table.

A record's key is its number, 4 bytes big endian; its value is the struct in MessagePack.
`meta` holds the revision and the counts. The revision is a hash over all tables, so the same
definitions have the same revision wherever and whenever they were compiled.

Two tables have keys of their own, and what is in them follows from the places: `place_ids` has
the number of a place, as a key, by its id; `place_index` is what `offerd.places` finds places by.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from offerd.model.capping import Counter
from offerd.model.catalogue import Audience, Collection, FallbackOffer, Offer, Placement, Rule
from offerd.model.consent import ConsentDefaults
from offerd.model.contact import Channel
from offerd.model.content import Content
from offerd.model.place import Library, LocationSettings, Place, PlaceRead
from offerd.model.policy import Policy
from offerd.model.schema import Schema
from offerd.model.selection import (
    Decision,
    Exclusion,
    Experiment,
    Ranking,
    Scope,
    ScoreTable,
    Strategy,
)

META = b"meta"
META_KEY = b"bundle"
REVISION_BYTES = 16


class Table(NamedTuple):
    """A table of the bundle: its name, the catalogue's field, and what its records are."""

    name: str
    record: type[Any]

    @property
    def database(self) -> bytes:
        """The name of its LMDB database."""
        return self.name.encode()


SCHEMA = Table("schema", Schema)
CONTENTS = Table("contents", Content)
OFFERS = Table("offers", Offer)
COUNTERS = Table("counters", Counter)
SCORE_TABLES = Table("score_tables", ScoreTable)
CONSENT = Table("consent", ConsentDefaults)
LOCATION = Table("location", LocationSettings)
PLACES = Table("places", Place)
CATEGORIES = Table("place_categories", str)
SINGLE = (SCHEMA, CONSENT, LOCATION)
"""Tables that have the single record 0."""

TABLES = (
    SCHEMA,
    Table("rules", Rule),
    Table("event_filters", Rule),
    Table("audiences", Audience),
    Table("placements", Placement),
    CONTENTS,
    OFFERS,
    Table("fallback_offers", FallbackOffer),
    Table("collections", Collection),
    Table("strategies", Strategy),
    Table("decisions", Decision),
    Table("scopes", Scope),
    COUNTERS,
    Table("rankings", Ranking),
    SCORE_TABLES,
    Table("exclusions", Exclusion),
    Table("experiments", Experiment),
    Table("policies", Policy),
    Table("channels", Channel),
    CONSENT,
    Table("libraries", Library),
    LOCATION,
    Table("place_reads", PlaceRead),
    CATEGORIES,
    PLACES,
)
"""In the order in which the revision is computed."""

LAZY = (CONTENTS, PLACES)
"""Tables that are left in the memory map when a bundle is opened."""

MAPPED = (OFFERS, COUNTERS)
"""Tables that stay there as well, and are walked over as if they didn't."""

PLACE_IDS = b"place_ids"
PLACE_INDEX = b"place_index"
KEYED = (PLACE_IDS, PLACE_INDEX)
"""The databases with keys of their own."""


class Meta(msgspec.Struct, frozen=True):
    """What a bundle says of itself: revision (hexadecimal) and records by table."""

    revision: str
    counts: dict[str, int]


_KEY = struct.Struct(">I")


def key(number: int) -> bytes:
    """Returns the key of a record."""
    return _KEY.pack(number)


def number(key: bytes) -> int:
    """Returns the number of a record from its key."""
    result: int = _KEY.unpack(key)[0]
    return result


def revision_of(tables: Iterable[tuple[Table, Iterable[bytes]]]) -> str:
    """Returns the revision of all records, given by table in key order."""
    digest = hashlib.blake2b(digest_size=REVISION_BYTES)
    for table, records in tables:
        digest.update(b"\x00" + table.database)
        for record in records:
            digest.update(len(record).to_bytes(8, "big"))
            digest.update(record)
    return digest.hexdigest()
