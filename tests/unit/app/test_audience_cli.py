"""`offerd audience`: counting an audience over a state, and telling why."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from offerd.app.cli import main
from unit.service.tracked import BEGIN, DAY, DEFINITIONS, Tracked, device, person


async def _filled(folder: Path) -> None:
    service = Tracked(folder)
    with service.running():
        for number in range(20):
            await service.set_tier("web", f"d{number}", "plus" if number < 5 else "basic")
        await service.collect("purchase", person("p"), device("d0"))
        await service.collect("purchase", person("p@example.org", "email"), person("p"))
        service.look()
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")


def _run(folder: Path, *arguments: str) -> Result:
    state = ("--state", str(folder / "state"))
    return CliRunner().invoke(main, ["audience", *arguments, str(folder / "definitions"), *state])


def _at(time_ns: int) -> str:
    from offerd.admission import format_instant

    return format_instant(time_ns)


async def test_members_are_counted_over_all_customers(tmp_path: Path) -> None:
    """A person counts once, whatever identities they have, and each device by itself."""
    await _filled(tmp_path)
    found = _run(tmp_path, "estimate", "--audience", "plus", "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.output)
    # The person has d0 among their identities.
    assert (told["members"], told["customers"]) == (6, 21)
    assert len(told["sample"]) == 6
    said = _run(tmp_path, "estimate", "--audience", "plus", "--sample", "0").output
    assert said == "plus: 6 of 21 customers (28.6 %)\n"


async def test_a_rule_is_counted_as_of_any_instant(tmp_path: Path) -> None:
    """An audience needs no definition to be estimated."""
    await _filled(tmp_path)
    rule = "now - aggregate.last_purchase >= duration('2160h')"
    later = _at(BEGIN + 90 * DAY)
    found = _run(tmp_path, "estimate", "--rule", rule, "--at", later)
    assert found.output.splitlines()[0] == "the rule: 1 of 21 customers (4.76 %)"
    assert found.output.splitlines()[1] == "  not known of 20"
    assert found.output.splitlines()[2] == "  crm:p"


async def test_a_wrong_audience_or_rule_is_told(tmp_path: Path) -> None:
    """The nearest name is told, and what is wrong in a rule."""
    await _filled(tmp_path)
    found = _run(tmp_path, "estimate", "--audience", "pluss")
    assert (found.exit_code, found.output) == (
        1,
        "error: no audience `pluss`; did you mean `plus`\n",
    )
    found = _run(tmp_path, "estimate", "--rule", "profile.teir == 'plus'")
    assert found.exit_code == 1
    assert "profile.tier" in found.output


async def test_why_tells_what_decided_and_until_when(tmp_path: Path) -> None:
    """The exit status says whether they are in it."""
    await _filled(tmp_path)
    at = ("--at", _at(BEGIN + DAY))
    found = _run(tmp_path, "why", "email:P@example.org", "lapsed", *at)
    assert found.exit_code == 3, found.output
    assert found.output.startswith("no: ")
    assert "last_purchase" in found.output
    assert f"until {_at(BEGIN + 90 * DAY)} if nothing happens" in found.output
    found = _run(tmp_path, "why", "web:d1", "plus", *at)
    assert found.exit_code == 0
    assert f"since {_at(BEGIN)}" in found.output
