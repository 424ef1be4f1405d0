"""The rule language: expressions are compiled once, stored as data, and run as generated Python.

checked = compile_expression(source, environment)   # every mistake at once, or a checked tree
data = encode(checked)                              # what a bundle stores
rule = plan(decode(data), environment)              # at load
rule.evaluate(profile, context, audience) is True   # per request; never raises
"""

from offerd.expression.check.context import Checking
from offerd.expression.check.declarations import (
    Answer,
    AnsweringRecord,
    Attribute,
    Environment,
    Lookup,
    Misasked,
    Question,
    Record,
)
from offerd.expression.check.tree import Checked, References
from offerd.expression.check.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
    Type,
    list_of,
    map_of,
    optional_of,
    parse_type,
)
from offerd.expression.compile import compile_expression
from offerd.expression.encode import DecodeError, decode, encode
from offerd.expression.evaluation import RequestError, evaluate_json
from offerd.expression.explain import Explanation, explain
from offerd.expression.issues import ExpressionError, Issue, Position, render_issue
from offerd.expression.limits import DEFAULT_LIMITS, Limits
from offerd.expression.plan.rule import PlanError, Rule, plan, plan_many, prepare
from offerd.expression.reference import Entry, reference
from offerd.expression.values import Duration, Failure, Optional, Timestamp, TypeName, Uint, Unknown
from offerd.expression.withheld import WithheldRecord

__all__ = [
    "BOOL",
    "BYTES",
    "DEFAULT_LIMITS",
    "DOUBLE",
    "DURATION",
    "DYN",
    "INT",
    "NULL",
    "STRING",
    "TIMESTAMP",
    "TYPE",
    "UINT",
    "Answer",
    "AnsweringRecord",
    "Attribute",
    "Checked",
    "Checking",
    "DecodeError",
    "Duration",
    "Entry",
    "Environment",
    "Explanation",
    "ExpressionError",
    "Failure",
    "Issue",
    "Limits",
    "Lookup",
    "Misasked",
    "Optional",
    "PlanError",
    "Position",
    "Question",
    "Record",
    "References",
    "RequestError",
    "Rule",
    "Timestamp",
    "Type",
    "TypeName",
    "Uint",
    "Unknown",
    "WithheldRecord",
    "compile_expression",
    "decode",
    "encode",
    "evaluate_json",
    "explain",
    "list_of",
    "map_of",
    "optional_of",
    "parse_type",
    "plan",
    "plan_many",
    "prepare",
    "reference",
    "render_issue",
]
