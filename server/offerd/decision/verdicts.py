"""What the rules of a request say, each asked once."""

from __future__ import annotations

from collections.abc import Collection

from offerd.audience.membership import Memberships
from offerd.decision.prepared import Prepared
from offerd.decision.withholding import Withheld
from offerd.expression import Failure


class Verdicts(dict[int | None, bool]):
    """Rule number → whether it is true, each rule evaluated once, when first asked.

    False covers false, unknown and failed. None, which is no rule, always holds. A rule that
    reads `offer` is True here, as far as is known without an offer; `of` asks it for one. `failed`
    gets what goes wrong.
    """

    __slots__ = (
        "_all_rules",
        "_failed",
        "_hopeless",
        "_memberships",
        "_of",
        "_prepared",
        "_rules",
    )

    def __init__(
        self,
        prepared: Prepared,
        memberships: Memberships,
        withheld: Withheld | None,
        failed: dict[int, dict[str, Failure]],
    ) -> None:
        super().__init__({None: True})
        self._prepared = prepared
        self._hopeless: Collection[int] = () if withheld is None else withheld.hopeless
        rules = prepared if withheld is None else withheld
        self._all_rules = rules.rules
        self._rules = rules.rules_without_offer
        self._memberships = memberships
        self._of: dict[tuple[int, int], bool] = {}
        self._failed = failed

    def __missing__(self, rule: int) -> bool:
        planned = self._rules[rule]
        if planned is None or rule in self._hopeless:
            held = self[rule] = rule not in self._hopeless
            return held
        result = self._memberships.evaluate(planned)
        if result is True:
            self[rule] = True
            return True
        if isinstance(result, Failure):
            self._failed[rule] = {"": result}
        self[rule] = False
        return False

    def of(self, rule: int, number: int) -> bool:
        """Returns whether a rule is true of the offer of a number."""
        if rule not in self._prepared.offer_rules or rule in self._hopeless:
            return self[rule]
        known = self._of.get((rule, number))
        if known is None:
            record = self._prepared.record(number)
            result = self._memberships.evaluate(self._all_rules[rule], record)
            if isinstance(result, Failure):
                self._failed.setdefault(rule, {})[record["id"]] = result
            known = self._of[rule, number] = result is True
        return known
