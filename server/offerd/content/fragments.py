"""What each placeholder of an HTML fragment stands in, found by parsing it as browsers do.

The fragment is parsed with a marker for each placeholder, and the marker looked for in the tree:
so all that HTML is, such as raw text, foreign elements, comments and repaired nesting, is the
parser's to know. A marker has a space and an equals sign in it, so that it comes apart where it
isn't in quotes. A value can stand in text, and in the quoted values of attributes that show text
or lead to an address; everywhere else it could become markup, code or a setting.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from justhtml import JustHTML

from offerd.content.addresses import fault_of_beginning
from offerd.model.content import Escape

_DOCUMENT: Final = re.compile(r"\s*<(?:!doctype|html)\b", re.IGNORECASE)
_UNTOUCHABLE: Final = frozenset(
    (
        *("applet", "base", "embed", "frame", "link", "meta", "object", "param", "script", "style"),
        *("animate", "animatemotion", "animatetransform", "set"),
    )
)
"""Elements whose attributes load, configure or change something."""

_RAW: Final = frozenset(
    ("iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "xmp")
)
"""Elements whose text isn't text for people, or not in every browser."""

_ADDRESSES: Final = frozenset(
    ("action", "background", "cite", "formaction", "href", "longdesc", "poster", "src")
) | {"xlink:href"}
_TEXTS: Final = frozenset(
    (
        *("abbr", "alt", "class", "colspan", "datetime", "dir", "for", "headers", "height", "id"),
        *("label", "lang", "max", "maxlength", "min", "optimum", "high", "low", "placeholder"),
        *("role", "rowspan", "size", "span", "start", "step", "summary", "tabindex", "title"),
        *("value", "width"),
    )
)
"""Attributes that show text, tell a number, or give a name to be found by."""

_PREFIXES: Final = ("aria-", "data-")
_CODE_PREFIXES: Final = ("data-bind", "data-hx-", "data-ng-", "data-on", "data-v-", "data-x-")
"""Attributes that well-known libraries run as code, or take requests and handlers from."""


class Place(NamedTuple):
    """What a value stands in: how it is escaped there, or else why it can't stand there."""

    escape: Escape
    fault: str | None = None


def places(literals: Sequence[str]) -> list[Place]:
    """Where each placeholder stands, of which there is one between any two literal texts."""
    if not any("<" in literal for literal in literals):
        return [Place(Escape.HTML)] * (len(literals) - 1)
    return _Search(literals).places()


class _Search:
    """Looks for the markers of one fragment."""

    def __init__(self, literals: Sequence[str]) -> None:
        whole = "".join(literals).lower()
        self._word = next(word for n in count() if (word := f"value{n}x") not in whole)
        self._literals = literals
        self._found: dict[int, set[Place]] = defaultdict(set)
        self._piece = re.compile(rf"{self._word}(\d+)a")

    def places(self) -> list[Place]:
        count_ = len(self._literals) - 1
        markers = [self._marker(number) for number in range(count_)]
        pairs = zip(self._literals, [*markers, ""], strict=True)
        text = "".join(part for pair in pairs for part in pair)
        # Without scripts the text of `noscript` is markup, and what follows may be other things.
        for scripting in (True, False) if "<noscript" in text.lower() else (True,):
            document = _DOCUMENT.match(text) is not None
            tree = JustHTML(
                text, sanitize=False, fragment=not document, scripting_enabled=scripting
            )
            for node, around in _nodes(tree.root):
                self._look_into(node, around)
        return [self._verdict(number) for number in range(count_)]

    def _marker(self, number: int) -> str:
        return f"{self._word}{number}a {self._word}{number}b=c"

    def _verdict(self, number: int) -> Place:
        found = self._found[number]
        if not found:
            return _fault(_NOWHERE)
        faults = [place.fault for place in found if place.fault is not None]
        if faults:
            return _fault(min(faults))
        # One that is found in several places, such as a repeated tag, must be the same in all.
        return found.pop() if len(found) == 1 else _fault(_NOWHERE)

    def _look_into(self, node: Any, around: tuple[str, ...]) -> None:
        if node.name == "#text":
            raw = next((name for name in around if name in _RAW), None)
            self._note(node.data, Place(Escape.HTML) if raw is None else _fault(_in_raw(raw)))
        elif node.name.startswith(("#", "!")):
            self._note(str(getattr(node, "data", "")), _fault(_IN_COMMENT))
        else:
            self._note(node.name, _fault(_NOWHERE))
            for name, value in (node.attrs or {}).items():
                self._note(name, _fault(_NOWHERE))
                self._note(value or "", _attribute(node.name, name, self._beginning(value or "")))

    def _beginning(self, value: str) -> str:
        return self._piece.split(value, maxsplit=1)[0]

    def _note(self, text: str, place: Place) -> None:
        for piece in self._piece.finditer(text):
            number = int(piece[1])
            if text.startswith(self._marker(number), piece.start()) or place.fault is not None:
                self._found[number].add(place)
            else:
                self._found[number].add(_fault(_UNQUOTED))


def _nodes(root: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """All nodes of a tree, each with the names of the elements around it."""
    pending: list[tuple[Any, tuple[str, ...]]] = [(root, ())]
    while pending:
        node, around = pending.pop()
        if not node.name.startswith("#document"):
            yield node, around
        inner = (*around, node.name.lower())
        pending.extend((child, inner) for child in node.children or ())
        content = getattr(node, "template_content", None)
        if content is not None:
            pending.append((content, inner))


def _attribute(element: str, name: str, beginning: str) -> Place:
    element, name = element.lower(), name.lower()
    if element in _UNTOUCHABLE:
        return _fault(f"a placeholder can't stand in the tag `<{element}>`")
    if name in _ADDRESSES:
        return Place(Escape.HTML_URL, fault_of_beginning(beginning))
    is_text = name.startswith(_PREFIXES) and not name.startswith(_CODE_PREFIXES)
    if name in _TEXTS or is_text:
        return Place(Escape.HTML)
    return _fault(f"a placeholder can't stand in the attribute `{name}`")


def _fault(message: str) -> Place:
    return Place(Escape.NONE, message)


def _in_raw(element: str) -> str:
    message = f"a placeholder can't stand inside `<{element}>`"
    if element == "script":
        message += ": put the value in an attribute such as `data-value` and read it from there"
    return message


_NOWHERE: Final = "a placeholder can stand in text and in quoted values of attributes only"
_IN_COMMENT: Final = "a placeholder can't stand in a comment"
_UNQUOTED: Final = 'an attribute with a placeholder must be in quotes, as in `title="..."`'
