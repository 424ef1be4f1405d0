"""A folder to import from and a state to import into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest

from offerd.events import FoldPlan
from offerd.imports import ImportReport, run_import
from offerd.model.catalogue import Catalogue
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    EventType,
    Namespace,
    NamespaceType,
    Normalization,
    Schema,
    ValueType,
)
from offerd.store import Durability, State

SCHEMA = Schema(
    namespaces=(
        Namespace("crm", NamespaceType.CROSS_DEVICE),
        Namespace("email", NamespaceType.EMAIL, Normalization.LOWERCASE),
        Namespace("browser", NamespaceType.COOKIE),
    ),
    profile=(
        Attribute("loyalty.tier", ValueType.STRING, values=("basic", "plus")),
        Attribute("loyalty.points", ValueType.INT),
        Attribute("loyalty.joined", ValueType.TIMESTAMP),
        Attribute("name", ValueType.STRING, person=True),
        Attribute("staff", ValueType.BOOL),
        Attribute("score", ValueType.DOUBLE),
        Attribute("goals", ValueType.LIST_STRING),
        Attribute("visits", ValueType.LIST_INT),
    ),
    events=(
        EventType(
            "purchase",
            (
                Attribute("category", ValueType.STRING),
                Attribute("amount", ValueType.DOUBLE),
                Attribute("quantity", ValueType.INT),
                Attribute("gift", ValueType.BOOL),
                Attribute("delivery", ValueType.TIMESTAMP),
            ),
        ),
        EventType("visit", (Attribute("store", ValueType.STRING),)),
    ),
    aggregates=(
        Aggregate("spend", ("purchase",), AggregateFunction.SUM, ValueType.DOUBLE, value="amount"),
    ),
)


class World:
    """Files in a folder, a mapping written beside them, and the state that they went into."""

    def __init__(self, folder: Path, state: State, catalogue: Catalogue) -> None:
        self.folder = folder
        self.state = state
        self.catalogue = catalogue

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def write_parquet(self, name: str, query: str) -> None:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"COPY ({query}) TO '{self.folder / name}' (FORMAT parquet)")

    def run(self, mapping: str, **options: Any) -> ImportReport:
        self.write("import.yaml", mapping)
        path = self.folder / "import.yaml"
        return run_import(path, self.state, self.catalogue, now_ns=1, **options)

    def attributes(self, identity: str, namespace: str = "crm") -> dict[str, Any] | None:
        record = self.state.profile(ProfileKey(namespace, identity))
        return None if record is None else record.attributes

    def events(self, identity: str, namespace: str = "crm") -> list[Event]:
        return self.state.events(ProfileKey(namespace, identity))

    def message(self, error: BaseException) -> str:
        """What an error says, without the folder that this test happens to use."""
        return str(error).replace(f"{self.folder}/", "")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty state for the schema above, and a folder to import from."""
    catalogue = Catalogue(SCHEMA, (), (), (), (), (), (), (), (), (), (), ())
    folder = tmp_path / "data"
    folder.mkdir()
    plan = FoldPlan.build(catalogue, [])
    with State.open(tmp_path / "state", plan, durability=Durability.RELAXED) as state:
        yield World(folder, state, catalogue)
