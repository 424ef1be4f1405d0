"""A mistake inside a text is placed at the character in the file, however the text is written."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
import yaml

from offerd.definitions.findings import Findings
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.inside import index_inside
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import Mapping, Scalar
from seeds import random_seed
from unit.definitions.definition_folders import mistakes_in, write

NAME = "profile.wrong"
RULES = [
    "has(profile.age) && profile.wrong == 3",
    "has(profile.age)\n    && profile.wrong\n    == 3",
    "'profile.age == 3 && ''x'' != string(profile.wrong)'",
    "'has(profile.age)\n\n    && profile.wrong == 3'",
    '"has(profile.age)\\t&& \\"\\u00e5\\\\\\\\\\" != string(profile.wrong)"',
    '"has(profile.age) \\\n    && profile.wrong == 3"',
    "|\n    has(profile.age) &&\n\n      profile.wrong == 3",
    "|2\n     has(profile.age) &&\n    profile.wrong == 3",
    "|- # a note\n    // no \u2028?\n    profile.wrong == 3",
    ">\n    has(profile.age) &&\n\n      profile.wrong ==\n    3",
    "&anchor !!str\n    profile.wrong == 3",
]


@pytest.mark.parametrize("rule", RULES)
def test_mistake_in_a_rule_is_placed_at_its_character(tmp_path: Path, rule: str) -> None:
    """Plain, quoted, escaped, folded and literal texts: the place is where the name is written."""
    text = f"audiences:\n- id: all\n  rule: {rule}\nprofile: [{{name: age, type: int}}]\n"
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    before = text[: text.index(NAME)].split("\n")
    place = f"{tmp_path.name}/all.yaml:{len(before)}:{len(before[-1]) + 1}"
    assert mistakes_in(tmp_path) == [f"{place}: unknown attribute `{NAME}`"]


def test_place_behind_surrogate_pairs_in_json(tmp_path: Path) -> None:
    """In JSON a character may be written as a pair of escapes; what follows is placed rightly."""
    rule = 'context.channel == "\U0001f600\U0001f600" && profile.wrong > 3'
    text = json.dumps({"audiences": [{"id": "all", "rule": rule}]})
    (tmp_path / "all.json").write_text(text, encoding="utf-8")
    column = text.index("profile.wrong") + 1
    assert mistakes_in(tmp_path) == [
        f"{tmp_path.name}/all.json:1:{column}: unknown attribute `profile.wrong`"
    ]


def test_every_kind_of_line_end(tmp_path: Path) -> None:
    """Lines end with LF, CR LF or CR; other separators of Unicode don't end one."""
    text = 'offer_attributes: []\r\n# \u2028 \u0085\rplacements:\n- {id: "\u2028", chanel: x}\n'
    (tmp_path / "all.yaml").write_bytes(text.encode())
    assert [mistake.partition(": ")[0] for mistake in mistakes_in(tmp_path)] == [
        f"{tmp_path.name}/all.yaml:4:3",
        f"{tmp_path.name}/all.yaml:4:3",
        f"{tmp_path.name}/all.yaml:4:8",
        f"{tmp_path.name}/all.yaml:4:13",
    ]


def test_random_texts_are_placed_exactly() -> None:
    """For random texts in every style, each visible character is found where it is written."""
    seed = random_seed()
    rng = random.Random(seed)
    for _ in range(300):
        value = "".join(rng.choices("abå'\"\\\U0001f600  \n\t:#", k=rng.randint(1, 40)))
        style = rng.choice(["'", '"', "|", ">", None])
        source = yaml.dump(
            {"k": value}, default_style=style, width=20, allow_unicode=rng.random() < 0.5
        )
        text = Text("x.yaml", source)
        root = compose(text, Findings())
        assert isinstance(root, Mapping)
        node = root.pairs["k"][1]
        assert isinstance(node, Scalar)
        assert node.value == value
        raw = text.source[node.start : node.end]
        for offset, character in enumerate(value):
            if not character.isspace():
                index = index_inside(raw, node.style, value, offset)
                assert _reads_as(raw[index:], node.style, character), (raw, value, offset, index)


def _reads_as(written: str, style: str, character: str) -> bool:
    if style != '"':
        return written.startswith(character)
    return str(yaml.safe_load(f'"{_first(written)}"')) == character


def _first(written: str) -> str:
    found = re.match(r"\\(?:x..|u.{4}|U.{8}|.)|.", written)
    assert found is not None
    return found[0]


def test_a_second_wrong_item_keeps_its_place(tmp_path: Path) -> None:
    """What is wrong behind a part that was left out is placed as written."""
    text = """
        placements: [{id: web, channel: web, content_type: text}]
        offers:
        - id: sale
          representations:
          - {placement: web, txt: Hello}
          - {placement: web, text: 3}
          - {placement: wbe, text: Hello}
        """
    write(tmp_path, {"all.yaml": text})
    assert [
        mistake.removeprefix(f"{tmp_path.name}/all.yaml:") for mistake in mistakes_in(tmp_path)
    ] == [
        "5:22: a representation has no field `txt`: did you mean `text`?",
        "6:17: a second representation for `web` in the default language: first at "
        f"{tmp_path.name}/all.yaml:5:17",
        "6:28: `text` must be text: found the number `3`: put it in quotes",
        "7:17: unknown placement `wbe`: did you mean `web`?",
    ]
