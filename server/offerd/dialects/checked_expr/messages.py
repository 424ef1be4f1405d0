"""The messages of cel.expr, built without generated code.

A generated package would be called `cel`, as other distributions' are. Names and numbers of the
fields are those of cel/expr/syntax.proto and checked.proto in cel-spec, which is published under
the Apache License 2.0; what an export doesn't write is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE: Final = "cel.expr"
_MESSAGES: Final = {
    "Constant": """
        null_value 1 NullValue @constant_kind
        bool_value 2 bool @constant_kind
        int64_value 3 int64 @constant_kind
        uint64_value 4 uint64 @constant_kind
        double_value 5 double @constant_kind
        string_value 6 string @constant_kind
        bytes_value 7 bytes @constant_kind
    """,
    "Expr": """
        id 2 int64
        const_expr 3 Constant @expr_kind
        ident_expr 4 Expr.Ident @expr_kind
        select_expr 5 Expr.Select @expr_kind
        call_expr 6 Expr.Call @expr_kind
        list_expr 7 Expr.CreateList @expr_kind
        struct_expr 8 Expr.CreateStruct @expr_kind
        comprehension_expr 9 Expr.Comprehension @expr_kind
    """,
    "Expr.Ident": "name 1 string",
    "Expr.Select": "operand 1 Expr\n field 2 string\n test_only 3 bool",
    "Expr.Call": "target 1 Expr\n function 2 string\n args 3 *Expr",
    "Expr.CreateList": "elements 1 *Expr",
    "Expr.CreateStruct": "message_name 1 string\n entries 2 *Expr.CreateStruct.Entry",
    "Expr.CreateStruct.Entry": """
        id 1 int64
        field_key 2 string @key_kind
        map_key 3 Expr @key_kind
        value 4 Expr
    """,
    "Expr.Comprehension": """
        iter_var 1 string
        iter_var2 8 string
        iter_range 2 Expr
        accu_var 3 string
        accu_init 4 Expr
        loop_condition 5 Expr
        loop_step 6 Expr
        result 7 Expr
    """,
    "SourceInfo": """
        syntax_version 1 string
        location 2 string
        line_offsets 3 *int32
        positions 4 *SourceInfo.PositionsEntry
    """,
    "SourceInfo.PositionsEntry": "key 1 int64\n value 2 int32",
    "Reference": "name 1 string\n overload_id 3 *string\n value 4 Constant",
    "Type": """
        dyn 1 Empty @type_kind
        null 2 NullValue @type_kind
        primitive 3 PrimitiveType @type_kind
        well_known 5 WellKnownType @type_kind
        list_type 6 Type.ListType @type_kind
        map_type 7 Type.MapType @type_kind
        type 11 Type @type_kind
    """,
    "Type.ListType": "elem_type 1 Type",
    "Type.MapType": "key_type 1 Type\n value_type 2 Type",
    "CheckedExpr": """
        reference_map 2 *CheckedExpr.ReferenceMapEntry
        type_map 3 *CheckedExpr.TypeMapEntry
        expr 4 Expr
        source_info 5 SourceInfo
        expr_version 6 string
    """,
    "CheckedExpr.ReferenceMapEntry": "key 1 int64\n value 2 Reference",
    "CheckedExpr.TypeMapEntry": "key 1 int64\n value 2 Type",
}
_ENUMS: Final = {
    "PrimitiveType": ("UNSPECIFIED", "BOOL", "INT64", "UINT64", "DOUBLE", "STRING", "BYTES"),
    "WellKnownType": ("UNSPECIFIED", "ANY", "TIMESTAMP", "DURATION"),
}
_OUTSIDE: Final = {
    "Empty": (FieldDescriptorProto.TYPE_MESSAGE, ".google.protobuf.Empty"),
    "NullValue": (FieldDescriptorProto.TYPE_ENUM, ".google.protobuf.NullValue"),
    **{name: (FieldDescriptorProto.TYPE_ENUM, f".{_PACKAGE}.Type.{name}") for name in _ENUMS},
}
_SCALARS: Final = {
    name: getattr(FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("bool", "int32", "int64", "uint64", "double", "string", "bytes")
}
_FIELD: Final = re.compile(r"(\w+) (\d+) (\*?)([\w.]+)(?: @(\w+))?")


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="offerd/cel_expr.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.extend(("google/protobuf/empty.proto", "google/protobuf/struct.proto"))
    made: dict[str, DescriptorProto] = {}
    for name in sorted(_MESSAGES, key=lambda name: name.count(".")):
        outer, _, own = name.rpartition(".")
        message = made[outer].nested_type.add() if outer else file.message_type.add()
        message.name = own
        message.options.map_entry = own in _MAP_ENTRIES
        made[name] = message
        _add_fields(message, name)
    for name, values in _ENUMS.items():
        enum = made["Type"].enum_type.add(name=name)
        prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()
        for number, value in enumerate(values):
            label = f"{prefix}_{value}" if number == 0 else value
            enum.value.add(name=label, number=number)
    return file


_MAP_ENTRIES: Final = frozenset(("PositionsEntry", "ReferenceMapEntry", "TypeMapEntry"))


def _add_fields(message: DescriptorProto, full_name: str) -> None:
    oneofs: list[str] = []
    for name, number, repeated, type_, oneof in _FIELD.findall(_MESSAGES[full_name]):
        field = message.field.add(name=name, number=int(number))
        many = FieldDescriptorProto.LABEL_REPEATED
        field.label = many if repeated else FieldDescriptorProto.LABEL_OPTIONAL
        if type_ in _SCALARS:
            field.type = _SCALARS[type_]
        else:
            message_type = (FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{type_}")
            field.type, field.type_name = _OUTSIDE.get(type_, message_type)
        if oneof:
            if oneof not in oneofs:
                oneofs.append(oneof)
                message.oneof_decl.add(name=oneof)
            field.oneof_index = oneofs.index(oneof)


def _classes(names: Iterable[str]) -> dict[str, Any]:
    pool = DescriptorPool()
    for known in (empty_pb2, struct_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(_file().SerializeToString())
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in names
    }


_MADE: Final = _classes(("CheckedExpr", "Expr", "Type"))

CheckedExpr: Final[Any] = _MADE["CheckedExpr"]
Expr: Final[Any] = _MADE["Expr"]
Type: Final[Any] = _MADE["Type"]
