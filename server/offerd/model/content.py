"""What a representation shows: content, and the parts of it computed for each request."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ContentType(StrEnum):
    """What a placement shows and a representation holds."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    IMAGE_LINK = "image_link"
    REDIRECT = "redirect"
    KEY_VALUE = "key_value"


class Escape(StrEnum):
    """How a placeholder's value is written, so that it can't be taken for anything else."""

    NONE = "none"
    HTML = "html"
    URL = "url"
    HTML_URL = "html_url"


class Placeholder(msgspec.Struct, frozen=True, array_like=True):
    """A part of a template that is computed for each request.

    `rule` is the number of a rule over the customer, the moment and the offer; `default` is
    what stands there if its value is unknown or it fails, None only if neither can be.
    """

    rule: int
    escape: Escape
    default: object = None


class Template(msgspec.Struct, frozen=True, array_like=True):
    """A text within a content's body, with placeholders.

    `path` leads to it through the body's objects and lists; () is the body itself. With
    `whole` the only part is a placeholder and its value stands as it is, as JSON.
    """

    path: tuple[str | int, ...]
    parts: tuple[str | Placeholder, ...]
    whole: bool = False


class Content(msgspec.Struct, frozen=True, array_like=True):
    """One representation's content.

    `body` by type: str for text and html (the fragment), any JSON value for json, the URL
    for redirect, dict of str for key_value, and for image_link a dict with `url` and
    optionally `link_url` and `alternative_text`. `templates` are the texts within it that are
    computed for each request.
    """

    type: ContentType
    body: object
    templates: tuple[Template, ...] = ()
