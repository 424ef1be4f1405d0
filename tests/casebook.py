"""Cases as they are written in tests/cases/*.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"

QUESTIONS = {
    "ask": "Decide",
    "collect": "Collect",
    "get_profile": "GetProfile",
    "set_profile": "SetProfile",
    "delete_profile": "DeleteProfile",
    "reserve": "Reserve",
    "commit": "Commit",
    "release": "Release",
    "set_consent": "SetConsent",
    "check_contact": "CheckContact",
    "commit_contact": "CommitContact",
    "release_contact": "ReleaseContact",
    "set_suppression": "SetSuppression",
    "get_suppression": "GetSuppression",
}
"""What a step can ask through every door, and the rpc that answers it."""
WRITING = (
    "collect", "set_profile", "delete_profile", "reserve", "commit", "release", "set_consent",
    "check_contact", "commit_contact", "release_contact", "set_suppression",
)  # fmt: skip
BEYOND_CLIENTS = ("set_suppression", "get_suppression")
"""What this project's clients can't ask."""

NARROW = ("message", "bytes", "http")
"""What only some doors can say: text format, hexadecimal bytes, an HTTP request."""
STEP = {*QUESTIONS, *NARROW, "answer", "warnings", "refused", "same_as", "then", "stored", "now"}
CASE = STEP | {"it", "given", "definitions"}
GIVEN = {"profiles", "asked", "events"}


@dataclass(frozen=True)
class Case:
    """One behaviour: what is defined, what is given, what is asked in turn, what comes back."""

    id: str
    definitions: Mapping[str, Any]
    now: str
    steps: tuple[Mapping[str, Any], ...]
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes_state(self) -> bool:
        """Whether a question of it writes, so that each door needs a service of its own."""
        return (
            _counts_decisions(self.definitions)
            or any(question in step for step in self.steps for question in WRITING)
            or any("consent" in step.get("ask", {}) for step in self.steps)
        )

    @property
    def is_for_clients(self) -> bool:
        """Whether this project's clients can say all of it."""
        return not any(question in step for step in self.steps for question in BEYOND_CLIENTS)


def _counts_decisions(definitions: Any) -> bool:
    """Whether a cap counts propositions, so that asking is writing."""
    if isinstance(definitions, Mapping):
        if definitions.get("event") == "decision":
            return True
        return any(_counts_decisions(value) for value in definitions.values())
    return isinstance(definitions, list) and any(map(_counts_decisions, definitions))


class _Loader(yaml.SafeLoader):
    """YAML with times left as they are written, and `!repeat` and `!nested` for large input."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _repeat(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> Any:
    what, times = loader.construct_sequence(node, deep=True)
    return what * times


def _nested(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    value: Any = "core"
    for _ in range(int(loader.construct_scalar(node))):
        value = {"in": value}
    return value


_Loader.add_constructor("!repeat", _repeat)
_Loader.add_constructor("!nested", _nested)


@cache
def cases() -> tuple[Case, ...]:
    """Returns every case of every file."""
    return tuple(case for path in sorted(CASES.glob("*.yaml")) for case in _of_file(path))


def _of_file(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as file:
        book = yaml.load(file, _Loader)
    for written in book["cases"]:
        name = f"{path.stem}: {written['it']}"
        _check(written, CASE, name)
        _check(written.get("given", {}), GIVEN, name)
        steps = (written, *written.get("then", ()))
        for step in steps[1:]:
            _check(step, STEP, name)
        yield Case(
            name,
            {**book["definitions"], **written.get("definitions", {})},
            written.get("now", book["now"]),
            steps,
            written.get("given", {}),
        )


def _check(mapping: Mapping[str, Any], allowed: set[str], name: str) -> None:
    unknown = mapping.keys() - allowed
    assert not unknown, f"case `{name}` has {unknown}; expected some of {sorted(allowed)}"
