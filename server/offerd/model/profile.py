"""What is known of one customer: as stored, and as a decision may see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from offerd.model.consent import Consent
from offerd.model.place import Whereabouts


class ProfileKey(NamedTuple):
    """Where a profile is kept: a declared namespace and the id, normalised."""

    namespace: str
    id: str


class ProfileRecord(msgspec.Struct):
    """A profile as stored.

    `attributes` by flat dotted path; timestamps in it are nanoseconds. `aggregates` by id, as
    rules see them. `counted` holds, for each counter of this profile's events that a cap has,
    the times of those events in ascending order: `{counter key: [ns, ...]}`. Both were folded
    from the profile's events by the fold plan with fingerprint `fold`. `update_time_ns`
    is when attributes or events last changed.

    `remainders` keeps what a sum's visible figure had to leave out (bits of doubles lost to
    rounding, integers beyond 64 bits), `{aggregate: {group: number or list}}` with group "" if
    there is none, so that sums come out the same in whatever order events arrive. `truncated`
    names the aggregates that met more groups than are kept.

    `schema` is the fingerprint of the declarations that `attributes` were checked against, and
    `timestamps` the paths, sorted, of those that were declared timestamps then: once the
    declarations change, nothing else would tell them from integers.

    `scores` are those set on the profile itself, by id; those of loads are kept elsewhere.
    `consent` is what was chosen under this very identity, None if nothing ever was.
    `attributes_time_ns` is when attributes were last written, 0 if never. `event_bytes` is what
    its stored events take, encoded.
    `whereabouts` is where they are and were, None if nothing was ever told.
    """

    namespace: str
    id: str
    attributes: dict[str, Any] = {}
    aggregates: dict[str, Any] = {}
    counted: dict[str, list[int]] = {}
    fold: bytes = b""
    event_count: int = 0
    update_time_ns: int = 0
    remainders: dict[str, dict[str, Any]] = {}
    truncated: list[str] = []
    schema: bytes = b""
    timestamps: list[str] = []
    scores: dict[str, float] = {}
    consent: Consent | None = None
    attributes_time_ns: int = 0
    event_bytes: int = 0
    whereabouts: Whereabouts | None = None


class ProfileView(NamedTuple):
    """What one decision may see of the customer.

    `attributes` and `aggregates` are flat records for rules (a missing key is unknown), and so
    are `scores`; `counted` as in `ProfileRecord`; `subject` is whose they are (`Subject.unit`),
    None if nobody's. All of it is as of the instant of the decision. `memberships` are those of
    audiences that are loaded rather than computed, by id; one that is missing is unknown.
    `whereabouts` is None where nothing is known of where they are.
    """

    subject: ProfileKey | None
    attributes: dict[str, Any]
    aggregates: dict[str, Any]
    counted: dict[str, list[int]]
    scores: Mapping[str, float] = {}
    memberships: Mapping[str, bool] = {}
    whereabouts: Whereabouts | None = None
