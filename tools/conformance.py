"""Runs the official conformance cases of the expression language.

The cases are in the npm package @bufbuild/cel-spec, fetched once and kept below .run. They go
through the code that `offerd eval` uses. Prints the rate by file and fails when a case that is in
scope does not pass. Out of scope, by name: whatever needs protobuf messages or enums, the blocks
that only optimizers write, network addresses, and functions declared by a case.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "server"))

from offerd.expression.evaluation import RequestError, evaluate_json, read_value  # noqa: E402
from offerd.expression.values import Uint, equals  # noqa: E402

PACKAGE = "@bufbuild/cel-spec"
VERSION = "0.6.1"
FOLDER = ROOT / ".run" / f"cel-spec-{VERSION}"

OTHER_FILES = {
    "block_ext": "blocks are written by optimizers, not by people",
    "dynamic": "protobuf messages",
    "enums": "protobuf enums",
    "network_ext": "network addresses",
    "proto2": "protobuf messages",
    "proto2_ext": "protobuf messages",
    "proto3": "protobuf messages",
    "wrappers": "protobuf messages",
}
OTHER_SECTIONS = {
    "type_deductions/legacy_nullable_types/": "null in place of a value, a legacy of protobuf",
}
CORE = {
    "basic", "comparisons", "conversions", "fields", "fp_math", "integer_math", "lists", "logic",
    "macros", "namespace", "parse", "plumbing", "string", "timestamps",
}  # fmt: skip
PRINT_CASES = """
import { tests } from "./package/dist/esm/testdata/conformance.js";
process.stdout.write(JSON.stringify(tests, (_, v) => (Object.is(v, -0) ? "-0" : v)));
"""
TYPES = {
    "BOOL": "bool", "INT64": "int", "UINT64": "uint", "DOUBLE": "double", "STRING": "string",
    "BYTES": "bytes", "TIMESTAMP": "timestamp", "DURATION": "duration",
}  # fmt: skip


class UnavailableError(Exception):
    """The cases cannot be had here, and why."""


class OutOfScopeError(Exception):
    """A case needs something that the language here does not have, named in the message."""


def fetch(kept: Path) -> Path:
    """The file of all cases as JSON, from the npm package unless it is in the folder already."""
    target = kept / "conformance.json"
    if target.exists():
        return target
    for program in ("npm", "node"):
        if shutil.which(program) is None:
            raise UnavailableError(f"`{program}` is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = f"{PACKAGE}@{VERSION}"
        _run(["npm", "pack", wanted, "--silent", "--pack-destination", name], folder)
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        (folder / "print.mjs").write_text(PRINT_CASES)
        text = _run(["node", "print.mjs"], folder)
    kept.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_text(text)
    part.rename(target)
    return target


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=300, check=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        reason = f"`{' '.join(command)}` failed: {detail.strip()}"
        raise UnavailableError(reason) from error
    return done.stdout


def cases(suite: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str, Any]]:
    """Every case as its file, its full name and what the suite says of it."""
    seen: Counter[str] = Counter()
    for test in suite.get("tests", ()):
        original = test["original"]
        name = "/".join((*path, original.get("name") or original["expr"]))
        seen[name] += 1
        yield path[0], name if seen[name] == 1 else f"{name}#{seen[name]}", original
    for inner in suite.get("suites", ()):
        yield from cases(inner, (*path, inner["name"]))


def request_of(file: str, name: str, case: dict[str, Any]) -> dict[str, Any]:
    """The case as a request; OutOfScopeError if it cannot be one."""
    if file in OTHER_FILES:
        raise OutOfScopeError(OTHER_FILES[file])
    for prefix, reason in OTHER_SECTIONS.items():
        if name.startswith(prefix):
            raise OutOfScopeError(reason)
    text = json.dumps(case)
    expression = case["expr"]
    messages = "TestAllTypes" in text or "cel.expr.conformance" in text
    if messages or ("google.protobuf" in expression and "{" in expression):
        raise OutOfScopeError("protobuf messages")
    declared = []
    for declaration in case.get("typeEnv", ()):
        if "ident" not in declaration:
            raise OutOfScopeError("functions declared by the case")
        type_ = type_of(declaration["ident"]["type"])
        declared.append({"name": declaration["name"], "ident": type_})
    bindings = case.get("bindings", {})
    return {
        "id": name,
        "expr": expression,
        "type_env": declared,
        "bindings": {key: value_of(bound["value"]) for key, bound in bindings.items()},
        "container": case.get("container", ""),
        "disable_check": case.get("disableCheck", False),
        "check_only": case.get("checkOnly", False),
    }


def type_of(written: dict[str, Any]) -> str:
    """A declared type as text."""
    ((kind, inner),) = written.items()
    match kind:
        case "primitive" | "wellKnown" if inner in TYPES:
            return TYPES[inner]
        case "listType":
            return f"list({type_of(inner['elemType'])})"
        case "mapType":
            return f"map({type_of(inner['keyType'])}, {type_of(inner['valueType'])})"
        case "abstractType" if inner["name"] == "optional_type":
            return f"optional({type_of(inner['parameterTypes'][0])})"
        case "dyn":
            return "dyn"
        case "null":
            return "null"
        case "messageType" if inner in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
            return str(inner).rpartition(".")[2].lower()
    raise OutOfScopeError(f"the type {json.dumps(written)}")


def value_of(written: dict[str, Any]) -> dict[str, Any]:
    """A value of the suite as one that a request may hold."""
    ((kind, inner),) = written.items()
    match kind:
        case "boolValue" | "stringValue" | "bytesValue" | "doubleValue" | "typeValue":
            return {kind.removesuffix("Value"): inner}
        case "int64Value" | "uint64Value":
            return {kind.removesuffix("64Value"): str(inner)}
        case "nullValue":
            return {"null": None}
        case "listValue":
            return {"list": [value_of(value) for value in inner.get("values", ())]}
        case "mapValue":
            entries = inner.get("entries", ())
            return {"map": [[value_of(e["key"]), value_of(e["value"])] for e in entries]}
        case "objectValue":
            type_ = inner["@type"].rpartition("/")[2]
            if type_ in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
                return {type_.rpartition(".")[2].lower(): inner["value"]}
    raise OutOfScopeError("protobuf messages")


def same(found: Any, wanted: Any) -> bool:
    """Whether two values are of one type and equal; NaN is the same as NaN, -0.0 not as 0.0."""
    if type(found) is not type(wanted):
        return False
    if isinstance(found, float):
        if math.isnan(found) or math.isnan(wanted):
            return math.isnan(found) and math.isnan(wanted)
        return found == wanted and math.copysign(1, found) == math.copysign(1, wanted)
    if isinstance(found, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(found, dict):
        same_keys = len(found) == len(wanted) and all(
            any(same(key, other) for other in wanted) for key in found
        )
        return same_keys and all(same(found[key], wanted[key]) for key in found)
    return found.value == wanted.value if isinstance(found, Uint) else equals(found, wanted)


def verdict(request: dict[str, Any], case: dict[str, Any]) -> str:
    """What is wrong with the outcome of a case; "" if nothing."""
    typed = case.get("typedResult", {})
    wanted_value = case.get("value", typed.get("result"))
    wanted = None if wanted_value is None else value_of(wanted_value)
    wanted_type = type_of(typed["deducedType"]) if "deducedType" in typed else None
    outcome = evaluate_json(request)
    if "evalError" in case or "anyEvalErrors" in case:
        failed = {"error", "issues", "unknown"} & outcome.keys()
        return "" if failed else f"found {outcome['value']}, expected an error"
    if wanted_type is not None and outcome.get("type") != wanted_type:
        return f"found type {outcome.get('type')}, expected {wanted_type}"
    if request["check_only"]:
        return ""
    wanted = {"bool": True} if wanted is None else wanted
    if "value" not in outcome or not same(read_value(outcome["value"]), read_value(wanted)):
        return f"found {outcome}, expected {wanted}"
    return ""


def run(path: Path, *, verbose: bool) -> int:
    """Runs every case, prints what came out, and returns how many failed."""
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    skipped: dict[str, Counter[str]] = {}
    failures: list[str] = []
    for file, name, case in cases(json.loads(path.read_text())):
        try:
            request = request_of(file, name, case)
            wrong = verdict(request, case)
        except OutOfScopeError as reason:
            skipped.setdefault(file, Counter())[str(reason)] += 1
            if verbose:
                print(f"out of scope: {name}: {reason}")
            continue
        except RequestError as error:
            wrong = f"the request was refused: {error}"
        total[file] += 1
        passed[file] += not wrong
        if wrong:
            failures.append(f"FAILED {name}: {case['expr']}\n  {wrong}")
    print("\n".join(failures))
    report(passed, total, skipped)
    return len(failures)


def report(passed: Counter[str], total: Counter[str], skipped: dict[str, Counter[str]]) -> None:
    """Prints the rate by file."""
    print(f"{'file':<16} {'passed':>6} {'cases':>6} {'rate':>7}  out of scope")
    for file in sorted({*total, *skipped}):
        rate = f"{100 * passed[file] / total[file]:.1f} %" if total[file] else "-"
        left = ", ".join(f"{n} {why}" for why, n in skipped.get(file, Counter()).items())
        print(f"{file:<16} {passed[file]:>6} {total[file]:>6} {rate:>7}  {left}".rstrip())
    for title, files in (("core", CORE & set(total)), ("all in scope", set(total))):
        good, every = (sum(counts[file] for file in files) for counts in (passed, total))
        print(f"{title:<16} {good:>6} {every:>6} {100 * good / every:6.1f} %")


def main() -> int:
    """The command line: 0 if every case in scope passed, 1 if not, 2 if there are no cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--if-available", action="store_true", help="succeed if the cases cannot be fetched"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="name every case that is out of scope"
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where the cases are kept (below .run)"
    )
    arguments = parser.parse_args()
    try:
        path = fetch(arguments.folder)
    except UnavailableError as error:
        print(f"the conformance cases are not available: {error}", file=sys.stderr)
        return 0 if arguments.if_available else 2
    return 1 if run(path, verbose=arguments.verbose) else 0


if __name__ == "__main__":
    sys.exit(main())
