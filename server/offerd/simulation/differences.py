"""What a change of definitions changes for profiles, as data."""

from __future__ import annotations

import msgspec

from offerd.simulation.changes import KindChanges
from offerd.simulation.report import ScopeAnswer


class Transition(msgspec.Struct, frozen=True):
    """For how many profiles the first place went from one offer to another.

    An id, one followed by " (fallback)", or "nothing".
    """

    old: str
    new: str
    profiles: int


class Gain(msgspec.Struct, frozen=True):
    """For how many profiles an offer is shown before and after, and for how many newly or not."""

    id: str
    old: int
    new: int
    gained: int
    lost: int


class Because(msgspec.Struct, frozen=True):
    """Why an offer isn't, or wasn't, shown: "old" or "new" tells the side that explains it.

    `stage` is "" for an offer that is shown on both sides, in another order.
    """

    offer: str
    side: str
    stage: str
    reason: str


class Example(msgspec.Struct, frozen=True):
    """A profile that gets another answer, and why."""

    line: int
    namespace: str
    id: str
    old: ScopeAnswer
    new: ScopeAnswer
    because: list[Because]


class ScopeDifference(msgspec.Struct, frozen=True):
    """What changes in one scope; numbers of profiles.

    `changed` get another answer: other items, or in another order. `other_content` get the same
    items with other content. `transitions` are of the first place, the most frequent first;
    `gains` the offers and fallbacks that more or fewer are shown, or others.
    """

    name: str
    changed: int
    other_content: int
    old_outcomes: dict[str, int]
    new_outcomes: dict[str, int]
    transitions: list[Transition]
    gains: list[Gain]
    examples: list[Example]


class Difference(msgspec.Struct, frozen=True):
    """Two revisions compared over a file of profiles.

    `changed` profiles get another answer, or other content, in some scope. `left_out` counts by
    side and path values that one side doesn't declare so: there they are as if absent.
    `only_old` and `only_new` are scopes that one side alone has.
    """

    old: str
    old_revision: str
    new: str
    new_revision: str
    profiles_file: str
    at: str
    profiles: int
    changed: int
    together: bool
    hidden_labels: list[str]
    scopes: list[ScopeDifference]
    only_old: list[str]
    only_new: list[str]
    left_out: dict[str, dict[str, int]]
    definitions: list[KindChanges]
