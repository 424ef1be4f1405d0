"""Rules as cel.expr.CheckedExpr, which other implementations of CEL evaluate.

data = to_checked_expr(checked)                        # bytes, for cel-cpp, cel-go, ...
data = to_checked_expr(checked, Evaluator.BROWSER)     # for @bufbuild/cel's plan()
"""

from offerd.dialects.checked_expr.browser import Evaluator
from offerd.dialects.checked_expr.write import to_any, to_checked_expr

__all__ = ["Evaluator", "to_any", "to_checked_expr"]
