"""What rules ask of places, which can be answered only where the places are."""

from __future__ import annotations

from offerd.dialects.error import CannotSay
from offerd.expression.check.tree import Attribute, Presence
from offerd.expression.narration.parts import told_name

_PLACES = "places"


def require_no_question(node: Attribute | Presence) -> None:
    """Raises CannotSay for what is asked of places, or counted of visits to them."""
    if node.root == _PLACES or "(" in node.path:
        name = told_name(f"{node.root}.{node.path}")
        raise CannotSay(f"`{name}` is asked of places, which only offerd has with their fences")
