"""The rule language beside other languages: rules as SQL, as CheckedExpr, and from PQL.

sql           a checked expression as a condition for a warehouse, with the same answer
checked_expr  a checked expression as cel.expr.CheckedExpr, for other implementations of CEL
pql           PQL text as an expression of ours

What can't be said in the other language is refused with a DialectError, never approximated.
"""

from offerd.dialects.error import DialectError

__all__ = ["DialectError"]
