"""What data may not be used for."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

CORE_MARKETING_ACTIONS = (
    "analytics",
    "combine_with_pii",
    "cross_site_targeting",
    "data_science",
    "email_targeting",
    "export_to_third_party",
    "onsite_advertising",
    "onsite_personalization",
    "segment_match",
    "single_identity_personalization",
)
"""Uses of data that exist without being declared."""


class Policy(msgspec.Struct, frozen=True, array_like=True):
    """Keeps labelled data from being used for marketing actions.

    Data is kept out if it has any of `any_labels` (if there are some) and all of `all_labels`.
    """

    id: str
    marketing_actions: tuple[str, ...]
    any_labels: tuple[str, ...] = ()
    all_labels: tuple[str, ...] = ()


class Withholding(NamedTuple):
    """Why a piece of data is withheld: the labels that a policy forbids."""

    labels: tuple[str, ...]
    policy: str
