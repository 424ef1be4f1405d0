"""The rule language and cel-cpp give the same answers; what may differ is named and still does.

`OFFERD_DIFFERENTIAL` sets how many evaluations are tried of each kind, `OFFERD_SEED` the seed.
Where cel-expr-python isn't installed, only the parts that need none of it are tested.
"""

from __future__ import annotations

import os
import sys

import pytest

from differential.cel_cpp import CelCpp, NotCompiled, message, variables
from differential.comparison import CUT_EXAMPLE, KINDS, Difference, Question, compare
from differential.quirks import MIXED_UP, MIXED_UP_EXAMPLE, QUIRKS, Quirk, applied, explanation
from differential.run_cel_cpp import MISSING, main
from offerd.expression import Checking, Duration, Timestamp, Uint, compile_expression, plan
from unit.expression.naive import evaluate as evaluate_naively
from unit.expression.random_expressions import ENVIRONMENT

EVALUATIONS = int(os.environ.get("OFFERD_DIFFERENTIAL", "4000"))
SEED = int(os.environ.get("OFFERD_SEED", "0"))


LONGEST = 2**63 - 1
ROOTS = {"profile": {"stay": Duration(LONGEST)}, "context": {}, "now": Timestamp(0), "audience": {}}


@pytest.fixture(scope="module")
def cpp() -> CelCpp:
    """cel-cpp, if it is installed."""
    pytest.importorskip("cel_expr_python", reason="needs offerd[differential]")
    return CelCpp()


@pytest.mark.parametrize("kind", KINDS)
def test_cel_cpp_answers_alike(cpp: CelCpp, kind: str) -> None:
    """Whatever the rule and the data: true, false or an error on both sides."""
    print("seed", SEED)
    tally = compare(KINDS[kind](cpp, SEED), EVALUATIONS)
    assert tally.evaluations == EVALUATIONS
    assert tally.explained.total() * 100 < EVALUATIONS, "quirks should be rare"


@pytest.mark.parametrize("quirk", QUIRKS, ids=[quirk.name for quirk in QUIRKS])
def test_what_is_explained_still_differs(cpp: CelCpp, quirk: Quirk) -> None:
    """Each quirk is there, so that a release that ends it ends the exception too."""
    assert cpp.compile(quirk.example).evaluate(variables(ROOTS)) is not True


@pytest.mark.parametrize("quirk", QUIRKS, ids=[quirk.name for quirk in QUIRKS])
def test_a_quirk_is_not_ours(quirk: Quirk) -> None:
    """Here the example holds, and for the naive evaluator too unless it has the quirk."""
    checked = compile_expression(quirk.example, ENVIRONMENT, checking=Checking.CEL)
    assert plan(checked, ENVIRONMENT).evaluate({"stay": LONGEST}, {}, 0, {}) is True

    def naive() -> bool | None:
        found = evaluate_naively(quirk.example, ROOTS, {"profile": {"stay"}})
        return found if isinstance(found, bool) else None

    assert naive() is True
    with applied(quirk):
        theirs = naive()
    assert theirs is not True
    assert naive() is True
    assert explanation(quirk.example, naive, True, theirs) == quirk.name
    assert explanation(quirk.example, naive, True, None if theirs is False else False) == ""


def test_variables_are_still_mixed_up(cpp: CelCpp) -> None:
    """cel-cpp answers a rule with a loop and a bound name otherwise, which is no quirk of ours."""
    example = MIXED_UP_EXAMPLE
    theirs = cpp.compile(example).evaluate(variables(ROOTS))
    assert theirs is not True
    assert explanation(example, lambda: True, True, theirs) == MIXED_UP
    assert explanation(example, lambda: None, True, theirs) == ""
    assert explanation("[1].exists(x, x == 1)", lambda: True, True, theirs) == ""


def test_cel_cpp_still_cuts_otherwise(cpp: CelCpp) -> None:
    """The end of a text is an index there that is out of range; one before the end is none."""
    assert cpp.compile(CUT_EXAMPLE).evaluate({}) is None
    assert cpp.compile("'12'.substring(0, 1) == '1'").evaluate({}) is True


def test_a_difference_ends_the_run() -> None:
    """What no quirk explains is shown with the rule, the row and both answers."""
    question = Question("1 < 2", {"profile": {}}, True, False, lambda: True)
    with pytest.raises(Difference, match=r"1 < 2\n  row: .*\n  here: True, cel-cpp: False"):
        compare(iter([None, question]), 10)


def test_what_either_side_refuses_is_counted() -> None:
    """A rule that can't be compared is no evaluation."""
    question = Question("1 < 2", {}, True, True, None)
    tally = compare(iter([None, question, None, question]), 2)
    assert (tally.evaluations, tally.refused) == (2, 2)


def test_values_keep_their_types_on_the_way(cpp: CelCpp) -> None:
    """A uint, a timestamp and a duration arrive as such, and dotted names as nested maps."""
    profile = {
        "loyalty.points": Uint(2**64 - 1),
        "joined": Timestamp(-1),
        "stay": Duration(-1_500_000_000),
        "extra": [None, b"a", {"a": Uint(1)}],
    }
    roots = {"profile": profile, "context": {}, "audience": {"a": True}, "now": Timestamp(0)}
    rule = cpp.compile(
        "profile.loyalty.points == 18446744073709551615u && profile.stay == duration('-1.5s') "
        "&& now - profile.joined == duration('1ns') && profile.extra[2].a == 1u "
        '&& profile.extra[0] == null && profile.extra[1] == b"a" && audience("a")'
    )
    assert rule.evaluate(variables(roots)) is True
    assert rule.evaluate({"now": message(Timestamp(0))}) is None


def test_a_rule_that_cel_cpp_lacks_is_refused(cpp: CelCpp) -> None:
    """It says so when compiling; it is no difference."""
    with pytest.raises(NotCompiled, match="sets"):
        cpp.compile("sets.contains([1], [1])")


def test_the_command_counts(cpp: CelCpp, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line has the number of evaluations and of differences."""
    assert main(["--evaluations", "400", "--seed", "7"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "seed 7"
    assert told[-1].endswith("0 differences")
    assert len(told) >= len(KINDS) + 2


def test_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without cel-expr-python the run fails with the way to install it."""
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    assert main(["--evaluations", "1"]) == 2
    assert capsys.readouterr().err.strip() == MISSING
