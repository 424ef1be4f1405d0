"""`offerd eval`: an expression and a record on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from offerd.app.cli import main
from offerd.bundle import write_bundle
from offerd.definitions import load

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
profile:
- {name: age, type: int}
- {name: loyalty.tier, type: string, values: [basic, plus]}
- {name: birthday, type: timestamp}
- {name: sports, type: list(string)}
events:
- {id: purchase, properties: [{name: amount, type: double}, {name: category, type: string}]}
aggregates:
- {id: purchases, events: [purchase], function: count}
- {id: last_purchase, events: [purchase], function: last_time}
- {id: by_category, events: [purchase], function: count, group_by: category}
audiences:
- {id: adults, name: Grown up, rule: profile.age >= 18}
"""


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A folder with definitions."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "all.yaml").write_text(DEFINITIONS)
    return folder


def evaluated(*arguments: str | Path, stdin: str | None = None) -> Result:
    """What the command says."""
    return CliRunner().invoke(main, ["eval", *map(str, arguments)], input=stdin)


@pytest.mark.parametrize(
    ("expression", "record", "printed"),
    [
        ("1 + 2", "{}", "3"),
        ('"a" + "b"', "{}", '"ab"'),
        ("profile.age >= 18", '{"profile": {"age": 34}}', "true"),
        ("profile.age >= 18", "{}", "unknown: no value for `profile.age`"),
        ("profile.a.b == 1", '{"profile": {"a": {"b": 1}}}', "true"),
        ("profile.a['b'] == 1", '{"profile": {"a": {"b": 1}}}', "true"),
        ("profile.a.c == 1", '{"profile": {"a": {"b": 1}}}', "unknown: no value for `profile.a.c`"),
        ("has(profile.a.c)", '{"profile": {"a": {"b": 1}}}', "false"),
        ("has(profile.a)", '{"profile": {"a": null}}', "false"),
        ("profile.tags.exists(t, t == 'x')", '{"profile": {"tags": ["y", "x"]}}', "true"),
        ("profile.mixed[0] == 1", '{"profile": {"mixed": [1, "x"]}}', "true"),
        ("profile.n + 0.5", '{"profile": {"n": [1, 2.5][0]}}'.replace("[1, 2.5][0]", "2.0"), "2.5"),
        ("limit * 2", '{"limit": 4}', "8"),
        ('audience("a") && !audience("b")', '{"audience": {"a": true, "b": false}}', "true"),
        ('audience("a")', "{}", 'unknown: no value for `audience("a")`'),
        (
            'now - profile.last > duration("24h")',
            '{"profile": {"last": "2026-01-01T00:00:00Z"}, "now": "2026-01-03T00:00:00Z"}',
            "true",
        ),
        ("now - profile.last", '{"profile": {"last": "2026-01-01T00:00:00Z"},'
         ' "now": "2026-01-01T01:00:00Z"}', '"3600s"'),
        ("1 / profile.n == 1", '{"profile": {"n": 0}}', "failed at 1:1: division by zero"),
    ],
)  # fmt: skip
def test_a_record_alone_declares_what_it_holds(expression: str, record: str, printed: str) -> None:
    """Without definitions the names and types are those of the record, the rest is missing."""
    result = evaluated(expression, "--record", record)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{printed}\n"


def test_a_record_may_be_a_file(tmp_path: Path) -> None:
    """What doesn't begin like JSON is the name of a file."""
    file = tmp_path / "sara.json"
    file.write_text('{"profile": {"age": 34}}')
    assert evaluated("profile.age == 34", "--record", file).stdout == "true\n"


@pytest.mark.parametrize("form", ["folder", "bundle"])
def test_definitions_declare_names_and_audiences(schema: Path, tmp_path: Path, form: str) -> None:
    """A folder or a bundle gives types, starts of aggregates and the rules of audiences."""
    where = schema
    if form == "bundle":
        where = tmp_path / "shop.bundle"
        write_bundle(load([schema]).catalogue, where)
    rule = 'audience("adults") && aggregate.purchases == 0 && !("x" in aggregate.by_category)'
    record = '{"profile": {"age": 34, "loyalty": {"tier": "plus"}}}'
    assert evaluated(rule, "--schema", where, "--record", record).stdout == "true\n"
    given = '{"audience": {"adults": false}}'
    assert evaluated(rule, "--schema", where, "--record", given).stdout == "false\n"
    missing = evaluated("aggregate.last_purchase < now", "--schema", where)
    assert missing.stdout == "unknown: no value for `aggregate.last_purchase`\n"
    event = evaluated(
        "event.amount > 1.0", "--schema", where, "--record", '{"event": {"amount": 2}}'
    )
    assert event.stdout == "true\n"


def test_loaded_audiences_and_scores_are_what_the_record_says(schema: Path) -> None:
    """Nothing works out a loaded audience; a score has a probability and a percentile."""
    more = """
    audiences:
    - {id: vip, external: true}
    - {id: old-vip, rule: 'audience("vip") && audience("adults")'}
    scores: [{id: yoga}]
    """
    (schema / "more.yaml").write_text(more)
    rule = 'audience("old-vip") && score("yoga.percentile") > 90.0'
    record: dict[str, object] = {"profile": {"age": 34}, "score": {"yoga.percentile": 95.0}}
    told = evaluated(rule, "--schema", schema, "--record", json.dumps(record))
    assert told.stdout == 'unknown: no value for `audience("vip")`\n'
    record["audience"] = {"vip": True}
    told = evaluated(rule, "--schema", schema, "--record", json.dumps(record))
    assert told.stdout == "true\n"


def test_why_is_told_to_people(schema: Path) -> None:
    """With --explain come the sentence, what would have to change, and every part's value."""
    record = '{"profile": {"age": 17, "loyalty.tier": "plus"}}'
    result = evaluated(
        'profile.loyalty.tier == "plus" && profile.age >= 18',
        "--schema", schema, "--record", record, "--explain",
    )  # fmt: skip
    assert result.stdout.splitlines() == [
        "false",
        "No: age is 17, not at least 18.",
        "- would need `profile.age` to be at least 18",
        'profile.loyalty.tier == "plus" && profile.age >= 18  false',
        '├── profile.loyalty.tier == "plus"  true',
        '│   ├── profile.loyalty.tier  "plus"',
        '│   └── "plus"  "plus"',
        "└── profile.age >= 18  false",
        "    ├── profile.age  17",
        "    └── 18  18",
    ]


def test_the_audiences_that_decided_are_told_too(schema: Path) -> None:
    """An audience is followed into its own rule."""
    record = '{"profile": {"age": 17}}'
    arguments = ('audience("adults")', "--schema", schema, "--record", record, "--explain")
    assert evaluated(*arguments).stdout.splitlines()[1:5] == [
        'No: the customer is not in the audience "Grown up".',
        "- would need the customer to be in the audience `adults`",
        "Audience `adults`: No: age is 17, not at least 18.",
        "- would need `profile.age` to be at least 18",
    ]


def test_why_is_told_to_programs(schema: Path) -> None:
    """With --json everything is one object."""
    result = evaluated('audience("adults")', "--schema", schema, "--json",
                       "--record", '{"profile": {"age": 3}}')  # fmt: skip
    told = json.loads(result.stdout)
    assert told["outcome"] == "false"
    assert told["sentence"] == 'No: the customer is not in the audience "Grown up".'
    assert told["explanation"]["value"] is False
    assert told["changes"][0]["name"] == 'audience("adults")'
    assert told["audiences"]["adults"]["sentence"] == "No: age is 3, not at least 18."


def test_mistakes_are_shown_in_their_place(schema: Path) -> None:
    """Every mistake of the expression comes with a caret; nothing is evaluated."""
    result = evaluated("profile.aeg > 1 &&\n profile.loyalty.tier == 'plsu'", "--schema", schema)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "1:1: unknown attribute `profile.aeg`: did you mean `profile.age`?\n"
        "  profile.aeg > 1 &&\n"
        "  ^^^^^^^^^^^\n"
        "2:26: `plsu` is not a value of `profile.loyalty.tier`: did you mean `plus`?\n"
        "   profile.loyalty.tier == 'plsu'\n"
        "                           ^^^^^^\n"
    )


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "the record is not valid JSON: "),
        ("none.json", "the record `none.json` can't be read: no such file or directory"),
        ('{"profil": {}}', "the record has `profil`: expected some of `profile`, "),
        ('{"profile": 3}', "`profile` of the record must be a JSON object: found `3`"),
        ('{"profile": {"aeg": 3}}', "the record has `profile.aeg`, which is not declared"),
        ('{"profile": {"loyalty": 3}}', "the record has `profile.loyalty`, which is not declared"),
        (
            '{"profile": {"age": "x"}}',
            '`profile.age` of the record must be a whole number of 64 bits: found `"x"`',
        ),
        ('{"profile": {"age": true}}', "`profile.age` of the record must be a whole number"),
        ('{"profile": {"age": 9223372036854775808}}', "`profile.age` of the record must be"),
        ('{"profile": {"sports": ["a", 1]}}', "`profile.sports[1]` of the record must be text"),
        (
            '{"profile": {"birthday": "soon"}}',
            "`profile.birthday` of the record: `soon` is not a timestamp",
        ),
        ('{"audience": {"adults": 1}}', '`audience("adults")` of the record must be true or false'),
    ],
)
def test_a_record_must_fit_the_declarations(schema: Path, record: str, message: str) -> None:
    """What the record holds otherwise than declared is refused by name."""
    result = evaluated("profile.age > 1", "--schema", schema, "--record", record)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {message}")


def test_there_is_something_to_evaluate() -> None:
    """Neither or both of an expression and lines is a wrong use."""
    assert evaluated().exit_code == 2
    assert evaluated("1", "--jsonl", "-").exit_code == 2


def test_lines_of_json_are_evaluated_one_by_one(tmp_path: Path) -> None:
    """Each line gives a line with its id and what it came to, mistakes included."""
    cases = [
        {"id": "sum", "expr": "a + 1", "bindings": {"a": {"int": "2"}}, "type_env": {"a": "int"}},
        {"id": "missing", "expr": "a > 1", "type_env": {"a": "int"}},
        {"id": "failed", "expr": "a / 0", "bindings": {"a": 1}},
        {"id": "wrong", "expr": "a &&"},
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n\n".join(map(json.dumps, cases)))
    lines = [json.loads(line) for line in evaluated("--jsonl", file).stdout.splitlines()]
    assert [line["id"] for line in lines] == ["sum", "missing", "failed", "wrong"]
    assert lines[0]["value"] == {"int": "3"}
    assert lines[1]["unknown"] == ["a"]
    assert lines[2]["error"] == "division by zero"
    assert lines[3]["issues"][0]["column"] == 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is not valid JSON: "),
        ("3", "line 2 must be a JSON object\n"),
        ('{"id": "x"}', "line 2: `expr` must be a text\n"),
    ],
)
def test_a_line_that_is_no_request_ends_the_run(line: str, message: str) -> None:
    """What can't be read is told with its line, after the results of those before it."""
    result = evaluated("--jsonl", "-", stdin=f'{{"expr": "1"}}\n{line}\n')
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"type": "int", "value": {"int": "1"}}
    assert result.stderr.startswith(f"error: {message}")
