"""`offerd rules sql`: audiences as queries of a warehouse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from offerd import expression as ex
from offerd.dialects.error import DialectError
from offerd.errors import DataError
from offerd.expression.check.nearest import suggestion
from offerd.model.catalogue import Catalogue

_TABLE: Final = re.compile(r"""(?:(?:[^\W\d][\w$]*|"[^"]+"|`[^`]+`)(?:\.(?!$)|$)){1,3}""")


class Layout(NamedTuple):
    """How the warehouse keeps records: see the options of the command."""

    dialect: str
    table: str
    times: str
    is_nested: bool
    now_ns: int | None


class Said(NamedTuple):
    """One audience: its SQL, or "" and the reason why there is none, with the place in a rule."""

    id: str
    name: str
    sql: str
    refusal: str = ""


def audiences_in_sql(
    catalogue: Catalogue, ids: Sequence[str], layout: Layout, *, only_condition: bool
) -> Iterator[Said]:
    """The audiences of these ids, or all of them, in the order of the definitions.

    DataError for an unknown id or dialect, for a table that is none, or if the library that writes
    SQL isn't installed.
    """
    try:
        from offerd.dialects.sql.names import dialect_names, is_dialect
    except ModuleNotFoundError:
        raise DataError("SQL needs `pip install 'offerd[warehouse]'`") from None
    known = [audience.id for audience in catalogue.audiences]
    for id_ in ids:
        if id_ not in known:
            raise DataError(f"unknown audience `{id_}`{suggestion(id_, known)}")
    dialect = layout.dialect.lower()
    if not is_dialect(dialect):
        names = dialect_names()
        hint = suggestion(layout.dialect, names) or f": expected one of {', '.join(names)}"
        raise DataError(f"unknown dialect of SQL `{layout.dialect}`{hint}")
    if _TABLE.fullmatch(layout.table) is None:
        raise DataError(f"`{layout.table}` is no name of a table, such as `crm.profiles`")
    rules = {
        audience.id: ex.decode(catalogue.rules[audience.rule].tree)
        for audience in catalogue.audiences
        if audience.rule is not None
    }
    for audience in catalogue.audiences:
        if ids and audience.id not in ids:
            continue
        if audience.rule is None:
            yield Said(audience.id, audience.name, "", "it has no rule: its members are loaded")
        else:
            yield _said(audience.id, audience.name, rules, layout, only_condition=only_condition)


def _said(
    id_: str, name: str, rules: dict[str, ex.Checked], layout: Layout, *, only_condition: bool
) -> Said:
    from offerd.dialects.sql import Times, flat_columns, nested_columns, to_count_sql, to_sql

    columns = nested_columns if layout.is_nested else flat_columns
    times = Times(layout.times)
    dialect = layout.dialect.lower()
    try:
        if only_condition:
            sql = to_sql(
                rules[id_], dialect, columns=columns, times=times, now_ns=layout.now_ns,
                audiences=rules,
            )  # fmt: skip
        else:
            sql = to_count_sql(
                rules[id_], layout.table, dialect, columns=columns, times=times,
                now_ns=layout.now_ns, audiences=rules,
            )  # fmt: skip
    except DialectError as error:
        return Said(id_, name, "", error.rendered())
    return Said(id_, name, sql)
