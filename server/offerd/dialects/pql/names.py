"""What names in PQL are called here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Names:
    """From names in PQL to names of the definitions; a name that is not in a mapping is its own.

    `attributes` leads from paths below the profile, such as `homeAddress.countryISO`, to profile
    attributes; `events` from values of eventType to event types; `properties` from paths below an
    event to properties; `audiences` from segment ids to audience ids. A path that is not declared
    is also looked for with small letters and underscores, `home_address.country_iso`.
    """

    attributes: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    audiences: Mapping[str, str] = field(default_factory=dict)


_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def underscored(path: str) -> str:
    """A path as definitions write it: `homeAddress.countryISO` → `home_address.country_iso`."""
    return _BOUNDARY.sub("_", path).lower()
