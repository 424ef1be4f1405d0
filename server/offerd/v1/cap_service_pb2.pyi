import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from offerd.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReserveRequest(_message.Message):
    __slots__ = ("reservation_id", "identities", "items", "ttl")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    items: _containers.RepeatedCompositeFieldContainer[ReservedItem]
    ttl: _duration_pb2.Duration
    def __init__(self, reservation_id: _Optional[str] = ..., identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., items: _Optional[_Iterable[_Union[ReservedItem, _Mapping]]] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ReservedItem(_message.Message):
    __slots__ = ("offer", "placement", "decision")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    offer: str
    placement: str
    decision: str
    def __init__(self, offer: _Optional[str] = ..., placement: _Optional[str] = ..., decision: _Optional[str] = ...) -> None: ...

class ReserveResponse(_message.Message):
    __slots__ = ("granted", "reached", "expire_time", "tokens")
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    REACHED_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    granted: bool
    reached: _containers.RepeatedCompositeFieldContainer[ReachedCap]
    expire_time: _timestamp_pb2.Timestamp
    tokens: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, granted: _Optional[bool] = ..., reached: _Optional[_Iterable[_Union[ReachedCap, _Mapping]]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tokens: _Optional[_Iterable[str]] = ...) -> None: ...

class ReachedCap(_message.Message):
    __slots__ = ("item", "counter", "cap", "count", "limit")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    CAP_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    item: int
    counter: str
    cap: str
    count: int
    limit: int
    def __init__(self, item: _Optional[int] = ..., counter: _Optional[str] = ..., cap: _Optional[str] = ..., count: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class CommitRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class CommitResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ("released",)
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    released: bool
    def __init__(self, released: _Optional[bool] = ...) -> None: ...
