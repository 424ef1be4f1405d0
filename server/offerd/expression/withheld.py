"""Records some of whose names may not be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


class WithheldRecord(dict[str, Any]):
    """A flat record without the names that are withheld, for a rule to read as a root.

    Reading one of them is unknown, and so is asking whether it is there: neither its value nor
    its presence is ever told. All else is as in a plain record, so a rule costs nothing more
    where nothing is withheld.
    """

    __slots__ = ("withheld",)

    def __init__(self, record: Mapping[str, Any], withheld: Collection[str]) -> None:
        super().__init__(pair for pair in record.items() if pair[0] not in withheld)
        self.withheld = withheld

    def __contains__(self, name: object) -> bool:
        # The fast form gives up, as it does where a value is missing, and the exact form knows.
        if name in self.withheld:
            raise KeyError(name)
        return super().__contains__(name)
