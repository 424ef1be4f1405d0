"""The fast form: straight-line Python that trusts the declared types and may raise.

Nothing from the tree is ever part of the generated text: constants, names, keys and functions are
parameters `c0`, `c1`... of the function around it, so trees of one shape share one text. Whatever
is evaluated lazily stays so: parts that need statements of their own go into an `if`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from offerd.expression.check.macro_forms import FORMS, MacroForm, Over
from offerd.expression.check.resolve import AT_RUN_TIME
from offerd.expression.check.size import (
    LIGHT_PARTS,
    is_light_loop,
    is_light_operation,
    needs_meter,
    own_steps_of_loop,
    takes_more_than_a_step,
)
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Conditional,
    Constant,
    Entries,
    Items,
    Local,
    Macro,
    Node,
    Operation,
    Presence,
    Reference,
    Stop,
    Variable,
)
from offerd.expression.check.types import BOOL, DYN, TYPE, Kind, Type
from offerd.expression.functions.maps import build_map
from offerd.expression.functions.table import FUNCTIONS, dispatcher
from offerd.expression.plan.meter import charge_of, charge_sorting, charged, metered_template
from offerd.expression.plan.native import native_template, native_values
from offerd.expression.values import EvaluationError, TypeName, boxer, unboxer

NESTING: Final = 12
"""After so many nested parts a part gets a line of its own; Python's parser has limits too."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A generated body: its lines, the text of its result, and the values of `c0`, `c1`...

    `metered` says whether it counts its steps, as `m`.
    """

    lines: tuple[str, ...]
    result: str
    constants: tuple[Any, ...]
    metered: bool


def generate(tree: Node, roots: Mapping[str, int], strings: dict[str, str]) -> Shape:
    """The fast form of a tree; `roots` gives the place of each positional argument.

    `strings` maps strings to themselves: a constant that is in it is taken from there, any other
    is added. Data whose keys are these very objects is looked up without comparing characters.
    """
    generator = _Generator(roots, strings, metered=False)
    result = generator.part(tree)
    is_light = generator.light and generator.parts <= LIGHT_PARTS
    if not is_light and needs_meter(tree):
        generator = _Generator(roots, strings, metered=True)
        result = generator.part(tree)
    lines, constants = tuple(generator.lines), tuple(generator.constants)
    return Shape(lines, result, constants, generator.metered)


class _Generator:
    def __init__(self, roots: Mapping[str, int], strings: dict[str, str], *, metered: bool) -> None:
        self.metered = metered
        self.roots = roots
        self.strings = strings
        self.constants: list[Any] = []
        self.lines: list[str] = []
        self.temporaries = 0
        self.nesting = 0
        self.loops = 0
        self.parts = 0
        self.light = True

    def constant(self, value: Any) -> str:
        if type(value) is str:
            value = self.strings.setdefault(value, value)
        self.constants.append(value)
        return f"c{len(self.constants) - 1}"

    def temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def root(self, name: str) -> str:
        return f"r{self.roots[name]}"

    def part(self, node: Node) -> str:
        """The text of a part, after the lines it needs have been added."""
        if self.nesting < NESTING:
            self.nesting += 1
            text = self.text(node)
            self.nesting -= 1
            return text
        nesting, self.nesting = self.nesting, 0
        text = self.text(node)
        self.nesting = nesting
        return self.assigned(text)

    def assigned(self, text: str) -> str:
        name = self.temporary()
        self.lines.append(f"{name} = {text}")
        return name

    def aside(self, node: Node, *, boolean: bool = False) -> tuple[str, list[str]]:
        """A part and its lines, kept apart because they run on a condition."""
        outer, self.lines = self.lines, []
        text = self.truth(node) if boolean else self.part(node)
        lines, self.lines = self.lines, outer
        return text, lines

    def block(self, opening: str, lines: list[str]) -> None:
        self.lines.append(opening)
        self.lines.extend(f" {line}" for line in lines)

    def truth(self, node: Node) -> str:
        text = self.part(node)
        return text if node.type is BOOL else f"truth({text})"

    def text(self, node: Node) -> str:
        self.parts += 1
        return _TEXTS[type(node)](self, node)

    def literal(self, node: Constant) -> str:
        return self.constant(TypeName(str(node.value)) if node.type is TYPE else node.value)

    def variable(self, node: Variable) -> str:
        return self.root(node.name)

    def local(self, node: Local) -> str:
        return f"v{int(node.slot)}"

    def attribute(self, node: Attribute) -> str:
        return f"{self.root(node.root)}[{self.constant(node.path)}]"

    def presence(self, node: Presence) -> str:
        return f"({self.constant(node.path)} in {self.root(node.root)})"

    def items(self, node: Items) -> str:
        return f"[{', '.join(map(self.part, node.items))}]"

    def stop(self, node: Stop) -> str:
        return "stop()"

    def reference(self, node: Reference) -> str:
        found = f"{self.root(node.lookup)}[{self.constant(node.name)}]"
        if node.type is not BOOL:
            return f"known({found})"
        name = self.temporary()
        return f"({name} if ({name} := {found}) is True or {name} is False else stop())"

    def operation(self, node: Operation) -> str:
        self.light = self.light and is_light_operation(node, in_loop=self.loops > 0)
        if node.overload == AT_RUN_TIME:
            return self.at_run_time(node)
        overload = FUNCTIONS[node.function].overloads[node.overload]
        values = native_values(node)
        if values is not None:
            return f"({self.part(node.arguments[0])} in {self.constant(values)})"
        if self.metered and takes_more_than_a_step(node):
            template = metered_template(node)
            if template:
                return template.format(*map(self.part, node.arguments))
            return self.apply(overload.implementation, node.arguments, node)
        last = node.arguments[-1] if node.arguments else None
        if overload.specialise is not None and isinstance(last, Constant):
            special = _specialised(overload.specialise, last.value)
            if special is not None:
                return self.apply(special, node.arguments[:-1])
        template = native_template(node) or overload.template
        if not template:
            return self.apply(overload.implementation, node.arguments)
        arguments = [self.part(argument) for argument in _operands(node, template)]
        name = self.temporary() if "{t}" in template else ""
        return template.format(*arguments, t=name)

    def apply(
        self,
        function: Callable[..., Any],
        arguments: tuple[Node, ...],
        charging: Node | None = None,
    ) -> str:
        """A call, which takes the steps of a node first if the whole counts them."""
        texts = [self.part(argument) for argument in arguments]
        charge = charge_of(charging) if self.metered and charging is not None else None
        if charge is not None:
            function = charged(charge, function)
            texts.insert(0, "m")
        return f"{self.constant(function)}({', '.join(texts)})"

    def at_run_time(self, node: Operation) -> str:
        call = self.apply(dispatcher(node.function), node.arguments, node)
        return f"{call}.value" if unboxer(node.type) is not None else call

    def chain(self, node: Chain) -> str:
        word, opening = ("and", "if {}:") if node.all else ("or", "if not {}:")
        texts = [self.truth(node.operands[0])]
        for operand in node.operands[1:]:
            text, lines = self.aside(operand, boolean=True)
            if lines:
                name = self.assigned(f" {word} ".join(texts))
                self.block(opening.format(name), [*lines, f"{name} = {text}"])
                texts = [name]
            else:
                texts.append(text)
        return texts[0] if len(texts) == 1 else f"({f' {word} '.join(texts)})"

    def conditional(self, node: Conditional) -> str:
        condition = self.truth(node.condition)
        yes, yes_lines = self.aside(node.yes)
        no, no_lines = self.aside(node.no)
        if not yes_lines and not no_lines:
            return f"({yes} if {condition} else {no})"
        name = self.temporary()
        self.block(f"if {condition}:", [*yes_lines, f"{name} = {yes}"])
        self.block("else:", [*no_lines, f"{name} = {no}"])
        return name

    def entries(self, node: Entries) -> str:
        keys = "".join(f"{self.part(key)}, " for key in node.keys)
        values = "".join(f"{self.part(value)}, " for value in node.values)
        return f"{self.constant(build_map)}(({keys}), ({values}))"

    def box(self, node: Box) -> str:
        self.light = False
        box = boxer(node.value.type, node.type)
        return self.part(node.value) if box is None else self.apply(box, (node.value,), node)

    def macro(self, node: Macro) -> str:
        form = FORMS[node.macro]
        self.light = self.light and is_light_loop(node, in_loop=self.loops > 0)
        if form.loops:
            return self.loop(node, form)
        if node.result is None:
            return "stop()"
        value, variable = self.part(node.range), f"v{int(node.slot)}"
        if form.over is Over.ANYTHING:
            self.lines.append(f"{variable} = {value}")
            # Assigned at once, because a later macro may use the variable's place again.
            return self.assigned(self.part(node.result))
        optional, name = self.assigned(value), self.temporary()
        result, lines = self.aside(node.result)
        present, absent = _OPTIONALS[node.macro]
        whole = present.format(optional=optional, value=variable, result=result)
        otherwise = absent.format(result=result)
        mapped = form.variables == 1
        if mapped:
            lines = [f"{variable} = {optional}.value", *lines]
        self.block(f"if {optional}.present:", [*(lines if mapped else ()), f"{name} = {whole}"])
        self.block("else:", [*(() if mapped else lines), f"{name} = {otherwise}"])
        return name

    def loop(self, node: Macro, form: MacroForm) -> str:
        range_ = self.part(node.range)
        if node.macro == "sort_by":
            range_ = self.assigned(range_)
        name = self.temporary()
        before, found, after = self.how(node)
        body: list[str] = []
        self.loops += 1
        if node.condition is None:
            opening = ""
        else:
            condition, body = self.aside(node.condition, boolean=True)
            opening = f"if not {condition}:" if before == "True" else f"if {condition}:"
        inner: list[str] = []
        variable = value = f"v{int(node.slot)}"
        if node.result is not None:
            value, inner = self.aside(node.result)
        self.loops -= 1
        inner.extend(line.format(name=name, value=value, key=variable) for line in found)
        self.lines.append(f"{name} = {before}")
        if opening:
            inner = [opening, *(f" {line}" for line in inner)]
        if form.variables == 2:
            variable = f"{variable}, v{int(node.slot) + 1}"
        entries = _entries(form, node.range.type)
        if self.metered:
            entries = entries.format(f"m.loop({{}}, {self.constant(own_steps_of_loop(node))})")
        self.block(f"for {variable} in {entries.format(range_)}:", [*body, *inner])
        return after.format(name=name, range=range_)

    def how(self, node: Macro) -> tuple[str, tuple[str, ...], str]:
        """What a loop starts with, does for what passes, and comes to."""
        mixed = _may_mix(node.type if node.macro == "transform_map_entry" else node.range.type)
        before, found, after = _MIXED[node.macro] if mixed else _LOOPS[node.macro]
        if self.metered and node.macro == "transform_map_entry":
            found = tuple(line.replace("{value}", "m.loop({value}, 1)") for line in found)
        if self.metered and node.macro == "sort_by":
            charging = f"{self.constant(charge_sorting)}(m, {{range}}, {{name}})"
            after = f"({charging} or {after})"
        return before, found, after


_TEXTS: Final[dict[type, Callable[[_Generator, Any], str]]] = {
    Operation: _Generator.operation,
    Constant: _Generator.literal,
    Variable: _Generator.variable,
    Local: _Generator.local,
    Attribute: _Generator.attribute,
    Presence: _Generator.presence,
    Reference: _Generator.reference,
    Chain: _Generator.chain,
    Conditional: _Generator.conditional,
    Items: _Generator.items,
    Entries: _Generator.entries,
    Macro: _Generator.macro,
    Box: _Generator.box,
    Stop: _Generator.stop,
}
"""How each sort of node is written."""


def _operands(node: Operation, template: str) -> tuple[Node, ...]:
    """The arguments of a template: with a third, it does the work of the first argument too."""
    if "{2}" in template:
        first = node.arguments[0]
        if isinstance(first, Operation):
            return (*first.arguments, *node.arguments[1:])
    return node.arguments


def _entries(form: MacroForm, type_: Type) -> str:
    """What a loop over a value of this type goes through."""
    if form.over is Over.ITEMS:
        return "{}" if type_.kind is Kind.LIST else "items({})"
    if type_.kind not in (Kind.LIST, Kind.MAP):
        return "iterable({})" if form.variables == 1 else "pairs({})"
    if form.variables == 1:
        return "{}"
    return "enumerate({})" if type_.kind is Kind.LIST else "{}.items()"


_LOOPS: Final = {
    "exists": ("False", ("{name} = True", "break"), "{name}"),
    "all": ("True", ("{name} = False", "break"), "{name}"),
    "exists_one": ("0", ("{name} += 1",), "({name} == 1)"),
    "filter": ("[]", ("{name}.append({value})",), "{name}"),
    "map": ("[]", ("{name}.append({value})",), "{name}"),
    "exists_entry": ("False", ("{name} = True", "break"), "{name}"),
    "all_entries": ("True", ("{name} = False", "break"), "{name}"),
    "exists_one_entry": ("0", ("{name} += 1",), "({name} == 1)"),
    "transform_list": ("[]", ("{name}.append({value})",), "{name}"),
    "transform_map": ("{}", ("{name}[{key}] = {value}",), "{name}"),
    "transform_map_entry": ("{}", ("merge({name}, {value})",), "{name}"),
    "sort_by": ("[]", ("{name}.append({value})",), "sort_by({range}, {name})"),
}
"""What a looping macro starts with, does for what passes, and comes to."""

_MIXED: Final = {
    **_LOOPS,
    "transform_map": ("[]", ("{name}.append(({key}, {value}))",), "from_entries({name})"),
    "transform_map_entry": ("[]", ("{name}.extend(entries_of({value}))",), "from_entries({name})"),
}
"""The same where a bool and a number may be keys of one map, which Python takes for one."""


def _may_mix(type_: Type) -> bool:
    return type_ is DYN or (type_.kind is Kind.MAP and type_.parameters[0] is DYN)


_OPTIONALS: Final = {
    "opt_map": ("Optional(True, {result})", "ABSENT"),
    "opt_flat_map": ("optional({result})", "ABSENT"),
    "or": ("{optional}", "optional({result})"),
    "or_value": ("{optional}.value", "{result}"),
}
"""What a macro on an optional comes to when there is a value, and when there is none."""


def _specialised(
    specialise: Callable[[Any], Callable[..., Any]], value: Any
) -> Callable[..., Any] | None:
    try:
        return specialise(value)
    except EvaluationError:
        return None
