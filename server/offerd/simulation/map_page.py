"""A map of places as one HTML page, that loads nothing and runs its own script alone."""

from __future__ import annotations

from typing import Final

import msgspec
from markupsafe import Markup

from offerd.simulation.places_map import PlacesMap
from offerd.simulation.rendering import fingerprint, render, script_of

_SCRIPTS: Final = ("map_view.js", "map_fences.js", "map_drawing.js", "map_panel.js")


def map_page(drawn: PlacesMap) -> str:
    """Returns a map as a page."""
    script = script_of(*_SCRIPTS)
    return render(
        "map.html.jinja",
        map=drawn,
        data=_embedded(drawn),
        script=script,
        fingerprint=fingerprint(script),
    )


def _embedded(drawn: PlacesMap) -> Markup:
    """Returns data as JSON that can't end the element in which it stands."""
    text = msgspec.json.encode(drawn).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - no markup can be in it
