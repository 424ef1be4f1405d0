import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConsentValue(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONSENT_VALUE_UNSPECIFIED: _ClassVar[ConsentValue]
    CONSENT_VALUE_YES: _ClassVar[ConsentValue]
    CONSENT_VALUE_NO: _ClassVar[ConsentValue]
    CONSENT_VALUE_PENDING: _ClassVar[ConsentValue]
    CONSENT_VALUE_UNKNOWN: _ClassVar[ConsentValue]
    CONSENT_VALUE_LEGITIMATE_INTEREST: _ClassVar[ConsentValue]
    CONSENT_VALUE_CONTRACT: _ClassVar[ConsentValue]
    CONSENT_VALUE_COMPLIANCE: _ClassVar[ConsentValue]
    CONSENT_VALUE_VITAL_INTEREST: _ClassVar[ConsentValue]
    CONSENT_VALUE_PUBLIC_INTEREST: _ClassVar[ConsentValue]
CONSENT_VALUE_UNSPECIFIED: ConsentValue
CONSENT_VALUE_YES: ConsentValue
CONSENT_VALUE_NO: ConsentValue
CONSENT_VALUE_PENDING: ConsentValue
CONSENT_VALUE_UNKNOWN: ConsentValue
CONSENT_VALUE_LEGITIMATE_INTEREST: ConsentValue
CONSENT_VALUE_CONTRACT: ConsentValue
CONSENT_VALUE_COMPLIANCE: ConsentValue
CONSENT_VALUE_VITAL_INTEREST: ConsentValue
CONSENT_VALUE_PUBLIC_INTEREST: ConsentValue

class Consent(_message.Message):
    __slots__ = ("collect", "personalize", "share", "marketing", "id_specific", "general", "tcf_string", "choice_time", "precise_location")
    class MarketingEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ConsentValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ConsentValue, str]] = ...) -> None: ...
    class IdSpecificEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ChannelConsent
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ChannelConsent, _Mapping]] = ...) -> None: ...
    COLLECT_FIELD_NUMBER: _ClassVar[int]
    PERSONALIZE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    MARKETING_FIELD_NUMBER: _ClassVar[int]
    ID_SPECIFIC_FIELD_NUMBER: _ClassVar[int]
    GENERAL_FIELD_NUMBER: _ClassVar[int]
    TCF_STRING_FIELD_NUMBER: _ClassVar[int]
    CHOICE_TIME_FIELD_NUMBER: _ClassVar[int]
    PRECISE_LOCATION_FIELD_NUMBER: _ClassVar[int]
    collect: ConsentValue
    personalize: ConsentValue
    share: ConsentValue
    marketing: _containers.ScalarMap[str, ConsentValue]
    id_specific: _containers.MessageMap[str, ChannelConsent]
    general: ConsentValue
    tcf_string: str
    choice_time: _timestamp_pb2.Timestamp
    precise_location: ConsentValue
    def __init__(self, collect: _Optional[_Union[ConsentValue, str]] = ..., personalize: _Optional[_Union[ConsentValue, str]] = ..., share: _Optional[_Union[ConsentValue, str]] = ..., marketing: _Optional[_Mapping[str, ConsentValue]] = ..., id_specific: _Optional[_Mapping[str, ChannelConsent]] = ..., general: _Optional[_Union[ConsentValue, str]] = ..., tcf_string: _Optional[str] = ..., choice_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., precise_location: _Optional[_Union[ConsentValue, str]] = ...) -> None: ...

class ChannelConsent(_message.Message):
    __slots__ = ("marketing",)
    class MarketingEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ConsentValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ConsentValue, str]] = ...) -> None: ...
    MARKETING_FIELD_NUMBER: _ClassVar[int]
    marketing: _containers.ScalarMap[str, ConsentValue]
    def __init__(self, marketing: _Optional[_Mapping[str, ConsentValue]] = ...) -> None: ...
