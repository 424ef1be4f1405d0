"""Compiles and renders contents over a small schema, as definitions and the service do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from offerd.audience.environment import decision_environment
from offerd.content.compile import Compiled, compile_content
from offerd.content.given import given_names
from offerd.content.render import Rendered, Renderer
from offerd.expression import (
    Checked,
    ExpressionError,
    Issue,
    Rule,
    compile_expression,
    plan_many,
)
from offerd.model.content import Content, ContentType
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    Schema,
    ScoreModel,
    ValueType,
)

SCHEMA = Schema(
    profile=(
        Attribute("first_name", ValueType.STRING),
        Attribute("age", ValueType.INT),
        Attribute("vip", ValueType.BOOL),
        Attribute("balance", ValueType.DOUBLE),
        Attribute("since", ValueType.TIMESTAMP),
        Attribute("sports", ValueType.LIST_STRING),
    ),
    offer=(Attribute("name", ValueType.STRING), Attribute("price", ValueType.DOUBLE)),
    aggregates=(
        Aggregate("visits", (), AggregateFunction.COUNT, ValueType.INT),
        Aggregate("last", (), AggregateFunction.MAX, ValueType.DOUBLE),
        Aggregate("spent", (), AggregateFunction.SUM, ValueType.MAP_DOUBLE, group_by="category"),
    ),
    scores=(ScoreModel("yoga"),),
)
ENVIRONMENT = decision_environment(SCHEMA, ["vips"])
OFFER = {"id": "free-class", "priority": 3, "tags": ["class"], "price": 19.9}
GIVEN = given_names(SCHEMA, OFFER)


def check(source: str) -> Checked | Sequence[Issue]:
    """What definitions compile placeholders with."""
    try:
        return compile_expression(source, ENVIRONMENT, expected=None)
    except ExpressionError as error:
        return error.issues


def compiled(kind: ContentType, body: Any) -> tuple[Compiled, list[Rule]]:
    """A content and the rules that its templates read."""
    rules: list[Checked] = []

    def number(checked: Checked) -> int:
        rules.append(checked)
        return len(rules) - 1

    found = compile_content(kind, body, check, number, GIVEN)
    return found, plan_many(rules, ENVIRONMENT)


def content(kind: ContentType, body: Any) -> Content:
    """A content without mistakes."""
    found, _ = compiled(kind, body)
    assert found.content is not None, found.mistakes
    return found.content


def messages(kind: ContentType, body: Any) -> list[tuple[str, str]]:
    """The mistakes of a content: what is meant, and what is said of it."""
    found, _ = compiled(kind, body)
    assert (found.content is None) is bool(found.mistakes)
    return [(mistake.part, mistake.message) for mistake in found.mistakes]


class Rendering:
    """A content ready to be rendered for profiles."""

    def __init__(self, kind: ContentType, body: Any) -> None:
        found, rules = compiled(kind, body)
        assert found.content is not None, found.mistakes
        self.content = found.content
        self.renderer = Renderer(found.content, rules)

    def result(self, profile: Mapping[str, Any]) -> Rendered:
        """The body and what failed."""
        roots = (profile, {}, {"visits": 0, "spent": {}}, 0, {}, OFFER, {}, {})
        return self.renderer.render(lambda rule: rule.evaluate(*roots))

    def __call__(self, **profile: Any) -> Any:
        """The body for a customer with these attributes."""
        result = self.result(profile)
        assert result.faults == ()
        return result.body
