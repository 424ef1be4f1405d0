"""`offerd rules cost`: every distinct rule measured."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from offerd.app.cli import main
from offerd.app.rules_cost import measure
from offerd.definitions import load
from offerd.expression import decode
from offerd.expression.check.size import cost

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
profile: [{name: age, type: int}, {name: sports, type: list(string)}]
events: [{id: purchase, properties: [{name: amount, type: double}]}]
aggregates: [{id: purchases, events: [purchase], function: count, where: event.amount > 0.0}]
audiences:
- {id: adults, rule: profile.age >= 18}
- {id: grown, rule: profile.age >= 18}
- {id: sporty, rule: 'profile.sports.exists(s, profile.sports.exists(t, s != t && t == "yoga"))'}
"""


def folder_of(tmp_path: Path) -> Path:
    """A folder with definitions."""
    (tmp_path / "all.yaml").write_text(DEFINITIONS)
    return tmp_path


def test_each_distinct_rule_is_measured_once(tmp_path: Path) -> None:
    """Rules that are the same count once; filters of aggregates count too."""
    catalogue = load([folder_of(tmp_path)]).catalogue
    measured = {one.source: one for one in measure(catalogue, records=8, seed=1)}
    assert set(measured) == {
        "profile.age >= 18",
        'profile.sports.exists(s, profile.sports.exists(t, s != t && t == "yoga"))',
        "event.amount > 0.0",
    }
    assert measured["profile.age >= 18"].uses == ("audience adults", "audience grown")
    assert measured["event.amount > 0.0"].uses == ("aggregate purchases",)
    for one in measured.values():
        assert 0 < one.median_ns <= one.p90_ns <= one.greatest_ns


def test_filters_of_steps_are_measured_too(tmp_path: Path) -> None:
    """The same filter in a step and in an aggregate counts once; loaded audiences have no rule."""
    more = """
    audiences: [{id: vip, external: true}]
    aggregates:
    - id: dear_twice
      function: count
      sequence:
      - {events: [purchase], where: event.amount > 0.0}
      - {events: [purchase], where: event.amount > 90.0}
    """
    (tmp_path / "more.yaml").write_text(more)
    catalogue = load([folder_of(tmp_path)]).catalogue
    uses = {one.source: one.uses for one in measure(catalogue, records=2, seed=1)}
    assert uses["event.amount > 0.0"] == ("aggregate purchases", "aggregate dear_twice")
    assert uses["event.amount > 90.0"] == ("aggregate dear_twice",)


def test_the_dearest_come_first(tmp_path: Path) -> None:
    """A macro inside a macro outweighs a comparison."""
    catalogue = load([folder_of(tmp_path)]).catalogue
    first = measure(catalogue, records=16, seed=1)[0]
    assert first.uses == ("audience sporty",)
    trees = {rule.source: decode(rule.tree).tree for rule in catalogue.rules}
    assert first.static_cost == cost(trees[first.source], 100)


def test_the_table_names_rules_and_their_users(tmp_path: Path) -> None:
    """The command prints the dearest with figures, the users and the rule itself."""
    arguments = ["rules", "cost", str(folder_of(tmp_path)), "--top", "2", "--records", "4"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert "3 distinct rules, the dearest first" in result.stdout
    assert "audience sporty" in result.stdout
    assert "p90 ns" in result.stdout
    refused = CliRunner().invoke(main, [*arguments, "--top", "0"])
    assert refused.exit_code == 1
    assert refused.stderr == "error: `--top` and `--records` must be at least 1\n"
