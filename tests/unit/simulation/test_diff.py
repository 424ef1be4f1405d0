"""`offerd diff`: what a change of definitions changes for profiles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from offerd.releases import Releases
from unit.simulation.shop import AT, SHOP, write_definitions, write_profiles

Run = Callable[..., Any]


@pytest.fixture
def diffed(run: Run, shop: Path, profiles: Path, tmp_path: Path) -> Callable[..., Any]:
    """Compares the shop with a changed one; returns the result and its JSON."""

    def diffed(*changes: tuple[str, str], options: tuple[object, ...] = ()) -> Any:
        text = SHOP
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        changed = write_definitions(tmp_path / "changed", text)
        out = tmp_path / "diff.json"
        result = run("diff", shop, changed, "--profiles", profiles, "--at", AT, "--json", out,
                     "--exit-code", *options)  # fmt: skip
        return result, json.loads(out.read_text()) if out.exists() else None

    return diffed


def _scope(difference: dict[str, Any], name: str) -> dict[str, Any]:
    return next(scope for scope in difference["scopes"] if scope["name"] == name)


def test_no_change_is_told_by_the_exit_status(diffed: Callable[..., Any]) -> None:
    """With --exit-code the status is 0 where no profile gets anything else."""
    result, difference = diffed()
    assert result.exit_code == 0
    assert difference["changed"] == 0
    assert difference["definitions"] == []
    assert "definitions: the same" in result.output


def test_transitions_gains_and_examples(diffed: Callable[..., Any]) -> None:
    """What went to what, for how many, and why, with the reason of the side that lacks it."""
    result, difference = diffed(
        ("profile.age >= 18", "profile.age >= 35"), options=("--hide-labels", "")
    )
    assert result.exit_code == 3
    home = _scope(difference, "home")
    assert home["changed"] == 1
    assert home["transitions"] == [{"old": "wine", "new": "tea", "profiles": 1}]
    assert {g["id"]: (g["old"], g["new"], g["gained"], g["lost"]) for g in home["gains"]} == {
        "tea": (1, 2, 1, 0), "wine": (2, 1, 0, 1),
    }  # fmt: skip
    (example,) = home["examples"]
    assert example["id"] == "ada"
    lost = next(one for one in example["because"] if one["offer"] == "wine")
    assert (lost["side"], lost["stage"]) == ("new", "eligibility")
    assert "`profile.age >= 35` is false (`profile.age` is 30)" in lost["reason"]
    (kind,) = difference["definitions"]
    assert kind["kind"] == "audiences"
    assert kind["changed"] == [
        {
            "id": "adults",
            "fields": [{"field": "rule", "old": "profile.age >= 18", "new": "profile.age >= 35"}],
        }
    ]


def test_other_content_of_the_same_offer_is_a_change(diffed: Callable[..., Any]) -> None:
    """The same offers with other content are counted apart, and count as a difference."""
    result, difference = diffed(("hero, text: Hello", "hero, text: Good day"))
    assert result.exit_code == 3
    bar = _scope(difference, "bar-hero")
    assert bar["changed"] == 0
    assert bar["other_content"] == difference["changed"] > 0
    (kind,) = difference["definitions"]
    assert kind["changed"][0]["fields"][0]["field"] == "representations.hero"


def test_a_definition_that_moves_nobody_is_no_difference(diffed: Callable[..., Any]) -> None:
    """Definitions that changed without effect are told, and the status stays 0."""
    result, difference = diffed(("{id: tea, priority: 50", "{id: tea, priority: 51"))
    assert result.exit_code == 0
    assert difference["definitions"][0]["changed"][0]["fields"] == [
        {"field": "priority", "old": "50", "new": "51"}
    ]


def test_numbers_of_definitions_make_no_change(diffed: Callable[..., Any]) -> None:
    """A definition added before others shifts numbers, and only itself is told as added."""
    added = "{id: aaa, representations: [{placement: hero, text: A}]}"
    _, difference = diffed(
        ("audiences:\n", "audiences:\n- {id: aaa, rule: profile.tier == 'plus'}\n"),
        ("offers:\n- id: wine", f"offers:\n- {added}\n- id: wine"),
    )  # fmt: skip
    told = {k["kind"]: (k["added"], k["removed"], k["changed"]) for k in difference["definitions"]}
    assert told == {"audiences": (["aaa"], [], []), "offers": (["aaa"], [], [])}


def test_scopes_and_attributes_of_one_side(diffed: Callable[..., Any], profiles: Path) -> None:
    """A scope or attribute that one side lacks is told, not refused; what neither has is."""
    write_profiles(profiles, [{"id": "a", "attributes": {"tier": "plus", "age": 20}}])
    result, difference = diffed(
        ("- {name: tier, type: string, values: [basic, plus]}\n", ""),
        ("- {id: list, decision", "- {id: rows, decision"),
    )
    assert result.exit_code == 0, result.output
    assert (difference["only_old"], difference["only_new"]) == (["list"], ["rows"])
    assert difference["left_out"] == {"new": {"attributes.tier": 1}}


def test_what_neither_side_declares_is_a_mistake(run: Run, shop: Path, tmp_path: Path) -> None:
    """An attribute that is wrong on both sides is refused with its line."""
    file = write_profiles(tmp_path / "p.jsonl", [{"id": "a", "attributes": {"teir": "plus"}}])
    result = run("diff", shop, shop, "--profiles", file)
    assert result.exit_code == 1
    assert f"{file}:1: attributes.teir: no attribute `teir` is declared" in result.output


def test_published_revisions_are_compared(
    run: Run, shop: Path, profiles: Path, tmp_path: Path
) -> None:
    """With --releases the two are revisions, or the beginnings of them."""
    from offerd.bundle import write_bundle
    from offerd.definitions import load

    other = write_definitions(tmp_path / "other", SHOP.replace("priority: 90", "priority: 40"))
    releases = Releases(tmp_path / "releases")
    revisions = [
        releases.publish(
            lambda path, f=folder: write_bundle(load([f]).catalogue, path).revision, 1
        ).revision
        for folder in (shop, other)
    ]
    result = run("diff", *(r[:10] for r in revisions), "--releases", releases.path,
                 "--profiles", profiles, "--at", AT, "--scope", "home")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "2 (50%) get something else" in result.output
    missing = run("diff", "0", "f" * 40, "--releases", releases.path, "--profiles", profiles)
    assert missing.exit_code == 1


def _fields(difference: dict[str, Any], kind: str, name: str) -> dict[str, tuple[str, str]]:
    (found,) = (k for k in difference["definitions"] if k["kind"] == kind)
    (changed,) = (one for one in found["changed"] if one["id"] == name)
    return {one["field"]: (one["old"], one["new"]) for one in changed["fields"]}


def test_arms_are_told_by_name(diffed: Callable[..., Any]) -> None:
    """A renamed arm is another arm: answers, the journal and preview tokens name it."""
    _, difference = diffed(("{id: b, weight: 1}", "{id: c, weight: 1}"))
    fields = _fields(difference, "experiments", "trial")
    arm = '{"weight": 1, "groups": null}'
    assert fields == {"arms.b": (arm, ""), "arms.c": ("", arm), "order_of_arms": ("b", "c")}


def test_order_and_weights_of_arms_are_told(diffed: Callable[..., Any]) -> None:
    """Both decide who gets which arm."""
    arms = "[{id: a, weight: 1}, {id: b, weight: 1}]"
    _, turned = diffed((arms, "[{id: b, weight: 1}, {id: a, weight: 1}]"))
    assert _fields(turned, "experiments", "trial") == {
        "order_of_arms": ('["a", "b"]', '["b", "a"]')
    }


def test_caps_and_properties_are_told_in_words(diffed: Callable[..., Any]) -> None:
    """Filters of caps by what they say, properties by name, without what isn't given."""
    cap = "{event: purchase, limit: 1, where: event.category == 'tea'}"
    _, difference = diffed(
        ("caps: [{event: display, limit: 1}]", f"caps: [{cap}]"),
        ("[{name: category, type: string}]",
         "[{name: category, type: string}, {name: amount, type: double, labels: [S1]}]"),
    )  # fmt: skip
    assert _fields(difference, "offers", "thanks") == {
        "caps.own 1": (
            '{"event": "display", "per": "profile", "at_most": 1}',
            '{"event": "purchase", "where": "event.category == \'tea\'", "per": "profile", '
            '"at_most": 1}',
        )
    }
    assert _fields(difference, "events", "purchase") == {
        "properties.amount": ("", '{"type": "double", "labels": ["S1"]}')
    }


def test_what_is_said_of_customers_is_told_in_words(
    diffed: Callable[..., Any], tmp_path: Path
) -> None:
    """Policies, channels, consent and sequences, with filters by what they say."""
    more = """
marketing_actions: [{id: desk}]
policies: [{id: quiet, marketing_actions: [desk], any_labels: [I2]}]
consent: {collect: u}
channels: [{id: email, time_zone: UTC, caps: [{limit: 3, within: 24h}]}]
"""
    step = "{events: [purchase], where: event.category == 'tea'}"
    figure = "- {id: bought, events: [purchase], function: count}"
    _, difference = diffed(
        ("\nplacements:\n", f"{more}placements:\n"),
        (figure, f"- {{id: bought, function: count, window: 24h, sequence: [{step}]}}"),
    )
    kinds = {one["kind"]: one for one in difference["definitions"]}
    assert kinds["policies"]["added"] == ["quiet"]
    assert kinds["channels"]["added"] == ["email"]
    assert kinds["consent"]["added"] == ["collect"]
    told = _fields(difference, "aggregates", "bought")
    assert told["within_ns"] == ("", str(24 * 3_600 * 10**9))
    assert told["sequence"] == (
        "",
        '{"steps": [{"events": ["purchase"], "where": "event.category == \'tea\'"}]}',
    )


def test_an_offer_that_scores_otherwise_is_told(diffed: Callable[..., Any]) -> None:
    """Of what both sides show the example tells the scores before and now."""
    _, difference = diffed(
        ("{id: tea, priority: 50", "{id: tea, priority: 99"), options=("--scope", "list")
    )
    example = next(
        one for one in _scope(difference, "list")["examples"] if one["new"]["offers"][0] == "tea"
    )
    moved = [one for one in example["because"] if one["offer"] == "tea" and not one["stage"]]
    assert [(one["side"], one["reason"]) for one in moved] == [("new", "scored 50, now 99")]
