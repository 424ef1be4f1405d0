"""How large a tree is, and how long it may take at worst."""

from __future__ import annotations

from offerd.expression.check.tree import Items, Macro, Node, children


def count_nodes(tree: Node) -> int:
    """The number of nodes of a tree."""
    count = 0
    pending = [tree]
    while pending:
        count += 1
        pending.extend(children(pending.pop()))
    return count


def cost(node: Node, assumed_list_size: int) -> int:
    """The worst-case number of nodes evaluated; bounded in depth by the limits of the parser."""
    if isinstance(node, Macro):
        body = sum(
            cost(part, assumed_list_size)
            for part in (node.condition, node.result)
            if part is not None
        )
        size = len(node.range.items) if isinstance(node.range, Items) else assumed_list_size
        return 1 + cost(node.range, assumed_list_size) + size * body
    return 1 + sum(cost(child, assumed_list_size) for child in children(node))
