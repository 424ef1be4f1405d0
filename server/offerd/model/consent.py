"""What a customer has allowed, as a value; what it means is in offerd.customer.consent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class ConsentValue(StrEnum):
    """An answer to one question of consent, or the legal ground that stands for one."""

    YES = "y"
    NO = "n"
    PENDING = "p"
    UNKNOWN = "u"
    LEGITIMATE_INTEREST = "LI"
    CONTRACT = "CT"
    COMPLIANCE = "CP"
    VITAL_INTEREST = "VI"
    PUBLIC_INTEREST = "PI"

    @property
    def grants(self) -> bool:
        """Whether what was asked may be done."""
        return self not in (ConsentValue.NO, ConsentValue.PENDING, ConsentValue.UNKNOWN)


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """An answer, and when it was given."""

    value: ConsentValue
    time_ns: int


class Consent(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a customer's consent, by question.

    The questions are `collect`, `personalize`, `share`, `precise_location`, `marketing.any` and
    `marketing.<channel>`.
    `id_specific` answers for one address: `"<namespace>:<id>"` (normalised) to question to choice.
    A question that is missing was never answered.
    """

    choices: Mapping[str, Choice] = {}
    id_specific: Mapping[str, Mapping[str, Choice]] = {}


class ConsentDefaults(msgspec.Struct, frozen=True, array_like=True):
    """What holds for a question that was never answered; those missing here are YES.

    As a marketing channel is named, `marketing.any` is asked where it isn't here.
    """

    values: Mapping[str, ConsentValue] = {}
