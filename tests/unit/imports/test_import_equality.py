"""The fast way, a column at a time, gives what admission gives, value by value."""

from __future__ import annotations

import random
from typing import Any

from offerd.admission import admit_attributes
from offerd.errors import InvalidArgument
from offerd.imports.columns import Kind
from offerd.imports.fields import Field
from offerd.imports.rows import Records, share_of
from offerd.imports.texts import reader_of
from offerd.model.schema import Attribute, ValueType
from seeds import random_seed

INTEGERS = [0, 1, -1, 7, 2**53, 2**63 - 1, -(2**63), 2**63, 2**70, None]
NUMBERS = [0.0, -0.0, 1.5, 3.0, 1e300, 2.0**60, float("nan"), float("inf"), None]
TEXTS = [
    "", "a", "plus", "basic", "12", "-3", "1.5", "1e2", "1e999", "nan", "true", "FALSE", "yes",
    "1970-01-02", "1970-01-02T00:00:00Z", "1970-02-30", "2300-01-01", "\0", "\ud800", "é" * 9,
    "x" * 30_000, "y" * 70_000, None,
]  # fmt: skip
INSTANTS = [0, 1, -(10**18), 9 * 10**18, 10**19, -(10**19), 4 * 10**20, None]
LISTS = [[], ["a"], ["a", "b" * 70_000], [1], [1.5], [True], [None], ["x"] * 1_001, None]

KINDS = [
    (Kind.INTEGER, INTEGERS, (ValueType.INT, ValueType.DOUBLE)),
    (Kind.NUMBER, NUMBERS, (ValueType.INT, ValueType.DOUBLE)),
    (Kind.BOOLEAN, [True, False, None], (ValueType.BOOL,)),
    (Kind.INSTANT, INSTANTS, (ValueType.TIMESTAMP,)),
    (Kind.LIST, LISTS, (ValueType.LIST_STRING, ValueType.LIST_INT, ValueType.LIST_DOUBLE)),
    (
        Kind.TEXT,
        TEXTS,
        (
            ValueType.STRING,
            ValueType.INT,
            ValueType.DOUBLE,
            ValueType.BOOL,
            ValueType.TIMESTAMP,
        ),
    ),
]


def _random_fields(chance: random.Random) -> tuple[list[Field], list[list[Any]]]:
    fields, pools = [], []
    for number in range(chance.randint(1, 4)):
        kind, pool, types = chance.choice(KINDS)
        declared = chance.choice(types)
        values = ("plus", "basic") if declared is ValueType.STRING and chance.random() < 0.5 else ()
        attribute = Attribute(f"a{number}", declared, values=values)
        reader = reader_of(declared, "UTC") if kind is Kind.TEXT else None
        fields.append(Field(attribute, kind, reader, share_of(4)))
        # Few different values, so that many batches pass and values repeat.
        pools.append(chance.sample(pool, min(len(pool), chance.randint(1, 3))))
    return fields, pools


def _one_by_one(fields: list[Field], rows: list[tuple[Any, ...]]) -> list[Any] | None:
    declared = {field.attribute.path: field.attribute for field in fields}
    records = []
    for row in rows:
        plain = {f.attribute.path: f.plain(v) for f, v in zip(fields, row, strict=True)}
        try:
            records.append(admit_attributes(plain, declared, field="x")[0])
        except InvalidArgument:
            return None
    return records


def test_fast_way_equals_admission() -> None:
    """Random columns: what the fast way gives is what admission gives, and nothing is refused."""
    seed = random_seed()
    chance = random.Random(seed)
    passed = 0
    for _ in range(3_000):
        fields, pools = _random_fields(chance)
        declared = {field.attribute.path: field.attribute for field in fields}
        records = Records(fields, {}, declared, "x")
        for _ in range(2):
            rows = [tuple(map(chance.choice, pools)) for _ in range(chance.randint(1, 5))]
            fast = records.admitted(list(zip(*rows, strict=True)), len(rows))
            if fast is not None:
                passed += 1
                assert repr(fast) == repr(_one_by_one(fields, rows))
    assert passed > 100


def test_plain_values_take_the_fast_way() -> None:
    """Ordinary values are never sent the slow way, or an import would take many times as long."""
    fields = [
        Field(Attribute("s", ValueType.STRING), Kind.TEXT, None, share_of(5)),
        Field(Attribute("i", ValueType.INT), Kind.INTEGER, None, share_of(5)),
        Field(Attribute("d", ValueType.DOUBLE), Kind.NUMBER, None, share_of(5)),
        Field(Attribute("t", ValueType.TIMESTAMP), Kind.INSTANT, None, share_of(5)),
        Field(Attribute("b", ValueType.BOOL), Kind.BOOLEAN, None, share_of(5)),
    ]
    declared = {field.attribute.path: field.attribute for field in fields}
    records = Records(fields, {}, declared, "x")
    columns = [["a", None], [1, 2], [1.5, None], [10**18, 0], [True, False]]
    assert records.admitted(columns, 2) == [
        {"s": "a", "i": 1, "d": 1.5, "t": 10**18, "b": True},
        {"i": 2, "t": 0, "b": False},
    ]
