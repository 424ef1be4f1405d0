"""The comments of proto files, which the running code no longer has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

MESSAGES = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
ENUMS = FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER
SERVICES = FileDescriptorProto.SERVICE_FIELD_NUMBER
FIELDS = DescriptorProto.FIELD_FIELD_NUMBER
VALUES = EnumDescriptorProto.VALUE_FIELD_NUMBER
METHODS = ServiceDescriptorProto.METHOD_FIELD_NUMBER

Location = tuple[int, ...]


def read_comments(proto_folder: Path) -> Mapping[str, str]:
    """The comment before each element, by full name, as one paragraph of text.

    Needs grpcio-tools. Elements without a comment are left out.
    """
    comments: dict[str, str] = {}
    for file in _compile(proto_folder).file:
        names = dict(_names(file))
        for location in file.source_code_info.location:
            name = names.get(tuple(location.path))
            text = " ".join(location.leading_comments.split())
            if name is not None and text:
                comments[name] = text
    return comments


def _compile(proto_folder: Path) -> FileDescriptorSet:
    from grpc_tools import protoc  # type: ignore[import-untyped]

    files = sorted(str(path) for path in proto_folder.rglob("*.proto"))
    well_known = resources.files("grpc_tools") / "_proto"
    annotations = Path(annotations_pb2.__file__).parents[2]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "contract.binpb")
        status = protoc.main(
            [
                "protoc",
                f"-I{proto_folder}",
                f"-I{annotations}",
                f"-I{well_known}",
                "--include_source_info",
                f"--descriptor_set_out={output}",
                *files,
            ]
        )
        if status != 0:
            raise RuntimeError(f"the proto files in `{proto_folder}` do not compile")
        return FileDescriptorSet.FromString(output.read_bytes())


def _names(file: FileDescriptorProto) -> Iterator[tuple[Location, str]]:
    groups: tuple[tuple[int, Any, int, str], ...] = (
        (MESSAGES, file.message_type, FIELDS, "field"),
        (ENUMS, file.enum_type, VALUES, "value"),
        (SERVICES, file.service, METHODS, "method"),
    )
    for number, elements, part_number, parts in groups:
        for index, element in enumerate(elements):
            name = f"{file.package}.{element.name}"
            yield (number, index), name
            for part_index, part in enumerate(getattr(element, parts)):
                yield (number, index, part_number, part_index), f"{name}.{part.name}"
