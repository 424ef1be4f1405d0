"""What was read: scalars, sequences and mappings, each knowing where it is written."""

from __future__ import annotations

from typing import TypeAlias

from offerd.definitions.place import Path, Place
from offerd.definitions.reading.inside import index_inside
from offerd.definitions.reading.text import Text

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"


class Scalar:
    """One value. `start` and `end` are indexes of the text; `style` is how it is quoted."""

    __slots__ = ("end", "start", "style", "value")
    size = 1

    def __init__(
        self, value: bool | int | float | str | None, start: int, end: int, style: str
    ) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.style = style


class Sequence:
    """A list. `size` is the number of nodes in it, those under aliases counted each time."""

    __slots__ = ("items", "size", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.size = 1
        self.items: list[Node] = []


class Mapping:
    """A mapping, its keys distinct and in the order written."""

    __slots__ = ("pairs", "size", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.size = 1
        self.pairs: dict[str, tuple[Scalar, Node]] = {}


Node: TypeAlias = Scalar | Sequence | Mapping


def plain(node: Node) -> Plain:
    """The node as plain values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, (_, value) in node.pairs.items()}


class TreeOrigin:
    """A definition in a YAML or JSON file; paths start at `root`."""

    def __init__(self, text: Text, root: Node) -> None:
        self.text = text
        self.root = root

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of the value at the path, or of its key; of the nearest part that exists."""
        node, key = self._find(path)
        return self.text.place(key.start if of_key and key is not None else node.start)

    def place_in_text(self, path: Path, offset: int) -> Place:
        """The place of the character at an offset in the text that is the value at the path."""
        node, _ = self._find(path)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return self.text.place(node.start)
        raw = self.text.shown(self.text.source[node.start : node.end])
        return self.text.place(node.start + index_inside(raw, node.style, node.value, offset))

    def _find(self, path: Path) -> tuple[Node, Scalar | None]:
        node, key = self.root, None
        for part in path:
            if isinstance(node, Mapping) and part in node.pairs:
                key, node = node.pairs[str(part)]
            elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
                key, node = None, node.items[part]
            else:
                break
        return node, key
