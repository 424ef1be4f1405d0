"""Generates the Python code of proto/ into a folder, or checks that it is up to date there.

usage: python tools/generate.py [--check] FOLDER
"""

from __future__ import annotations

import filecmp
import sys
import tempfile
from pathlib import Path

import google.api.annotations_pb2 as annotations
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "proto"
PACKAGE = Path("offerd/v1")


def generate(folder: Path) -> None:
    """Writes messages for every proto, and stubs and servicers for every service."""
    sources = sorted((PROTOS / PACKAGE).glob("*.proto"))
    services = [source for source in sources if source.stem.endswith("_service")]
    _protoc([f"--python_out={folder}", f"--pyi_out={folder}"], sources)
    _protoc([f"--grpc_python_out={folder}"], services)


def drift(folder: Path) -> list[str]:
    """Returns the generated files of a folder that differ from what would be generated now."""
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        wanted = {path.name for path in (Path(fresh) / PACKAGE).glob("*_pb2*")}
        present = {path.name for path in (folder / PACKAGE).glob("*_pb2*")}
        _, changed, _ = filecmp.cmpfiles(
            Path(fresh) / PACKAGE, folder / PACKAGE, wanted & present, shallow=False
        )
        return sorted((wanted ^ present) | set(changed))


def _protoc(outputs: list[str], sources: list[Path]) -> None:
    # google/api/*.proto are shipped by googleapis-common-protos, beside its modules.
    includes = [
        PROTOS,
        Path(annotations.__file__).parents[2],
        Path(protoc.__file__).parent / "_proto",
    ]
    arguments = ["protoc", *(f"-I{path}" for path in includes), *outputs, *map(str, sources)]
    if protoc.main(arguments) != 0:
        raise SystemExit("generating failed")


def main(arguments: list[str]) -> None:
    """Does what the command line says; exits with a message if the check finds drift."""
    check = "--check" in arguments
    (folder,) = (Path(argument) for argument in arguments if argument != "--check")
    if not check:
        generate(folder)
        return
    changed = drift(folder)
    if changed:
        raise SystemExit(f"generated code has drifted, run `make generate`: {', '.join(changed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
