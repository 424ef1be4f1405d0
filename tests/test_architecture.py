"""Who may know whom: the table of docs/architecture.md, checked on the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    "offerd": ROOT / "server/offerd",
    "offerd_client": ROOT / "clients/python/offerd_client",
    "offerd_gateway": ROOT / "clients/gateway/offerd_gateway",
}

ALLOWED = {
    "offerd.errors": set(),
    "offerd.v1": set(),
    "offerd.model": {"offerd.errors"},
    "offerd.expression": set(),
    "offerd.audience": {"offerd.errors", "offerd.model", "offerd.expression"},
    "offerd.admission": {"offerd.errors", "offerd.model"},
    "offerd.places": {"offerd.errors", "offerd.model"},
    "offerd.decision": {
        "offerd.errors",
        "offerd.model",
        "offerd.places",
        "offerd.expression",
        "offerd.audience",
        "offerd.admission",
    },
    "offerd.events": {"offerd.errors", "offerd.model", "offerd.expression", "offerd.places"},
    "offerd.content": {"offerd.errors", "offerd.model", "offerd.expression"},
    "offerd.customer": {
        "offerd.errors",
        "offerd.model",
        "offerd.expression",
        "offerd.audience",
        "offerd.admission",
        "offerd.events",
        "offerd.places",
    },
    "offerd.definitions": {
        "offerd.errors",
        "offerd.content",
        "offerd.model",
        "offerd.expression",
        "offerd.audience",
        "offerd.admission",
        "offerd.places",
    },
    "offerd.bundle": {
        "offerd.errors",
        "offerd.content",
        "offerd.model",
        "offerd.expression",
        "offerd.audience",
        "offerd.decision",
        "offerd.places",
    },
    "offerd.releases": {"offerd.errors", "offerd.model", "offerd.bundle"},
    "offerd.store": {
        "offerd.errors",
        "offerd.model",
        "offerd.events",
        "offerd.customer",
        "offerd.places",
    },
    "offerd.replay": {
        "offerd.errors",
        "offerd.customer",
        "offerd.model",
        "offerd.decision",
        "offerd.places",
    },
    "offerd.imports": {
        "offerd.errors",
        "offerd.customer",
        "offerd.model",
        "offerd.admission",
        "offerd.definitions",
        "offerd.events",
        "offerd.store",
    },
    "offerd.simulation": {
        "offerd.errors",
        "offerd.customer",
        "offerd.model",
        "offerd.admission",
        "offerd.audience",
        "offerd.expression",
        "offerd.decision",
        "offerd.bundle",
        "offerd.places",
    },
    "offerd.dialects": {"offerd.errors", "offerd.model", "offerd.expression", "offerd.audience"},
    "offerd.service": {
        "offerd.errors",
        "offerd.content",
        "offerd.customer",
        "offerd.model",
        "offerd.expression",
        "offerd.admission",
        "offerd.audience",
        "offerd.decision",
        "offerd.events",
        "offerd.bundle",
        "offerd.replay",
        "offerd.store",
        "offerd.v1",
        "offerd.places",
    },
    "offerd_client": {"offerd.errors", "offerd.v1"},
    "offerd_gateway": {"offerd.errors", "offerd.v1", "offerd_client"},
    "offerd.app": {
        "offerd",
        "offerd.errors",
        "offerd.admission",
        "offerd.audience",
        "offerd.bundle",
        "offerd.customer",
        "offerd.decision",
        "offerd.definitions",
        "offerd.dialects",
        "offerd.events",
        "offerd.expression",
        "offerd.imports",
        "offerd.model",
        "offerd.releases",
        "offerd.replay",
        "offerd.service",
        "offerd.simulation",
        "offerd.store",
        "offerd_client",
        "offerd_gateway",
        "offerd.places",
    },
    "offerd": set(),
}
"""What each package may import of the others. Packages not named here may not exist."""

PURE = (
    "model", "expression", "audience", "admission", "decision", "events", "content",
    "customer", "replay", "places",
)  # fmt: skip
IMPURE_MODULES = {
    "asyncio", "click", "google", "grpc", "io", "lmdb", "logging", "multiprocessing", "os",
    "pathlib", "random", "secrets", "socket", "structlog", "subprocess", "sys", "tempfile",
    "threading", "time", "uuid",
}  # fmt: skip
IMPURE_CALLS = {"now", "today", "utcnow", "open", "print", "input"}
ONLY_HERE = {
    "lmdb": ("offerd.bundle", "offerd.store"),
    "structlog": ("offerd.service", "offerd.app"),
    "yaml": ("offerd.definitions", "offerd.imports"),
    "pydantic": ("offerd.definitions", "offerd.imports"),
    "duckdb": ("offerd.imports",),
    "sqlglot": ("offerd.dialects",),
    "jinja2": ("offerd.simulation",),
    "pygal": ("offerd.simulation",),
    "justhtml": ("offerd.content",),
    "click": ("offerd.app", "offerd_gateway"),
    "uvicorn": ("offerd_gateway",),
    "pygrpc_native": ("offerd.service",),
    "grpc": ("offerd.service", "offerd.app", "offerd_client", "offerd_gateway"),
}
"""Libraries that only these packages know."""

LONGEST_FILE = 400


def _files() -> Iterator[tuple[str, Path]]:
    for package, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[0] == "v1":
                continue
            name = ".".join((package, *(part for part in parts if part != "__init__")))
            yield name, path


FILES = list(_files())


def _owner(module: str) -> str | None:
    """The entry of the table that a module belongs to: the longest that begins it."""
    parts = module.split(".")
    for length in (2, 1):
        name = ".".join(parts[:length])
        if name in ALLOWED:
            return name
    return None


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            if node.module == "offerd":
                yield from (f"offerd.{a.name}" for a in node.names if not a.name.startswith("_"))


@pytest.mark.parametrize(("name", "path"), FILES, ids=[name for name, _ in FILES])
def test_imports_go_down_only(name: str, path: Path) -> None:
    """A module imports only the packages that the table allows its package."""
    owner = _owner(name)
    assert owner is not None, f"{name} belongs to no package of the table"
    for imported in _imports(ast.parse(path.read_text())):
        target = _owner(imported)
        if target in (None, owner) or imported in ("offerd", name):
            continue
        assert target in ALLOWED[owner], f"{name} imports {imported}"


@pytest.mark.parametrize(("name", "path"), FILES, ids=[name for name, _ in FILES])
def test_pure_packages_stay_pure(name: str, path: Path) -> None:
    """What decides knows no transport, storage, clock, randomness or environment."""
    if name.split(".")[1:2] and name.split(".")[1] in PURE and name.startswith("offerd."):
        tree = ast.parse(path.read_text())
        for imported in _imports(tree):
            assert imported.split(".")[0] not in IMPURE_MODULES, f"{name} imports {imported}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Name):
                    assert called.id not in IMPURE_CALLS, f"{name} calls {called.id}"
                if (
                    isinstance(called, ast.Attribute)
                    and isinstance(called.value, ast.Name)
                    and called.value.id in ("datetime", "date")
                ):
                    assert called.attr not in IMPURE_CALLS, f"{name} reads the clock"


@pytest.mark.parametrize(("name", "path"), FILES, ids=[name for name, _ in FILES])
def test_libraries_have_their_place(name: str, path: Path) -> None:
    """Each library is known only where the table says, so that it can be replaced there."""
    for imported in _imports(ast.parse(path.read_text())):
        places = ONLY_HERE.get(imported.split(".")[0])
        assert places is None or _owner(name) in places, f"{name} imports {imported}"


@pytest.mark.parametrize(("name", "path"), FILES, ids=[name for name, _ in FILES])
def test_files_are_short(name: str, path: Path) -> None:
    """No file outgrows what one idea needs."""
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


def test_only_config_and_command_line_know_the_environment() -> None:
    """No module reads environment variables by itself: click does, in the command lines."""
    for name, path in FILES:
        text = path.read_text()
        assert "os.environ" not in text, name
        assert "getenv" not in text, name


def test_wire_types_are_known_to_doors_only() -> None:
    """Generated messages are known to the service's own modules and the clients, nowhere else."""
    for name, path in FILES:
        knows = any(i.startswith("offerd.v1") for i in _imports(ast.parse(path.read_text())))
        if knows:
            assert _owner(name) in ("offerd.service", "offerd_client", "offerd_gateway"), name


def test_no_module_imports_itself_through_others() -> None:
    """The import graph has no cycle."""
    modules = {name for name, _ in FILES}
    graph: dict[str, set[str]] = {}
    for name, path in FILES:
        targets: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    targets.add(full if full in modules else node.module)
            elif isinstance(node, ast.Import):
                targets.update(alias.name for alias in node.names)
        graph[name] = (targets & modules) - {name}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module in done:
            return
        for target in sorted(graph[module]):
            visit(target, (*path, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())
