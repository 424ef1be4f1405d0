"""A short, seeded run of the fuzzers: rules and bytes, mutated and arbitrary."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.mutation import CORPUS, Mutator, encoded_corpus
from fuzz.target import exercise, exercise_bytes
from offerd.expression import Checking, ExpressionError, parse_type
from offerd.expression.syntax.parser import parse

INPUTS = int(os.environ.get("OFFERD_FUZZ_INPUTS", "200"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))


@pytest.mark.parametrize("source", CORPUS)
def test_the_rules_to_mutate_are_rules(source: str) -> None:
    """Mutation begins with what parses, so that it gets beyond the first token."""
    parse(source)


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 4))
def test_mutated_rules_are_accepted_or_refused(seed: int) -> None:
    """Whatever is done to a rule, it compiles, runs and formats, or its issues are placed."""
    mutator = Mutator(seed)
    for number in range(INPUTS):
        source = mutator.source()
        checking = list(Checking)[number % len(Checking)]
        try:
            exercise(source, checking)
        except Exception as error:
            error.add_note(f"seed {seed}, input {number}, {checking}: {source!r}")
            raise


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 4))
def test_mutated_bytes_are_accepted_or_refused(seed: int) -> None:
    """A damaged bundle never gets further than to a refusal, or else to a rule that runs."""
    mutator = Mutator(seed)
    for number in range(INPUTS):
        data = mutator.encoded()
        try:
            exercise_bytes(data)
        except Exception as error:
            error.add_note(f"seed {seed}, input {number}: {data!r}")
            raise


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=60), st.sampled_from(Checking))
def test_any_text_is_accepted_or_refused(source: str, checking: Checking) -> None:
    """Text of any characters at all, half characters included."""
    exercise(source, checking)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=80))
def test_any_bytes_are_accepted_or_refused(data: bytes) -> None:
    """Bytes that never were an expression."""
    exercise_bytes(data)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(encoded_corpus()), min_size=2, max_size=2), st.data())
def test_spliced_bytes_are_accepted_or_refused(pair: list[bytes], data: st.DataObject) -> None:
    """The beginning of one stored rule with the end of another."""
    first, second = pair
    at = data.draw(st.integers(0, len(first)))
    there = data.draw(st.integers(0, len(second)))
    exercise_bytes(first[:at] + second[there:])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="listmapoptional(), inbxyz", max_size=30))
def test_the_name_of_a_type_is_one_or_is_not(text: str) -> None:
    """Names of types come from bundles too: a ValueError is all that may happen."""
    with suppress(ValueError):
        assert str(parse_type(text)) == text


DEEP = [
    ("(", ")"), ("[", "]"), ("{1: ", "}"), ("!", ""), ("-", ""), ("!(", ")"), ("-(", ")"),
    ("true ? ", " : 1"), ("true ? 1 : ", ""), ("f(", ")"), ("x.f(", ")"), ("a[", "]"), ("1 + ", ""),
    ("1 + (", ")"), ("true && (true || ", ")"), ("a.", ""), ("", ".a"), ("", "[0]"), ("", ".f()"),
    ("[0].map(x, ", ")"), ("cel.bind(x, ", ", 1)"), ("", " - 1"), ("", ".?a"), ("[?", "]"),
]  # fmt: skip


@pytest.mark.parametrize("count", [100, 3_000, 200_000])
@pytest.mark.parametrize(("before", "after"), DEEP)
def test_deep_nesting_is_refused_politely(before: str, after: str, count: int) -> None:
    """However deep and however long: one issue, at once, and no fallen stack."""
    source = f"{before * count}profile.age{after * count}"
    try:
        parse(source)
    except ExpressionError as error:
        (issue,) = error.issues
        polite = ("too deep", "at most 10000", "the name `", "unexpected", "expected")
        assert any(part in issue.message for part in polite), issue
    else:
        assert count == 100, "this should have been too much"
    if count == 100:
        exercise(source, Checking.OPEN)
