"""What was loaded in bulk of a customer: memberships, scores and attributes.

A row is what one load says of one identity. Of the rows of one identity for one target the one
of the newest load counts; what counts of all of a customer's identities is brought together here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from offerd.events import AttributeSchema
from offerd.model.profile import ProfileKey, ProfileRecord


class LoadKind(StrEnum):
    """What a load brings."""

    MEMBERSHIPS = "memberships"
    SCORES = "scores"
    PROFILES = "profiles"


class LoadTarget(NamedTuple):
    """What a load fills: an audience, a score, or a source of profiles, by id."""

    kind: LoadKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind.value} `{self.id}`"


class MembershipRow(msgspec.Struct, frozen=True, array_like=True):
    """Whether somebody is in an audience.

    `since_ns` absent is as of the load. From `valid_until_ns` on they are no member; absent,
    they are one as long as the load is in force.
    """

    realized: bool = True
    since_ns: int | None = None
    valid_until_ns: int | None = None

    def holds(self, now_ns: int) -> bool:
        """Whether they are a member at an instant."""
        return self.realized and (self.valid_until_ns is None or now_ns < self.valid_until_ns)


class Factor(msgspec.Struct, frozen=True, array_like=True):
    """Something that influenced a score. `importance` is low, medium or high; "" isn't said."""

    code: str
    value: str
    importance: str = ""


class ScoreRow(msgspec.Struct, frozen=True, array_like=True):
    """A score of somebody: `probability` 0 to 1, `percentile` 1 to 100, None if not loaded.

    `factors` are those that influenced it most, most first. `score_ns` is when it was computed;
    absent, as of the load.
    """

    score: float
    probability: float | None = None
    percentile: float | None = None
    factors: tuple[Factor, ...] = ()
    score_ns: int | None = None


class AttributesRow(msgspec.Struct, frozen=True, array_like=True):
    """Attributes of somebody, flat; `timestamps` are the paths of those that are timestamps.

    `schema` is the fingerprint of the declarations that they were checked against.
    """

    attributes: dict[str, Any]
    timestamps: list[str] = []
    schema: bytes = b""


Row = MembershipRow | ScoreRow | AttributesRow


class Entry(NamedTuple):
    """A row that counts: of the newest load that says something of `member` for `target`."""

    target: LoadTarget
    member: ProfileKey
    as_of_ns: int
    row: Row


class Found(NamedTuple):
    """All that is loaded of a customer.

    `entries` are in the order of their members. `complete` are the audiences whose members are
    all known: who isn't among them is no member.
    """

    entries: Sequence[Entry] = ()
    complete: Collection[str] = ()


class Snapshot(NamedTuple):
    """Attributes that a load has brought for one identity, flat, as rules read them."""

    member: ProfileKey
    as_of_ns: int
    attributes: Mapping[str, Any]


class Loaded(NamedTuple):
    """What one decision may see of what was loaded.

    `memberships` by audience: one that is missing is unknown. `scores` as rules name them
    (`<id>`, `<id>.probability`, `<id>.percentile`), without those that are too old, and
    `score_times_ns` as of when the loads are that they come from, by `<id>`. `snapshots` in the
    order of members, and of one member oldest first. `edges_ns`, ascending, are the instants
    after now at which any of it changes by itself.
    """

    memberships: Mapping[str, bool] = {}
    scores: Mapping[str, float] = {}
    score_times_ns: Mapping[str, int] = {}
    snapshots: Sequence[Snapshot] = ()
    edges_ns: Sequence[int] = ()


class ScoreDetail(NamedTuple):
    """A loaded score with all that came with it; `expired` ones aren't seen by rules."""

    row: ScoreRow
    score_ns: int
    expired: bool


NOTHING = Loaded()
"""What is seen where nothing was ever loaded."""


def resolve(
    found: Found,
    maximum_ages: Mapping[str, int | None],
    attributes: AttributeSchema,
    now_ns: int,
) -> Loaded:
    """Returns what holds of what was loaded, at an instant.

    `maximum_ages` are those of the declared scores, by id; others aren't seen. Somebody is a
    member of an audience if they are under any of their identities.
    """
    if not found.entries and not found.complete:
        return NOTHING
    memberships = dict.fromkeys(found.complete, False)
    edges: set[int] = set()
    snapshots: list[Snapshot] = []
    for target, member, as_of_ns, row in found.entries:
        if isinstance(row, MembershipRow):
            holds = row.holds(now_ns)
            memberships[target.id] = memberships.get(target.id, False) or holds
            if holds and row.valid_until_ns is not None:
                edges.add(row.valid_until_ns)
        elif isinstance(row, AttributesRow):
            fitting = _fitting(member, row, attributes)
            if fitting:
                snapshots.append(Snapshot(member, as_of_ns, fitting))
    scores: dict[str, float] = {}
    times_ns: dict[str, int] = {}
    for name, (entry, detail) in _newest_scores(found.entries, maximum_ages, now_ns).items():
        maximum_age_ns = maximum_ages[name]
        if detail.expired:
            continue
        if maximum_age_ns is not None:
            edges.add(detail.score_ns + maximum_age_ns + 1)
        times_ns[name] = entry.as_of_ns
        scores[name] = detail.row.score
        if detail.row.probability is not None:
            scores[f"{name}.probability"] = detail.row.probability
        if detail.row.percentile is not None:
            scores[f"{name}.percentile"] = detail.row.percentile
    return Loaded(memberships, scores, times_ns, snapshots, sorted(edges))


def score_details(
    found: Found, maximum_ages: Mapping[str, int | None], now_ns: int
) -> dict[str, ScoreDetail]:
    """Returns the scores that were loaded of a customer, by declared id, expired ones too."""
    newest = _newest_scores(found.entries, maximum_ages, now_ns)
    return {name: detail for name, (_, detail) in newest.items()}


def _newest_scores(
    entries: Iterable[Entry], maximum_ages: Mapping[str, int | None], now_ns: int
) -> dict[str, tuple[Entry, ScoreDetail]]:
    """Returns of each score the one computed last; of several at once that of the best member."""
    newest: dict[str, tuple[Entry, ScoreDetail]] = {}
    for entry in entries:
        row = entry.row
        name = entry.target.id
        if not isinstance(row, ScoreRow) or name not in maximum_ages:
            continue
        score_ns = entry.as_of_ns if row.score_ns is None else row.score_ns
        if name in newest and score_ns <= newest[name][1].score_ns:
            continue
        maximum_age_ns = maximum_ages[name]
        expired = maximum_age_ns is not None and now_ns - score_ns > maximum_age_ns
        newest[name] = (entry, ScoreDetail(row, score_ns, expired))
    return newest


def _fitting(
    member: ProfileKey, row: AttributesRow, attributes: AttributeSchema
) -> Mapping[str, Any]:
    """Returns the attributes that still are what is declared."""
    if row.schema == attributes.fingerprint:
        return row.attributes
    record = ProfileRecord(
        member.namespace,
        member.id,
        attributes=row.attributes,
        schema=row.schema,
        timestamps=row.timestamps,
    )
    attributes.restrict(record)
    return record.attributes
