"""Content filled in for one request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from offerd.content.escaping import ESCAPES
from offerd.content.values import TEXTS, json_form
from offerd.errors import BundleError
from offerd.expression import Failure, Rule, Type, Unknown
from offerd.model.content import Content, Placeholder, Template

Evaluate: TypeAlias = Callable[[Rule], Any]
"""What a rule comes to in this request, for the offer whose content this is."""


class Fault(NamedTuple):
    """A placeholder that failed, so that its default stands there: its rule, and why."""

    rule: int
    message: str


class Rendered(NamedTuple):
    """A body of the content's type, filled in. `faults` are empty but for rules that failed."""

    body: Any
    faults: tuple[Fault, ...] = ()


class Renderer:
    """Fills in one content; made once, and used for any number of requests.

    `rules` are the planned rules by number. BundleError if the templates aren't ones that the
    compiler makes of such a body. Content without templates needs no renderer: it is its body.
    """

    __slots__ = ("_build",)

    def __init__(self, content: Content, rules: Sequence[Rule]) -> None:
        fills = [(t.path, _fill(t, content.body, rules)) for t in content.templates]
        self._build = _builder(content.body, fills)

    def render(self, evaluate: Evaluate) -> Rendered:
        """The body for one request.

        What is unknown, fails, or has no form that can be shown is replaced by its default;
        without one a text is empty and a JSON value null. Never raises, if `evaluate` doesn't.
        """
        faults: list[Fault] = []
        body = self._build(evaluate, faults)
        return Rendered(body, tuple(faults))


_Fill: TypeAlias = Callable[[Evaluate, list[Fault]], Any]


def _fill(template: Template, body: Any, rules: Sequence[Rule]) -> _Fill:
    """What fills in one text."""
    _require(isinstance(_at(body, template.path), str), "a template isn't for a text")
    if template.whole:
        part = template.parts[0] if len(template.parts) == 1 else ""
        if not isinstance(part, Placeholder):
            raise BundleError("a template of a whole value has other parts")
        return _value(part, _rule(part, rules), None, json_form)
    parts: list[str | _Fill] = []
    for part in template.parts:
        if isinstance(part, Placeholder):
            _require(isinstance(part.default, str | None), "a default in a text isn't text")
            parts.append(_value(part, _rule(part, rules), "", _text_form(part)))
        else:
            parts.append(part)
    return _joined(parts)


def _joined(parts: list[str | _Fill]) -> _Fill:
    computed = [(n, part) for n, part in enumerate(parts) if not isinstance(part, str)]
    literal = [part if isinstance(part, str) else "" for part in parts]

    def fill(evaluate: Evaluate, faults: list[Fault]) -> str:
        texts = literal.copy()
        for place, part in computed:
            texts[place] = part(evaluate, faults)
        return "".join(texts)

    return fill


def _text_form(placeholder: Placeholder) -> Callable[[Type], Callable[[Any], str] | None]:
    escape = ESCAPES[placeholder.escape]

    def form(type_: Type) -> Callable[[Any], str] | None:
        text = TEXTS.get(type_)
        return None if text is None else lambda value: escape(text(value))

    return form


def _value(
    placeholder: Placeholder,
    rule: Rule,
    empty: Any,
    form_of: Callable[[Type], Callable[[Any], Any] | None],
) -> _Fill:
    """What gives a placeholder's value in its final form, or its default."""
    form = form_of(rule.checked.type)
    if form is None:
        raise BundleError(f"a value of type `{rule.checked.type}` can't be shown")
    number = placeholder.rule
    default = empty if placeholder.default is None else placeholder.default

    def fill(evaluate: Evaluate, faults: list[Fault]) -> Any:
        value = evaluate(rule)
        if isinstance(value, Unknown):
            return default
        if isinstance(value, Failure):
            faults.append(Fault(number, value.message))
            return default
        try:
            return form(value)
        except _NO_FORM as error:
            faults.append(Fault(number, str(error)))
            return default

    return fill


_NO_FORM: Final = (ValueError, ArithmeticError)
"""A number that is none, an address that would lead elsewhere, an instant beyond all dates."""


def _rule(placeholder: Placeholder, rules: Sequence[Rule]) -> Rule:
    _require(0 <= placeholder.rule < len(rules), "a placeholder has no rule")
    return rules[placeholder.rule]


def _at(body: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        fits = isinstance(body, dict) and step in body
        fits = fits or (
            isinstance(body, list) and isinstance(step, int) and step in range(len(body))
        )
        _require(fits, "a template is for a part that isn't there")
        body = body[step]
    return body


def _require(fits: bool, message: str) -> None:
    if not fits:
        raise BundleError(message)


def _builder(body: Any, fills: Sequence[tuple[tuple[str | int, ...], _Fill]]) -> _Fill:
    """What copies the objects and lists that lead to templates, and fills those in."""
    if not fills:
        return lambda evaluate, faults: body
    if len(fills) == 1 and not fills[0][0]:
        return fills[0][1]
    inside: dict[str | int, list[tuple[tuple[str | int, ...], _Fill]]] = {}
    for path, fill in fills:
        _require(bool(path), "a template is within another")
        inside.setdefault(path[0], []).append((path[1:], fill))
    parts = [(step, _builder(body[step], below)) for step, below in inside.items()]

    def build(evaluate: Evaluate, faults: list[Fault]) -> Any:
        copy = body.copy()
        for step, part in parts:
            copy[step] = part(evaluate, faults)
        return copy

    return build
