"""Random rules that depend on the moment, and customers that change as time passes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from offerd.audience.certainty import Reads
from offerd.audience.environment import decision_environment
from offerd.audience.membership import Memberships
from offerd.expression import ExpressionError, Rule, compile_expression, plan
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    ScoreModel,
    ValueType,
)

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
ZONES = (
    "UTC",
    "Europe/Stockholm",
    "America/St_Johns",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "+05:30",
    "America/Sao_Paulo",
    "Nowhere/Land",
)
AUDIENCES = ("a", "b", "c")

SCHEMA = Schema(
    namespaces=(),
    profile=(
        Attribute("born", ValueType.TIMESTAMP),
        Attribute("joined", ValueType.TIMESTAMP),
        Attribute("tier", ValueType.STRING),
        Attribute("age", ValueType.INT),
        Attribute("zone", ValueType.STRING),
    ),
    context=(),
    offer=(),
    events=(),
    aggregates=(
        Aggregate("last", (), AggregateFunction.LAST_TIME, ValueType.TIMESTAMP),
        Aggregate("times", (), AggregateFunction.LAST_TIME, ValueType.MAP_TIMESTAMP),
        Aggregate("visits", (), AggregateFunction.COUNT, ValueType.INT),
    ),
    scores=(ScoreModel("propensity"),),
)
ENVIRONMENT = decision_environment(SCHEMA, (*AUDIENCES, "loaded"))


class Rules:
    """A source of rules; `earlier` are the audiences that they may ask."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose

    def compiled(self, depth: int, earlier: Sequence[str]) -> Rule:
        """A rule that compiles."""
        while True:
            try:
                checked = compile_expression(self.truth(depth, earlier), ENVIRONMENT)
            except ExpressionError:
                continue
            return plan(checked, ENVIRONMENT)

    def truth(self, depth: int, earlier: Sequence[str]) -> str:
        """A condition."""
        choose = self._choose
        if depth > 0:
            one, other = self.truth(depth - 1, earlier), self.truth(depth - 1, earlier)
            form = choose.randrange(6)
            if form < 4:
                return f"({one} {choose.choice(('&&', '||'))} {other})"
            if form == 4:
                return f"!({one})"
            return f"({one} ? {other} : {self.truth(depth - 1, earlier)})"
        makers = (self._order, self._order, self._part, self._day, self._still, self._loop)
        if earlier and choose.random() < 0.25:
            return f"audience('{choose.choice(earlier)}')"
        return choose.choice(makers)()

    def _zone(self) -> str:
        if self._choose.random() < 0.1:
            return "profile.zone"
        return f"'{self._choose.choice(ZONES)}'"

    def _duration(self) -> str:
        hours = self._choose.choice((0, 1, 5, 24, 30, 720, 2160, 8760))
        return f"duration('{self._choose.choice(('', '-'))}{hours}h{self._choose.randrange(60)}m')"

    def _moment(self) -> str:
        year = self._choose.choice((2025, 2026, 2026, 2027, 2030))
        day, month = self._choose.randint(1, 28), self._choose.randint(1, 12)
        return self._choose.choice(
            (
                "profile.born",
                "profile.joined",
                "aggregate.last",
                "aggregate.last",
                f"timestamp('{year}-{month:02}-{day:02}T{self._choose.randrange(24):02}:30:00Z')",
                f"today({self._zone()})",
            )
        )

    def _ordering(self) -> str:
        return self._choose.choice(("<", "<=", ">", ">=", "==", "!="))

    def _order(self) -> str:
        choose = self._choose
        return choose.choice(
            (
                f"now - {self._moment()} {self._ordering()} {self._duration()}",
                f"{self._moment()} - now {self._ordering()} {self._duration()}",
                f"now {self._ordering()} {self._moment()} + {self._duration()}",
                f"now - {self._duration()} {self._ordering()} {self._moment()}",
                f"{self._duration()} {self._ordering()} now - {self._moment()}",
                f"now - {self._moment()} {self._ordering()} {self._moment()} - now",
                f"int(now) {self._ordering()} {1_790_000_000 + choose.randrange(10**7)}",
                f"[now - {self._duration()}, {self._moment()}].exists(t, t > now)",
                f"cel.bind(gone, now - {self._moment()}, gone > {self._duration()} && "
                f"gone < {self._duration()})",
            )
        )

    def _part(self) -> str:
        choose = self._choose
        getter, most = choose.choice(
            (
                ("getHours", 24),
                ("getMinutes", 60),
                ("getDate", 31),
                ("getDayOfWeek", 7),
                ("getDayOfYear", 366),
                ("getMonth", 12),
                ("getFullYear", 0),
            )
        )
        value = choose.randrange(most) if most else choose.choice((2025, 2026, 2027, 2040))
        subject = choose.choice(("now", "now", f"(now - {self._duration()})"))
        zone = self._zone()
        if getter in ("getHours", "getMinutes", "getSeconds") and choose.random() < 0.3:
            return f"(now - {self._moment()}).{getter}() {self._ordering()} {value * 3}"
        listed = f"{subject}.{getter}({zone}) in [{value}, {value + 1}]"
        ordered = f"{subject}.{getter}({zone}) {self._ordering()} {value}"
        summed = f"{subject}.{getter}({zone}) + profile.age {self._ordering()} {value}"
        return choose.choice((ordered, ordered, listed, summed))

    def _day(self) -> str:
        choose = self._choose
        moment = choose.choice(("profile.born", "profile.joined", "timestamp(0)"))
        return choose.choice(
            (
                f"isBirthday({moment}, {self._zone()})",
                f"yearsSince({moment}, {self._zone()}) {self._ordering()} {choose.randint(-2, 40)}",
                f"daysUntilAnniversary({moment}, {self._zone()}) < {choose.randint(1, 40)}",
                f"today({self._zone()}) {self._ordering()} {self._moment()}",
            )
        )

    def _still(self) -> str:
        return self._choose.choice(
            (
                "profile.tier == 'plus'",
                "has(profile.tier)",
                f"aggregate.visits {self._ordering()} {self._choose.randrange(5)}",
                "score('propensity') > 0.5",
                "audience('loaded')",
                "true",
            )
        )

    def _loop(self) -> str:
        test = f"now - aggregate.times[k] {self._ordering()} {self._duration()}"
        return self._choose.choice(
            (
                f"aggregate.times.exists(k, {test})",
                f"aggregate.times.all(k, {test})",
                f"aggregate.times.filter(k, {test}).size() {self._ordering()} 1",
                f"aggregate.times.exists(k, t, k == 'yoga' && now - t > {self._duration()})",
                f"aggregate.times.exists_one(k, {test})",
                "aggregate.times[?'yoga'].optMap(t, now - t < duration('800h')).orValue(false)",
            )
        )


class Life:
    """A customer whose data is another from some instants on."""

    def __init__(self, choose: random.Random, rules: dict[str, Rule], now_ns: int) -> None:
        self._rules = rules
        count = choose.choice((0, 0, 1, 3))
        self._edges = sorted({now_ns + _ahead(choose) for _ in range(count)})
        self._data = [_data(choose, now_ns) for _ in range(len(self._edges) + 1)]
        profile = self._data[0][0]
        self._data = [(profile, *rest) for _, *rest in self._data]

    def roots(self, reads: Reads | None, now_ns: int) -> tuple[Any, ...]:
        """What rules read at an instant."""
        number = sum(edge <= now_ns for edge in self._edges)
        profile, aggregate, scores, loaded = self._data[number]
        memberships = Memberships(self._rules, profile, {}, aggregate, now_ns, scores)
        memberships["loaded"] = loaded
        return memberships.roots()

    def next_edge(self, reads: Reads, after_ns: int) -> int | None:
        """The next instant at which the data is another."""
        return next((edge for edge in self._edges if edge > after_ns), None)

    def is_member(self, audience: str, now_ns: int) -> bool:
        """What the ordinary evaluation says."""
        return self._rules[audience].evaluate(*self.roots(None, now_ns)) is True


def _ahead(choose: random.Random) -> int:
    return int(10 ** choose.uniform(0, 17.5))


def _data(choose: random.Random, now_ns: int) -> tuple[Any, ...]:
    def ago() -> int:
        return now_ns - int(choose.choice((1, 1, -1)) * 10 ** choose.uniform(6, 17))

    profile = {
        "born": now_ns - choose.randrange(60 * 365) * DAY,
        "joined": ago() // 10**9 * 10**9,
        "tier": choose.choice(("plus", "basic")),
        "age": choose.randrange(10),
        "zone": choose.choice(ZONES),
    }
    aggregate = {
        "last": choose.choice((ago(), now_ns - choose.choice((1, 24, 720, 2160)) * HOUR)),
        "times": {key: ago() for key in ("yoga", "run", "swim")[: choose.randrange(4)]},
        "visits": choose.randrange(5),
    }
    for record in (profile, aggregate):
        for name in list(record):
            if choose.random() < 0.1:
                del record[name]
    scores = {"propensity": choose.random()} if choose.random() < 0.7 else {}
    return profile, aggregate, scores, choose.random() < 0.5
