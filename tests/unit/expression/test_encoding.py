"""Stored expressions: what comes back is what went in, or is refused."""

from __future__ import annotations

import builtins
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from offerd.expression import (
    Checked,
    Checking,
    DecodeError,
    Environment,
    Limits,
    PlanError,
    compile_expression,
    decode,
    encode,
    plan,
)
from offerd.expression.plan.generate import generate
from unit.expression.declared import ENVIRONMENT, checked
from unit.expression.test_evaluation import PROFILE, TRUE

PAYLOADS: list[Any] = [
    "__import__('builtins').setattr(__import__('builtins'), 'intruder', 1)",
    "x'] or __import__('builtins').setattr(__import__('builtins'), 'intruder', 1) or r0['",
    "\n  raise SystemExit\n",
    "{0.__class__}",
    "__class__",
    -1,
    2**63,
    10**6,
    1.5,
    None,
    True,
    [],
    b"x",
    {},
]
SOURCES = [
    "profile.tier == 'gold' && (audience('lapsed') || has(profile.vip))",
    "profile.rows.exists(r, r.kind == 'tea' && {'a': [1, 2u]}.a[0] == dyn(profile.age))",
    "profile.tags.map(t, size(t) > 1, t + 'x') == ['ax'] ? now > timestamp(1) : profile.vip",
    "cel.bind(a, profile.?age, a.or(profile.?loyalty.points).optMap(n, n + 1).orValue(0)) == 2",
    "profile.address.transformMap(k, v, [?profile.?age]) == {} && bucket('a', profile.tier) < 9",
    "profile.tier.matches('^g') && now.getHours('UTC') in [1, 2, 3, 4] && type(now) == type(1)",
]


@pytest.mark.parametrize("source", TRUE)
def test_what_is_stored_comes_back(source: str) -> None:
    """Decoding gives the same expression, and encoding it again the same bytes."""
    original = checked(source)
    data = encode(original)
    assert decode(data) == original
    assert encode(decode(data)) == data
    assert encode(checked(source)) == data


def places(tree: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """The paths of everything inside nested lists."""
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield (*path, index)
            yield from places(item, (*path, index))


def replaced(tree: Any, path: tuple[int, ...], value: Any) -> Any:
    """The nested lists with one place changed."""
    if not path:
        return value
    return [
        replaced(item, path[1:], value) if index == path[0] else item
        for index, item in enumerate(tree)
    ]


def survive(data: bytes) -> None:
    """Decodes, plans and evaluates; only the documented errors may be raised."""
    try:
        rule = plan(decode(data), ENVIRONMENT)
    except (DecodeError, PlanError):
        return
    rule.evaluate(PROFILE, {}, 10**18, {"lapsed": True})
    rule.evaluate({}, {}, 0, {})
    rule.exact({}, {}, 0, {})


@pytest.mark.parametrize("source", SOURCES)
def test_no_field_can_make_anything_run(source: str) -> None:
    """Every field of a stored expression is replaced by hostile values: none is ever executed."""
    tree = msgspec.msgpack.decode(encode(checked(source)))
    for path in places(tree):
        for payload in PAYLOADS:
            survive(msgspec.msgpack.encode(replaced(tree, path, payload)))
    assert not hasattr(builtins, "intruder")


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_are_refused_or_harmless(seed: int) -> None:
    """Flipped, cut and repeated bytes never raise anything but the documented errors."""
    generator = random.Random(seed)
    data = encode(checked(SOURCES[seed]))
    for _ in range(1500):
        damaged = bytearray(data)
        for _ in range(generator.randint(1, 3)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        survive(
            bytes(damaged[: generator.choice((len(damaged), generator.randrange(len(damaged))))])
        )


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x94", b"\x91" * 100_000, b"\xff" * 10, b"\x90"])
def test_what_is_no_expression_is_refused(data: bytes) -> None:
    """Anything else than an encoded expression raises DecodeError."""
    with pytest.raises(DecodeError, match="not an encoded expression"):
        decode(data)


def test_a_tree_nested_too_deep_is_refused() -> None:
    """A stored tree may not be deeper than any that compiles."""
    tree = msgspec.msgpack.decode(encode(checked("!profile.vip")))
    node = tree[3]
    for _ in range(400):
        node = [7, "!_", 0, [node], "bool", 0, 1]
    with pytest.raises(DecodeError, match="the tree is too deep"):
        decode(msgspec.msgpack.encode([*tree[:3], node]))


def test_a_tree_that_lies_about_its_references_is_refused() -> None:
    """Cycles are found from the references, so they must be those of the tree."""
    tree = msgspec.msgpack.decode(encode(checked("audience('lapsed')")))
    tree[2] = [[], {}, {}]
    with pytest.raises(DecodeError, match="the references are not those of the tree"):
        decode(msgspec.msgpack.encode(tree))


def test_an_expression_for_another_environment_is_not_planned() -> None:
    """Planning names what the environment does not declare."""
    with pytest.raises(PlanError, match=r"`profile\.tier` is not declared"):
        plan(checked("profile.tier == 'gold'"), Environment({}))


def test_no_text_of_the_tree_is_in_the_generated_code() -> None:
    """Names, keys and constants reach the code as parameters."""
    source = (
        "profile.rows.exists(r, r.kind == 'tea') && profile.tier == 'gold' && profile.age == 4711"
    )
    roots = {name: place for place, name in enumerate(ENVIRONMENT.roots)}
    shape = generate(checked(source).tree, roots, {})
    text = "\n".join((*shape.lines, shape.result))
    for word in ("profile", "rows", "kind", "tea", "tier", "gold", "4711"):
        assert word not in text


def test_an_open_expression_is_stored_too() -> None:
    """What is only known to fail at run time still makes a round trip."""
    made: Checked = compile_expression(
        "nowhere.x == 1 || 1 + 'a'", ENVIRONMENT, expected=None, checking=Checking.OPEN
    )
    assert decode(encode(made)) == made


def test_a_tree_that_would_run_too_long_is_refused() -> None:
    """The limits of the compiler hold for what is stored as well."""
    source = "profile.tags.exists(a, profile.tags.exists(b, profile.tags.exists(c, a == b + c)))"
    made = compile_expression(source, ENVIRONMENT, limits=Limits(cost=10**9))
    with pytest.raises(DecodeError, match="the tree may take too many steps"):
        decode(encode(made))
    assert decode(encode(made), limits=Limits(cost=10**9)) == made
