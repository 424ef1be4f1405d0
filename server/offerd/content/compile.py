"""Content as written to content as stored: placeholders found, checked and given their escapes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, NamedTuple

from offerd.content.addresses import fault_of_beginning
from offerd.content.escaping import ESCAPES
from offerd.content.fragments import Place, places
from offerd.content.holes import Check, Compiler, Computed, Fixed
from offerd.content.mistakes import Flaw, Mistake, Path
from offerd.content.syntax import OPENING, Hole, split
from offerd.expression import Checked
from offerd.model.content import Content, ContentType, Escape, Placeholder, Template


class Compiled(NamedTuple):
    """What became of a content; it is None if, and only if, there are mistakes."""

    content: Content | None
    mistakes: tuple[Mistake, ...] = ()


def compile_content(
    kind: ContentType,
    body: Any,
    check: Check,
    number: Callable[[Checked], int],
    given: Collection[str] = frozenset(),
) -> Compiled:
    """The content with this body, all its placeholders checked.

    `check` compiles an expression over the decision's environment, whatever its type, or gives
    what is wrong with it; `number` gives the number of the rule that a checked expression becomes,
    and isn't asked while there are mistakes. `given` are the full names of attributes that always
    have a value where this content is shown, such as `offer.id`.

    Mistakes lie in texts of the body: a mistake's place in a file is that of the character at
    `mistake.offset` of the text at `mistake.path`. Two contents with equal bodies may differ in
    their templates, as `{{ "{{" }}` becomes `{{` in the body.
    """
    drafts: list[_Draft] = []
    mistakes: list[Mistake] = []
    compiler = Compiler(check, given)
    for path, text in _texts(body, ()):
        flaws: list[Flaw] = []
        draft = _draft(kind, path, text, compiler, flaws)
        if draft is not None:
            drafts.append(draft)
        mistakes.extend(_mistake(path, text, flaw) for flaw in flaws)
    mistakes.extend(_names_with_placeholders(body, ()))
    if mistakes:
        return Compiled(None, tuple(mistakes))
    templates = []
    for draft in drafts:
        if any(isinstance(part, _Computed) for part in draft.parts):
            templates.append(_template(draft, number))
        else:
            fixed = draft.parts[0] if draft.whole else "".join(map(str, draft.parts))
            body = _replaced(body, draft.path, fixed)
    return Compiled(Content(kind, body, tuple(templates)))


class _Computed(NamedTuple):
    """A placeholder with what it stands in."""

    checked: Checked
    escape: Escape
    default: Any


class _Draft(NamedTuple):
    """A text with placeholders, before its rules have numbers.

    Literal parts are escaped already; with `whole` the only part is a placeholder or any JSON.
    """

    path: Path
    parts: tuple[Any, ...]
    whole: bool


def _texts(body: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The texts within a body that have placeholders."""
    if isinstance(body, str):
        if OPENING in body:
            yield path, body
    elif isinstance(body, dict):
        for name, value in body.items():
            yield from _texts(value, (*path, name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from _texts(value, (*path, index))


def _names_with_placeholders(body: Any, path: Path) -> Iterator[Mistake]:
    if isinstance(body, dict):
        for name, value in body.items():
            if OPENING in name:
                message = "a placeholder can't stand in a name, only in a value"
                yield Mistake((*path, name), 0, 1, message, name)
            yield from _names_with_placeholders(value, (*path, name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from _names_with_placeholders(value, (*path, index))


def _mistake(path: Path, text: str, flaw: Flaw) -> Mistake:
    part = text[flaw.offset : flaw.offset + flaw.length]
    return Mistake(path, flaw.offset, flaw.length, flaw.message, part)


def _draft(
    kind: ContentType, path: Path, text: str, compiler: Compiler, flaws: list[Flaw]
) -> _Draft | None:
    """The parts of a text, or None if it has mistakes, which are added to the flaws."""
    parts, found = split(text)
    flaws.extend(found)
    if found:
        return None
    parts = [_braces(part) or part for part in parts]
    holes = [part for part in parts if isinstance(part, Hole)]
    whole = kind is ContentType.JSON and len(parts) == len(holes) == 1
    shown = [compiler.compile(hole, flaws, whole=whole) for hole in holes]
    stands = _places(kind, path, parts)
    for hole, place in zip(holes, stands, strict=True):
        if place.fault is not None:
            flaws.append(Flaw(hole.start, hole.end - hole.start, place.fault))
    if flaws:
        return None
    filled = iter(zip(holes, shown, stands, strict=True))
    made = [
        _filled(*next(filled), flaws, whole=whole) if isinstance(part, Hole) else part
        for part in parts
    ]
    return None if flaws else _Draft(path, tuple(made), whole)


_BRACES: Final = {f"{quote}{braces}{quote}": braces for quote in "\"'" for braces in ("{{", "}}")}


def _braces(part: str | Hole) -> str | None:
    """Two braces written as a placeholder are literal text, wherever they stand."""
    if isinstance(part, Hole) and part.default is None:
        return _BRACES.get(part.expression.text)
    return None


def _places(kind: ContentType, path: Path, parts: list[str | Hole]) -> list[Place]:
    """What each placeholder of a text stands in."""
    literals = [""]
    for part in parts:
        if isinstance(part, Hole):
            literals.append("")
        else:
            literals[-1] += part
    count = len(literals) - 1
    if kind is ContentType.HTML:
        return places(literals)
    if (kind, path) in _ADDRESSES:
        return [Place(Escape.URL, fault_of_beginning(literals[0]))] * count
    return [Place(Escape.NONE)] * count


_ADDRESSES: Final = {
    (ContentType.REDIRECT, ()),
    (ContentType.IMAGE_LINK, ("url",)),
    (ContentType.IMAGE_LINK, ("link_url",)),
}


def _filled(
    hole: Hole,
    shown: Fixed | Computed | None,
    place: Place,
    flaws: list[Flaw],
    *,
    whole: bool,
) -> Any:
    """What stands for a placeholder: a text or, with `whole`, any JSON; or what computes it."""
    escaped = (lambda value: value) if whole else ESCAPES[place.escape]
    try:
        if isinstance(shown, Computed):
            default = escaped(shown.default) if shown.has_default else None
            return _Computed(shown.checked, place.escape, default)
        return None if shown is None else escaped(shown.value)
    except ValueError as error:
        flaws.append(Flaw(hole.start, hole.end - hole.start, str(error)))
        return None


def _template(draft: _Draft, number: Callable[[Checked], int]) -> Template:
    parts: list[str | Placeholder] = []
    for part in draft.parts:
        if isinstance(part, _Computed):
            parts.append(Placeholder(number(part.checked), part.escape, part.default))
        elif parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return Template(draft.path, tuple(parts), draft.whole)


def _replaced(body: Any, path: Path, value: Any) -> Any:
    """The body with another value at the path; the given one is left as it is."""
    if not path:
        return value
    copy = body.copy()
    copy[path[0]] = _replaced(body[path[0]], path[1:], value)
    return copy
