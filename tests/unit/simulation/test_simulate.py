"""`offerd simulate`: who gets what, told from real files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unit.simulation.shop import AT, PROFILES, SHOP, write_definitions, write_profiles

Simulated = Callable[..., dict[str, Any]]
ROOT = Path(__file__).resolve().parents[3]


def _answers(report: dict[str, Any], scope: str) -> dict[str, list[str]]:
    return {
        profile["id"]: answer["offers"] + [f"({name})" for name in answer["fallbacks"]]
        for profile in report["first_profiles"]
        for answer in profile["answers"]
        if answer["scope"] == scope
    }


def _offer(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(offer for offer in report["offers"] if offer["id"] == name)


def _joined(output: str) -> str:
    """What was printed without the line breaks of tables and boxes."""
    return " ".join(output.replace("│", " ").split())


def test_each_profile_gets_what_it_is_eligible_for(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """Attributes, aggregates and context of a line decide what it gets in each scope."""
    report = simulated(shop, profiles, "--scope", "home")
    assert _answers(report, "home") == {
        "ada": ["wine"], "bo": ["tea"], "cy": ["wine"], "di": ["umbrella"],
    }  # fmt: skip


def test_several_named_scopes_are_one_request(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """Scopes that are named are decided together, so that de-duplication works across them."""
    report = simulated(
        shop, profiles, "--scope", "home", "--scope", "list", "--deduplication", "request"
    )
    assert report["together"] is True
    assert _answers(report, "home")["bo"] == ["tea"]
    assert _answers(report, "list")["bo"] == ["water"]


def test_without_scopes_every_scope_is_asked_by_itself(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """By default each named scope is a request of its own."""
    report = simulated(shop, profiles, "--deduplication", "request")
    assert report["together"] is False
    assert [scope["name"] for scope in report["scopes"]] == ["bar-hero", "home", "list"]
    assert _answers(report, "list")["bo"] == ["tea", "water"]


def test_a_decision_at_a_placement_can_be_asked(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """A scope needs no name."""
    report = simulated(shop, profiles, "--decision", "welcome", "--placement", "hero", "--items", 2)
    assert _answers(report, "welcome at hero")["ada"] == ["wine", "tea"]


def test_coverage_counts_profiles(simulated: Simulated, shop: Path, profiles: Path) -> None:
    """Each offer tells for how many it is a candidate, eligible, shown, and first."""
    report = simulated(shop, profiles, "--scope", "home")
    wine = _offer(report, "wine")
    assert (wine["considered"], wine["eligible"], wine["shown"], wine["first"]) == (4, 2, 2, 2)
    assert wine["fell"] == {"eligibility": 2}
    outcomes = report["scopes"][0]["outcomes"]
    assert outcomes == {"proposed": 4, "topped_up": 0, "fallback": 0, "nothing": 0}


def test_a_shadowed_offer_names_what_displaced_it(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """An offer that somebody could get and nobody does tells which offers take its place."""
    water = _offer(simulated(shop, profiles, "--scope", "home"), "water")
    assert (water["eligible"], water["shown"]) == (4, 0)
    assert water["displaced_by"] == {"wine": 2, "tea": 1, "umbrella": 1}


def test_an_offer_that_nobody_gets_tells_why(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """The stage at which most fell, with the most frequent reason there."""
    records = [{**record, "aggregates": {"bought": 1}} for record in PROFILES]
    file = write_profiles(profiles, records)
    thanks = _offer(simulated(shop, file, "--scope", "home"), "thanks")
    assert thanks["reason"]["stage"] == "eligibility"
    assert thanks["reason"]["count"] == 4
    assert "`aggregate.bought >= 3` is false" in thanks["reason"]["reason"]


def test_offers_outside_the_scopes_are_named(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """An offer that no collection of the decisions holds is told apart from one that falls."""
    report = simulated(shop, profiles, "--scope", "bar-hero")
    assert report["unconsidered"] == ["tea", "thanks", "umbrella", "unused", "water"]


def test_experiments_tell_how_profiles_were_split(simulated: Simulated, tmp_path: Path) -> None:
    """Arms, holdout and those who take no part add up to all profiles."""
    shop = write_definitions(tmp_path / "shop", SHOP)
    people = ({"id": f"p{n}", "attributes": {"age": 30}} for n in range(300))
    report = simulated(shop, write_profiles(tmp_path / "p.jsonl", people), "--scope", "bar-hero")
    (split,) = report["scopes"][0]["experiments"]
    assert set(split["arms"]) == {"a", "b"}
    assert sum(split["arms"].values()) + split["holdout"] + split["outside"] == 300
    assert 20 < split["holdout"] < 110
    assert report["scopes"][0]["fallbacks"] == {"house": split["holdout"]}


def test_an_arm_can_be_asked_for(simulated: Simulated, shop: Path, profiles: Path) -> None:
    """`--arm` puts everybody into one arm, whatever the hash says."""
    report = simulated(shop, profiles, "--scope", "bar-hero", "--arm", "trial=b")
    assert report["scopes"][0]["experiments"][0]["arms"] == {"b": 4}


def test_another_context_and_overrides_change_the_answer(
    simulated: Simulated, shop: Path, profiles: Path
) -> None:
    """`--context` is for lines that don't say; `--override` is laid over every line."""
    rain = '{"attributes": {"weather": "rain"}}'
    report = simulated(shop, profiles, "--scope", "home", "--context", rain)
    assert set(map(tuple, _answers(report, "home").values())) == {("umbrella",)}
    older = '{"attributes": {"age": 50}, "context": {"attributes": {"weather": null}}}'
    report = simulated(shop, profiles, "--scope", "home", "--override", older)
    assert set(map(tuple, _answers(report, "home").values())) == {("wine",)}
    member = '{"memberships": {"adults": false}}'
    report = simulated(shop, profiles, "--scope", "home", "--override", member)
    assert _answers(report, "home")["ada"] == ["tea"]


def test_caps_count_what_a_line_says(simulated: Simulated, shop: Path, tmp_path: Path) -> None:
    """`counted` gives the events of a cap's counter: times, or how many there are now."""
    regular = {"aggregates": {"bought": 5}, "attributes": {"nickname": "r"}}
    key = "profile:display:offer/thanks"
    file = write_profiles(
        tmp_path / "p.jsonl",
        [
            {"id": "fresh", **regular},
            {"id": "seen", **regular, "counted": {key: ["2026-01-01T00:00:00Z"]}},
            {"id": "now", **regular, "counted": {key: 1}},
            {"id": "later", **regular, "counted": {key: ["2027-01-01T00:00:00Z"]}},
        ],
    )
    answers = _answers(simulated(shop, file, "--scope", "home"), "home")
    assert answers == {"fresh": ["thanks"], "seen": ["tea"], "now": ["tea"], "later": ["thanks"]}


def test_everybody_is_in_an_arm_held_out_or_outside(simulated: Simulated, tmp_path: Path) -> None:
    """Of a rollout to a part of the customers, the others are counted as taking no part."""
    text = SHOP.replace("holdout: 20%", "holdout: 20%, rollout: 50%")
    shop = write_definitions(tmp_path / "half", text)
    file = write_profiles(tmp_path / "p.jsonl", ({"id": f"p{n}"} for n in range(200)))
    (scope,) = simulated(shop, file, "--scope", "bar-hero")["scopes"]
    (trial,) = scope["experiments"]
    assert sum(trial["arms"].values()) + trial["holdout"] + trial["outside"] == 200
    assert 60 < trial["outside"] < 140
    assert min(trial["holdout"], *trial["arms"].values()) > 5


def test_of_many_rivals_some_are_counted(simulated: Simulated, tmp_path: Path) -> None:
    """What displaced an offer is told for as many others as there is room for, by name."""
    names = [f"o{number:03}" for number in range(100)]
    offers = "\n".join(
        f"- {{id: {name}, priority: 9, representations: [{{placement: wide, text: T}}]}}"
        for name in names
    )
    definitions = write_definitions(
        tmp_path / "wide",
        "namespaces: [{id: crm, type: cross_device}]\n"
        "placements: [{id: wide, channel: web, content_type: text, item_count: 80}]\n"
        f"offers:\n{offers}\n- {{id: last, representations: [{{placement: wide, text: T}}]}}\n"
        f"collections: [{{id: all, offers: [{', '.join(names)}, last]}}]\n"
        "strategies: [{id: all, collection: all}]\n"
        "decisions: [{id: d, placements: [wide], strategies: [all], fallbacks: [f]}]\n"
        "fallback_offers: [{id: f, representations: [{placement: wide, text: F}]}]\n"
        "scopes: [{id: s, decision: d, placement: wide}]\n",
    )
    file = write_profiles(tmp_path / "p.jsonl", [{"id": "a"}, {"id": "b"}])
    last = _offer(simulated(definitions, file), "last")
    assert last["eligible"] == 2
    assert last["displaced_by"] == dict.fromkeys(names[:64], 2)


def test_csv_says_the_same_as_json_lines(simulated: Simulated, shop: Path, tmp_path: Path) -> None:
    """Dotted column names are paths; empty cells are absent; the file's end may be missing."""
    file = tmp_path / "profiles.csv"
    file.write_text(
        "\ufeffid,attributes.age,attributes.likes,aggregates.bought,context.attributes.weather\r\n"
        'ada,30,"[""tea"", ""wine""]",,\r\nbo,12,,,\r\n\r\n"cy",40,,5,\r\ndi,,,,rain',
        encoding="utf-8",
    )
    report = simulated(shop, file, "--scope", "home")
    assert _answers(report, "home") == {
        "ada": ["wine"], "bo": ["tea"], "cy": ["wine"], "di": ["umbrella"],
    }  # fmt: skip


def test_a_sample_is_the_same_for_a_seed(simulated: Simulated, shop: Path, tmp_path: Path) -> None:
    """`--limit` takes the first profiles; with `--seed` ones at random, in the file's order."""
    file = write_profiles(tmp_path / "p.jsonl", ({"id": f"p{n}"} for n in range(100)))
    first = simulated(shop, file, "--limit", 3)
    assert [p["line"] for p in first["first_profiles"]] == [1, 2, 3]
    one, same = (simulated(shop, file, "--limit", 5, "--seed", 7) for _ in range(2))
    assert one == same
    lines = [p["line"] for p in one["first_profiles"]]
    assert lines == sorted(lines)
    assert lines != [1, 2, 3, 4, 5]


def test_hidden_labels_keep_values_out_of_everything(
    run: Callable[..., Any], shop: Path, profiles: Path, tmp_path: Path
) -> None:
    """What is made of data labelled I2 is named in reasons, and its values never are."""
    base = (
        "simulate", shop, "--profiles", profiles, "--at", AT,
        "--html", tmp_path / "page.html", "--json", tmp_path / "r.json",
        "--override", '{"attributes": {"age": 12}}',
    )  # fmt: skip
    shown = run(*base, "--hide-labels", "")
    assert "`profile.age >= 18` is false (`profile.age` is 12)" in _joined(shown.output)
    hidden = run(*base)
    assert 'it depends on `audience("adults")` (hidden)' in _joined(hidden.output)
    pages = [(tmp_path / name).read_text() for name in ("page.html", "r.json")]
    for text in (_joined(hidden.output), *pages):
        assert "`profile.age` is" not in text


def test_a_compiled_bundle_is_taken(run: Callable[..., Any], shop: Path, profiles: Path) -> None:
    """The argument is a bundle, as the service opens it."""
    bundle = shop.parent / "shop.bundle"
    assert run("compile", shop, "--out", bundle).exit_code == 0
    result = run("simulate", bundle, "--profiles", profiles, "--scope", "home")
    assert result.exit_code == 0
    assert "4 profiles" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scope", "hom"], "error: no scope `hom`; did you mean `home`"),
        (["--decision", "welcom", "--placement", "hero"], "did you mean `welcome`"),
        (["--decision", "bar", "--placement", "grid"], "it serves `hero`"),
        (["--decision", "bar"], "--decision and --placement go together"),
        (["--seed", "1"], "--seed is for the sample of --limit"),
        (["--at", "yesterday"], "expected a time in RFC 3339"),
        (["--context", "{"], "error: --context is not valid JSON"),
        (["--override", '{"attribute": {}}'], "did you mean `attributes`"),
        (["--arm", "trial=c"], "experiment `trial` has no arm `c`"),
        (["--hide-labels", "S 1"], "`S 1` is no label"),
    ],
)
def test_wrong_options_are_refused(
    run: Callable[..., Any], shop: Path, profiles: Path, options: list[str], message: str
) -> None:
    """What an option names must be there; the message says what is."""
    result = run("simulate", shop, "--profiles", profiles, *options)
    assert result.exit_code != 0
    assert message in _joined(result.output)


def test_luma_comes_out_as_it_is_kept(simulated: Simulated, tmp_path: Path) -> None:
    """A golden run over the example: outcomes of each scope, and what each offer reaches."""
    report = simulated(
        ROOT / "examples/luma/definitions", ROOT / "examples/luma/data/members.jsonl", "--show", 3
    )
    kept = {
        "profiles": report["profiles"],
        "outcomes": {
            scope["name"]: {name: n for name, n in scope["outcomes"].items() if n}
            for scope in report["scopes"]
        },
        "shown": {
            offer["id"]: [offer["eligible"], offer["shown"], offer["first"]]
            for offer in report["offers"]
            if offer["eligible"]
        },
        "fell": {offer["id"]: offer["fell"] for offer in report["offers"] if offer["fell"]},
        "first": report["first_profiles"],
    }
    golden = Path(__file__).parent / "luma_golden.json"
    found = tmp_path / golden.name
    found.write_text(json.dumps(kept, indent=1) + "\n")
    assert kept == json.loads(golden.read_text()), f"if this is meant: cp {found} {golden}"
