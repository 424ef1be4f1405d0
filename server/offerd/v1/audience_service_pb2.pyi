import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from offerd.v1 import identity_pb2 as _identity_pb2
from offerd.v1 import profile_service_pb2 as _profile_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListAudiencesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAudiencesResponse(_message.Message):
    __slots__ = ("audiences",)
    AUDIENCES_FIELD_NUMBER: _ClassVar[int]
    audiences: _containers.RepeatedCompositeFieldContainer[AudienceSummary]
    def __init__(self, audiences: _Optional[_Iterable[_Union[AudienceSummary, _Mapping]]] = ...) -> None: ...

class AudienceSummary(_message.Message):
    __slots__ = ("id", "name", "external", "tracked", "members")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_FIELD_NUMBER: _ClassVar[int]
    TRACKED_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    external: bool
    tracked: bool
    members: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., external: _Optional[bool] = ..., tracked: _Optional[bool] = ..., members: _Optional[int] = ...) -> None: ...

class ListMembersRequest(_message.Message):
    __slots__ = ("audience", "page_size", "page_token")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    audience: str
    page_size: int
    page_token: str
    def __init__(self, audience: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListMembersResponse(_message.Message):
    __slots__ = ("members", "next_page_token")
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedCompositeFieldContainer[Member]
    next_page_token: str
    def __init__(self, members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("identity", "since")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    identity: _identity_pb2.Identity
    since: _timestamp_pb2.Timestamp
    def __init__(self, identity: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExplainMembershipRequest(_message.Message):
    __slots__ = ("audience", "identities", "as_of")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    audience: str
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, audience: _Optional[str] = ..., identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExplainMembershipResponse(_message.Message):
    __slots__ = ("membership", "result", "reason")
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    membership: _profile_service_pb2.Membership
    result: str
    reason: str
    def __init__(self, membership: _Optional[_Union[_profile_service_pb2.Membership, _Mapping]] = ..., result: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class WatchAudiencesRequest(_message.Message):
    __slots__ = ("audiences", "after_position")
    AUDIENCES_FIELD_NUMBER: _ClassVar[int]
    AFTER_POSITION_FIELD_NUMBER: _ClassVar[int]
    audiences: _containers.RepeatedScalarFieldContainer[str]
    after_position: str
    def __init__(self, audiences: _Optional[_Iterable[str]] = ..., after_position: _Optional[str] = ...) -> None: ...

class WatchAudiencesResponse(_message.Message):
    __slots__ = ("position", "identity", "audience", "status", "time")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    position: str
    identity: _identity_pb2.Identity
    audience: str
    status: _profile_service_pb2.MembershipStatus
    time: _timestamp_pb2.Timestamp
    def __init__(self, position: _Optional[str] = ..., identity: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., audience: _Optional[str] = ..., status: _Optional[_Union[_profile_service_pb2.MembershipStatus, str]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
