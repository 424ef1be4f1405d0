"""docs/rules.md says what is the case: its examples compile and its reference is complete."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from offerd.app.rules_schema import every_name
from offerd.definitions import load
from offerd.expression import DEFAULT_LIMITS, Environment, ExpressionError, compile_expression
from offerd.expression.check.types import MAXIMUM_TYPE_DEPTH
from offerd.expression.functions.patterns import MOST_STATES
from offerd.expression.functions.table import FUNCTIONS, display_name
from offerd.expression.limits import MOST_STEPS
from offerd.expression.reference import reference

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")


def blocks(kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return [body for found, body in BLOCK.findall(PAGE) if found == kind]


def translations() -> list[str]:
    """The expressions in the right-hand column of the table for those who know PQL."""
    section = PAGE.split("## Coming from PQL")[1].split("\n## ")[0]
    rows = [re.split(r"(?<!\\)\|", line)[2] for line in section.splitlines() if line[:2] == "| "]
    codes = [code.replace("\\|", "|") for row in rows for code in CODE.findall(row)]
    return [code for code in codes if "." in code or "(" in code]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The names that the page's own definitions declare."""
    folder = tmp_path_factory.mktemp("page")
    (declarations,) = blocks("yaml")
    (folder / "page.yaml").write_text(declarations, encoding="utf-8")
    return every_name(load([folder]).catalogue)


EXAMPLES = [line for block in blocks("cel") for line in block.splitlines()]


@pytest.mark.parametrize("source", EXAMPLES)
def test_each_example_is_a_rule(source: str, environment: Environment) -> None:
    """Every line of the page's examples compiles to true or false."""
    compile_expression(source, environment)


@pytest.mark.parametrize("source", translations())
def test_each_translation_compiles(source: str, environment: Environment) -> None:
    """What the page offers instead of PQL is right."""
    compile_expression(source, environment, expected=None)


def test_there_are_translations_for_most_of_the_other_language() -> None:
    """The table is not read as empty."""
    assert len(translations()) > 40


def test_the_mistakes_shown_are_those_told(environment: Environment) -> None:
    """The page's example of messages is what the compiler says."""
    source = 'profile.loyalty.teir == "plus" && profile.age == "18"'
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, environment)
    for issue in caught.value.issues:
        assert str(issue) in PAGE


def test_the_limits_are_those_of_the_language() -> None:
    """Each limit is on the page with its number."""
    limits = DEFAULT_LIMITS
    section = PAGE.split("| limit | most |")[1].split("\n## ")[0]
    told = [int(n.replace(",", "")) for n in re.findall(r"\| ([\d,]+) \|$", section, re.MULTILINE)]
    assert told == [
        limits.source_length, limits.depth, limits.nodes, limits.macro_depth, MAXIMUM_TYPE_DEPTH,
        MOST_STATES, limits.cost, MOST_STEPS,
    ]  # fmt: skip
    assert f"taking {limits.assumed_list_size} elements" in section


def tool() -> ModuleType:
    """tools/rules_page.py as a module."""
    path = ROOT / "tools/rules_page.py"
    spec = importlib.util.spec_from_file_location("rules_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    """The generated part is what the tables of the language say now."""
    assert tool().page_with(reference(), PAGE) == PAGE


def test_every_function_is_in_the_reference() -> None:
    """Nothing of the table is missing, and everything says what it gives."""
    names = {entry.name for entry in reference()}
    assert {display_name(name).strip("`") for name in FUNCTIONS} <= names
    for entry in reference():
        assert entry.doc, entry.name
        assert entry.signatures, entry.name
