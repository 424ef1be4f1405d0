"""Records of which only what is needed is decoded."""

from __future__ import annotations

import msgspec

from offerd.model.consent import Choice, Consent, ConsentValue
from offerd.model.place import Whereabouts
from offerd.model.profile import ProfileRecord
from offerd.store.layout import decode_record, encode_record
from offerd.store.met import LeanRecord, Met, lean_record
from store.given import NOW_NS, PLAN, key


def _full() -> ProfileRecord:
    """Returns a record in which there is something of everything."""
    return ProfileRecord(
        *key(),
        attributes={"age": 3, "joined": NOW_NS},
        aggregates={"spend": 1.5},
        counted={"profile:display:offer/a": [NOW_NS - 1]},
        fold=PLAN.fingerprint,
        event_count=1,
        update_time_ns=NOW_NS,
        remainders={"spend": {"": 1e-20}},
        truncated=["last"],
        schema=PLAN.attributes.fingerprint,
        timestamps=["joined"],
        scores={"churn": 0.5},
        consent=Consent({"personalize": Choice(ConsentValue.NO, NOW_NS)}),
        attributes_time_ns=NOW_NS - 5,
        event_bytes=40,
        whereabouts=Whereabouts(pending={"shop": (1.0,)}),
    )


def test_all_of_a_record_is_kept() -> None:
    """Whatever a record holds is there after something was counted without decoding the rest."""
    record, nothing = _full(), ProfileRecord(*key(8))
    for name in ProfileRecord.__struct_fields__:
        assert name == "namespace" or getattr(record, name) != getattr(nothing, name), name
    met = Met(b"", PLAN)
    met.lean = lean_record(encode_record(record), key(), PLAN)
    assert met.lean is not None
    for changed in (met.lean, record):
        changed.counted["more"] = [NOW_NS]
        changed.event_count += 1
    assert decode_record(met.encoded()) == record
    met.decode()
    assert met.lean is None
    assert met.record == record


def test_what_is_decoded_has_the_same_fields() -> None:
    """A field that records get is one of a lean record too, or it would be lost."""
    assert LeanRecord.__struct_fields__ == ProfileRecord.__struct_fields__


def test_a_record_that_needs_more_is_looked_at_as_a_whole() -> None:
    """Of another plan, other declarations or another profile, or from before times were kept."""
    for changes in (
        {"fold": b"other"},
        {"schema": b"other"},
        {"id": "8"},
        {"namespace": "device"},
        {"attributes_time_ns": 0},
    ):
        record = msgspec.structs.replace(_full(), **changes)
        assert lean_record(encode_record(record), key(), PLAN) is None, changes
    record = msgspec.structs.replace(_full(), attributes={}, attributes_time_ns=0)
    assert lean_record(encode_record(record), key(), PLAN) is not None
