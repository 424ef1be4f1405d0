"""What is told of content that can't be computed, and what of it is kept back."""

from __future__ import annotations

import pytest

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.content.render import Renderer
from offerd.decision.prepared import Prepared
from offerd.model.catalogue import Catalogue, Rule
from offerd.model.content import Content, ContentType, Escape, Placeholder, Template
from offerd.model.decision import DecisionContext, Options
from offerd.model.profile import ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.service.rendering import Customer

SCHEMA = Schema(profile=(Attribute("diagnosis", ValueType.STRING, labels=("RHD",)),))
SECRET = "HIV-positive"


def _warnings(expression: str, hidden: frozenset[str]) -> list[str]:
    environment = decision_environment(SCHEMA, ())
    checked = ex.compile_expression(expression, environment, expected=None)
    catalogue = Catalogue(
        SCHEMA, (Rule(checked.source, b""),), (), (), (), (), (), (), (), (), (), ()
    )  # fmt: skip
    prepared = Prepared(catalogue, ex.plan_many([checked], environment))
    template = Template((), ("Hi ", Placeholder(0, Escape.NONE, "?")))
    renderer = Renderer(Content(ContentType.TEXT, "", (template,)), prepared.rules)
    view = ProfileView(None, {"diagnosis": SECRET}, {}, {})
    customer = Customer(prepared, view, DecisionContext({}), 9, Options(hidden=hidden))
    assert customer.rendered(renderer, {"id": "offer"}, "web") == "Hi ?"
    return customer.diagnostics


@pytest.mark.parametrize(
    "expression",
    [
        "int(profile.diagnosis)",
        "timestamp(profile.diagnosis)",
        "duration(profile.diagnosis).getHours()",
        '{"a": 1}[profile.diagnosis]',
    ],
)
def test_hidden_values_are_not_quoted(expression: str) -> None:
    """What failed is named; the message, which quotes the value, only if it may be seen."""
    begin = f"content: `{expression}` failed and its default is shown: "
    (told,) = _warnings(expression, frozenset())
    assert told.startswith(begin)
    assert SECRET in told
    hidden = frozenset({"profile.diagnosis"})
    assert _warnings(expression, hidden) == [f"{begin}it depends on data that is hidden"]
    assert _warnings(expression, frozenset({"profile.other"})) == [told]
