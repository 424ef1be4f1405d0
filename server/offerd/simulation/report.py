"""What a simulation found, as data: for tables, pages and programs."""

from __future__ import annotations

import msgspec

STAGE_NAMES = {
    "collection": "collections",
    "live": "status and dates",
    "representation": "content",
    "constraint": "the strategy's constraint",
    "eligibility": "the offer's eligibility",
    "caps": "caps",
    "exclusion": "exclusion, replacement or repetition",
    "rank": "ranking",
}
"""What each stage is about, in words, by its name in a report."""


class FrequentReason(msgspec.Struct, frozen=True):
    """Where an offer fell for most profiles: the stage, for how many, and why.

    `reason` is the most frequent one, as worded the first time, given `reason_count` times among
    the `told` profiles for which reasons were worked out: the first 300.
    """

    stage: str
    count: int
    reason: str
    reason_count: int
    told: int


class Coverage(msgspec.Struct, frozen=True):
    """What became of one offer.

    All are numbers of profiles. It is `considered` where it is a candidate, `eligible` where it
    passes every stage up to caps, `shown` where it is among the items, `first` where it is the
    first of them; `fell` says at which stage it fell. Over several scopes the one counts in which
    it came furthest. `displaced_by` counts by offer for how many that was shown where this one
    was eligible and not; it is kept for offers never shown, and of the others the first 64 met.
    """

    id: str
    considered: int
    eligible: int
    shown: int
    first: int
    fell: dict[str, int]
    reason: FrequentReason | None = None
    displaced_by: dict[str, int] = {}


class Assignments(msgspec.Struct, frozen=True):
    """How profiles were assigned: to each arm, to the holdout, and those who take no part."""

    experiment: str
    arms: dict[str, int]
    holdout: int
    outside: int


class ScopeReport(msgspec.Struct, frozen=True):
    """What one scope answered; `fallbacks` counts profiles by what they were shown instead."""

    name: str
    decision: str
    placement: str
    item_count: int
    outcomes: dict[str, int]
    offers: list[Coverage]
    fallbacks: dict[str, int]
    experiments: list[Assignments]


class ScopeAnswer(msgspec.Struct, frozen=True):
    """What one profile got in one scope, best first; `fallback` lists what isn't an offer's."""

    scope: str
    outcome: str
    offers: list[str]
    fallbacks: list[str] = []
    arm: str = ""


class ProfileAnswers(msgspec.Struct, frozen=True):
    """What one profile got."""

    line: int
    namespace: str
    id: str
    answers: list[ScopeAnswer]


class Report(msgspec.Struct, frozen=True):
    """A simulation.

    `together` says that the scopes were asked in one request. `unconsidered` are offers that are
    a candidate in none of the scopes. `diagnostics` counts for how many requests each was given,
    `ranking_failures` by ranking the offers that it could give no score, over all requests.
    """

    definitions: str
    revision: str
    profiles_file: str
    at: str
    profiles: int
    together: bool
    hidden_labels: list[str]
    scopes: list[ScopeReport]
    offers: list[Coverage]
    unconsidered: list[str]
    diagnostics: dict[str, int]
    ranking_failures: dict[str, int]
    first_profiles: list[ProfileAnswers]

    @property
    def never_shown(self) -> list[Coverage]:
        """Candidates that nobody was shown and for which nobody is eligible."""
        return [one for one in self.offers if not one.shown and not one.eligible]

    @property
    def shadowed(self) -> list[Coverage]:
        """Offers for which somebody is eligible and that nobody was shown."""
        return [one for one in self.offers if not one.shown and one.eligible]
