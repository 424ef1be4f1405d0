import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from offerd.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ContactCategory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTACT_CATEGORY_UNSPECIFIED: _ClassVar[ContactCategory]
    CONTACT_CATEGORY_MARKETING: _ClassVar[ContactCategory]
    CONTACT_CATEGORY_TRANSACTIONAL: _ClassVar[ContactCategory]

class ContactOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTACT_OUTCOME_UNSPECIFIED: _ClassVar[ContactOutcome]
    CONTACT_OUTCOME_ALLOW: _ClassVar[ContactOutcome]
    CONTACT_OUTCOME_DEFER: _ClassVar[ContactOutcome]
    CONTACT_OUTCOME_SUPPRESS: _ClassVar[ContactOutcome]

class ContactReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTACT_REASON_UNSPECIFIED: _ClassVar[ContactReason]
    CONTACT_REASON_CONSENT: _ClassVar[ContactReason]
    CONTACT_REASON_SUPPRESSION_LIST: _ClassVar[ContactReason]
    CONTACT_REASON_QUIET_HOURS: _ClassVar[ContactReason]
    CONTACT_REASON_CAP: _ClassVar[ContactReason]
CONTACT_CATEGORY_UNSPECIFIED: ContactCategory
CONTACT_CATEGORY_MARKETING: ContactCategory
CONTACT_CATEGORY_TRANSACTIONAL: ContactCategory
CONTACT_OUTCOME_UNSPECIFIED: ContactOutcome
CONTACT_OUTCOME_ALLOW: ContactOutcome
CONTACT_OUTCOME_DEFER: ContactOutcome
CONTACT_OUTCOME_SUPPRESS: ContactOutcome
CONTACT_REASON_UNSPECIFIED: ContactReason
CONTACT_REASON_CONSENT: ContactReason
CONTACT_REASON_SUPPRESSION_LIST: ContactReason
CONTACT_REASON_QUIET_HOURS: ContactReason
CONTACT_REASON_CAP: ContactReason

class CheckContactRequest(_message.Message):
    __slots__ = ("identities", "channel", "category", "address", "reservation_id", "ttl", "at", "time_zone")
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    channel: str
    category: ContactCategory
    address: _identity_pb2.Identity
    reservation_id: str
    ttl: _duration_pb2.Duration
    at: _timestamp_pb2.Timestamp
    time_zone: str
    def __init__(self, identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., channel: _Optional[str] = ..., category: _Optional[_Union[ContactCategory, str]] = ..., address: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., reservation_id: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., time_zone: _Optional[str] = ...) -> None: ...

class CheckContactResponse(_message.Message):
    __slots__ = ("outcome", "reason", "message", "defer_until", "reserved")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DEFER_UNTIL_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    outcome: ContactOutcome
    reason: ContactReason
    message: str
    defer_until: _timestamp_pb2.Timestamp
    reserved: bool
    def __init__(self, outcome: _Optional[_Union[ContactOutcome, str]] = ..., reason: _Optional[_Union[ContactReason, str]] = ..., message: _Optional[str] = ..., defer_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reserved: _Optional[bool] = ...) -> None: ...

class CommitContactRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class CommitContactResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReleaseContactRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class ReleaseContactResponse(_message.Message):
    __slots__ = ("released",)
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    released: bool
    def __init__(self, released: _Optional[bool] = ...) -> None: ...

class SetSuppressionRequest(_message.Message):
    __slots__ = ("addresses", "lift", "reason")
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    addresses: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    lift: bool
    reason: str
    def __init__(self, addresses: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., lift: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class SetSuppressionResponse(_message.Message):
    __slots__ = ("changed",)
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    changed: int
    def __init__(self, changed: _Optional[int] = ...) -> None: ...

class GetSuppressionRequest(_message.Message):
    __slots__ = ("addresses",)
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    addresses: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    def __init__(self, addresses: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ...) -> None: ...

class GetSuppressionResponse(_message.Message):
    __slots__ = ("suppressions",)
    SUPPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    suppressions: _containers.RepeatedCompositeFieldContainer[Suppression]
    def __init__(self, suppressions: _Optional[_Iterable[_Union[Suppression, _Mapping]]] = ...) -> None: ...

class Suppression(_message.Message):
    __slots__ = ("address", "reason", "since")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    address: _identity_pb2.Identity
    reason: str
    since: _timestamp_pb2.Timestamp
    def __init__(self, address: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., reason: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
