"""Until when a membership is certain, against asking at very many instants.

`OFFERD_RULES` sets how many rules are tried, `OFFERD_SEED` with which seed to begin.
"""

from __future__ import annotations

import os
import random

from offerd.audience.certainty import HORIZON_NS, Foresight
from unit.audience.random_moments import AUDIENCES, DAY, ENVIRONMENT, HOUR, Life, Rules

RULES = int(os.environ.get("OFFERD_RULES", "600"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))
SAMPLES = 40
BEGIN = 1_760_000_000 * 10**9


def test_membership_is_as_now_until_the_instant_told_and_another_there() -> None:
    """Nothing differs before `until`; if it is exact, the very nanosecond there does."""
    exact = changes = 0
    for seed in range(FIRST_SEED, FIRST_SEED + RULES):
        choose = random.Random(seed)
        now_ns = BEGIN + int(choose.random() * 3 * 365 * DAY)
        if choose.random() < 0.3:
            now_ns -= now_ns % HOUR
        maker = Rules(choose)
        rules = {
            one: maker.compiled(choose.randrange(3), AUDIENCES[:number])
            for number, one in enumerate(AUDIENCES)
        }
        life = Life(choose, rules, now_ns)
        until_ns, is_exact = Foresight(rules, ENVIRONMENT).certainty("c", life, now_ns, 1_000)
        shown = f"seed {seed}: {rules['c'].checked.source} until {until_ns} exact {is_exact}"
        member = life.is_member("c", now_ns)
        exact += is_exact
        end_ns = now_ns + HORIZON_NS // 2 if until_ns is None else until_ns
        assert end_ns > now_ns, shown
        for sample in _samples(choose, now_ns, end_ns):
            assert life.is_member("c", sample) is member, f"{shown}, not at {sample}"
        if until_ns is not None and is_exact:
            changes += 1
            assert life.is_member("c", until_ns) is not member, shown
    print(f"\n{RULES} rules from seed {FIRST_SEED}: {exact} exact, {changes} change")
    assert exact > 0.8 * RULES
    assert changes > 0.2 * RULES


def _samples(choose: random.Random, now_ns: int, end_ns: int) -> list[int]:
    """Instants before the end: near it, near the beginning, and where hours and days begin."""
    length = end_ns - now_ns
    found = [end_ns - 1]
    for _ in range(SAMPLES):
        ahead = int(length ** choose.random())
        one = now_ns + choose.choice((ahead, length - ahead, int(length * choose.random())))
        found.extend((one, one - one % HOUR, one - one % HOUR - 1, one - one % DAY))
    return [one for one in found if now_ns <= one < end_ns]
