import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from offerd.v1 import event_service_pb2 as _event_service_pb2
from offerd.v1 import identity_pb2 as _identity_pb2
from offerd.v1 import profile_service_pb2 as _profile_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LoadKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOAD_KIND_UNSPECIFIED: _ClassVar[LoadKind]
    LOAD_KIND_MEMBERSHIPS: _ClassVar[LoadKind]
    LOAD_KIND_SCORES: _ClassVar[LoadKind]
    LOAD_KIND_PROFILES: _ClassVar[LoadKind]

class LoadMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOAD_MODE_UNSPECIFIED: _ClassVar[LoadMode]
    LOAD_MODE_REPLACE: _ClassVar[LoadMode]
    LOAD_MODE_DELTA: _ClassVar[LoadMode]
LOAD_KIND_UNSPECIFIED: LoadKind
LOAD_KIND_MEMBERSHIPS: LoadKind
LOAD_KIND_SCORES: LoadKind
LOAD_KIND_PROFILES: LoadKind
LOAD_MODE_UNSPECIFIED: LoadMode
LOAD_MODE_REPLACE: LoadMode
LOAD_MODE_DELTA: LoadMode

class LoadRequest(_message.Message):
    __slots__ = ("header", "rows", "end")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    header: LoadHeader
    rows: LoadRows
    end: LoadEnd
    def __init__(self, header: _Optional[_Union[LoadHeader, _Mapping]] = ..., rows: _Optional[_Union[LoadRows, _Mapping]] = ..., end: _Optional[_Union[LoadEnd, _Mapping]] = ...) -> None: ...

class LoadHeader(_message.Message):
    __slots__ = ("kind", "mode", "target", "as_of", "strict")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    STRICT_FIELD_NUMBER: _ClassVar[int]
    kind: LoadKind
    mode: LoadMode
    target: str
    as_of: _timestamp_pb2.Timestamp
    strict: bool
    def __init__(self, kind: _Optional[_Union[LoadKind, str]] = ..., mode: _Optional[_Union[LoadMode, str]] = ..., target: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., strict: _Optional[bool] = ...) -> None: ...

class LoadRows(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[LoadRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[LoadRow, _Mapping]]] = ...) -> None: ...

class LoadEnd(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: int
    def __init__(self, rows: _Optional[int] = ...) -> None: ...

class LoadRow(_message.Message):
    __slots__ = ("identity", "membership", "score", "attributes")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    identity: _identity_pb2.Identity
    membership: LoadMembership
    score: _profile_service_pb2.LoadedScore
    attributes: _struct_pb2.Struct
    def __init__(self, identity: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., membership: _Optional[_Union[LoadMembership, _Mapping]] = ..., score: _Optional[_Union[_profile_service_pb2.LoadedScore, _Mapping]] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class LoadMembership(_message.Message):
    __slots__ = ("status", "since", "valid_until")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    status: _profile_service_pb2.MembershipStatus
    since: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    def __init__(self, status: _Optional[_Union[_profile_service_pb2.MembershipStatus, str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LoadProgress(_message.Message):
    __slots__ = ("stored", "refused", "tombstoned", "refusals", "done")
    STORED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    TOMBSTONED_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    stored: int
    refused: int
    tombstoned: int
    refusals: _containers.RepeatedCompositeFieldContainer[_event_service_pb2.Refusal]
    done: bool
    def __init__(self, stored: _Optional[int] = ..., refused: _Optional[int] = ..., tombstoned: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[_event_service_pb2.Refusal, _Mapping]]] = ..., done: _Optional[bool] = ...) -> None: ...

class ListLoadsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListLoadsResponse(_message.Message):
    __slots__ = ("loads",)
    LOADS_FIELD_NUMBER: _ClassVar[int]
    loads: _containers.RepeatedCompositeFieldContainer[LoadSummary]
    def __init__(self, loads: _Optional[_Iterable[_Union[LoadSummary, _Mapping]]] = ...) -> None: ...

class LoadSummary(_message.Message):
    __slots__ = ("kind", "target", "as_of", "load_time", "rows")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    LOAD_TIME_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    kind: LoadKind
    target: str
    as_of: _timestamp_pb2.Timestamp
    load_time: _timestamp_pb2.Timestamp
    rows: int
    def __init__(self, kind: _Optional[_Union[LoadKind, str]] = ..., target: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., load_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rows: _Optional[int] = ...) -> None: ...
