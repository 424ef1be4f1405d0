"""Templates of pages that load nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

_PACKAGE: Final = "offerd.simulation"


def render(template: str, **values: Any) -> str:
    """Returns a page from a template of this package; what it lacks is an error."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["share"] = share
    return environment.get_template(template).render(**values)


def script_of(*names: str) -> Markup:
    """Returns files that lie beside the templates as one script, to stand in a page."""
    loader = PackageLoader(_PACKAGE)
    environment = Environment(autoescape=True)
    parts = (loader.get_source(environment, name)[0] for name in names)
    return Markup('"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n")  # noqa: S704 - our own


def fingerprint(script: str) -> str:
    """Returns how a content security policy names a script, so that it alone may run."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def share(part: int, whole: int) -> str:
    """Returns a part as a percentage of the whole; a dash if there is nothing."""
    if not whole:
        return "–"
    percentage = 100 * part / whole
    if 0 < percentage < 0.1:
        return "<0.1%"
    if 99.9 < percentage < 100:
        return ">99.9%"
    return f"{percentage:.1f}".removesuffix(".0") + "%"
