import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from offerd.v1 import consent_pb2 as _consent_pb2
from offerd.v1 import decision_service_pb2 as _decision_service_pb2
from offerd.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MembershipStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMBERSHIP_STATUS_UNSPECIFIED: _ClassVar[MembershipStatus]
    MEMBERSHIP_STATUS_REALIZED: _ClassVar[MembershipStatus]
    MEMBERSHIP_STATUS_EXITED: _ClassVar[MembershipStatus]
MEMBERSHIP_STATUS_UNSPECIFIED: MembershipStatus
MEMBERSHIP_STATUS_REALIZED: MembershipStatus
MEMBERSHIP_STATUS_EXITED: MembershipStatus

class Profile(_message.Message):
    __slots__ = ("namespace", "id", "attributes", "aggregates", "event_count", "update_time", "scores", "identities", "consent", "loaded_scores", "memberships", "withheld", "approximations", "whereabouts")
    class ScoresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class LoadedScoresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: LoadedScore
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[LoadedScore, _Mapping]] = ...) -> None: ...
    class ApproximationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    AGGREGATES_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    LOADED_SCORES_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIPS_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FIELD_NUMBER: _ClassVar[int]
    APPROXIMATIONS_FIELD_NUMBER: _ClassVar[int]
    WHEREABOUTS_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    id: str
    attributes: _struct_pb2.Struct
    aggregates: _struct_pb2.Struct
    event_count: int
    update_time: _timestamp_pb2.Timestamp
    scores: _containers.ScalarMap[str, float]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    consent: _consent_pb2.Consent
    loaded_scores: _containers.MessageMap[str, LoadedScore]
    memberships: _containers.RepeatedCompositeFieldContainer[Membership]
    withheld: _containers.RepeatedCompositeFieldContainer[WithheldData]
    approximations: _containers.ScalarMap[str, str]
    whereabouts: Whereabouts
    def __init__(self, namespace: _Optional[str] = ..., id: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., aggregates: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., event_count: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scores: _Optional[_Mapping[str, float]] = ..., identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., consent: _Optional[_Union[_consent_pb2.Consent, _Mapping]] = ..., loaded_scores: _Optional[_Mapping[str, LoadedScore]] = ..., memberships: _Optional[_Iterable[_Union[Membership, _Mapping]]] = ..., withheld: _Optional[_Iterable[_Union[WithheldData, _Mapping]]] = ..., approximations: _Optional[_Mapping[str, str]] = ..., whereabouts: _Optional[_Union[Whereabouts, _Mapping]] = ...) -> None: ...

class Whereabouts(_message.Message):
    __slots__ = ("location", "location_time", "is_present", "visits")
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_TIME_FIELD_NUMBER: _ClassVar[int]
    IS_PRESENT_FIELD_NUMBER: _ClassVar[int]
    VISITS_FIELD_NUMBER: _ClassVar[int]
    location: _decision_service_pb2.Location
    location_time: _timestamp_pb2.Timestamp
    is_present: bool
    visits: _containers.RepeatedCompositeFieldContainer[Visit]
    def __init__(self, location: _Optional[_Union[_decision_service_pb2.Location, _Mapping]] = ..., location_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_present: _Optional[bool] = ..., visits: _Optional[_Iterable[_Union[Visit, _Mapping]]] = ...) -> None: ...

class Visit(_message.Message):
    __slots__ = ("place", "entry_time", "seen_time", "exit_time", "is_present")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_TIME_FIELD_NUMBER: _ClassVar[int]
    SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    EXIT_TIME_FIELD_NUMBER: _ClassVar[int]
    IS_PRESENT_FIELD_NUMBER: _ClassVar[int]
    place: str
    entry_time: _timestamp_pb2.Timestamp
    seen_time: _timestamp_pb2.Timestamp
    exit_time: _timestamp_pb2.Timestamp
    is_present: bool
    def __init__(self, place: _Optional[str] = ..., entry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., exit_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_present: _Optional[bool] = ...) -> None: ...

class LoadedScore(_message.Message):
    __slots__ = ("score", "probability", "percentile", "factors", "score_time", "expired")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    PERCENTILE_FIELD_NUMBER: _ClassVar[int]
    FACTORS_FIELD_NUMBER: _ClassVar[int]
    SCORE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    score: float
    probability: float
    percentile: float
    factors: _containers.RepeatedCompositeFieldContainer[ScoreFactor]
    score_time: _timestamp_pb2.Timestamp
    expired: bool
    def __init__(self, score: _Optional[float] = ..., probability: _Optional[float] = ..., percentile: _Optional[float] = ..., factors: _Optional[_Iterable[_Union[ScoreFactor, _Mapping]]] = ..., score_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expired: _Optional[bool] = ...) -> None: ...

class ScoreFactor(_message.Message):
    __slots__ = ("code", "value", "importance")
    CODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    IMPORTANCE_FIELD_NUMBER: _ClassVar[int]
    code: str
    value: str
    importance: str
    def __init__(self, code: _Optional[str] = ..., value: _Optional[str] = ..., importance: _Optional[str] = ...) -> None: ...

class Membership(_message.Message):
    __slots__ = ("audience", "status", "since", "until", "until_exact")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    UNTIL_EXACT_FIELD_NUMBER: _ClassVar[int]
    audience: str
    status: MembershipStatus
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    until_exact: bool
    def __init__(self, audience: _Optional[str] = ..., status: _Optional[_Union[MembershipStatus, str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_exact: _Optional[bool] = ...) -> None: ...

class WithheldData(_message.Message):
    __slots__ = ("name", "labels", "policy")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    name: str
    labels: _containers.RepeatedScalarFieldContainer[str]
    policy: str
    def __init__(self, name: _Optional[str] = ..., labels: _Optional[_Iterable[str]] = ..., policy: _Optional[str] = ...) -> None: ...

class GetProfileRequest(_message.Message):
    __slots__ = ("namespace", "id", "linked", "memberships", "marketing_actions")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    LINKED_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIPS_FIELD_NUMBER: _ClassVar[int]
    MARKETING_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    id: str
    linked: bool
    memberships: bool
    marketing_actions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, namespace: _Optional[str] = ..., id: _Optional[str] = ..., linked: _Optional[bool] = ..., memberships: _Optional[bool] = ..., marketing_actions: _Optional[_Iterable[str]] = ...) -> None: ...

class GetProfileResponse(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ...) -> None: ...

class SetProfileRequest(_message.Message):
    __slots__ = ("namespace", "id", "attributes", "scores")
    class ScoresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    id: str
    attributes: _struct_pb2.Struct
    scores: _containers.ScalarMap[str, float]
    def __init__(self, namespace: _Optional[str] = ..., id: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., scores: _Optional[_Mapping[str, float]] = ...) -> None: ...

class SetProfileResponse(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ...) -> None: ...

class DeleteProfileRequest(_message.Message):
    __slots__ = ("namespace", "id")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    id: str
    def __init__(self, namespace: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class DeleteProfileResponse(_message.Message):
    __slots__ = ("existed",)
    EXISTED_FIELD_NUMBER: _ClassVar[int]
    existed: bool
    def __init__(self, existed: _Optional[bool] = ...) -> None: ...

class PatchProfileRequest(_message.Message):
    __slots__ = ("namespace", "id", "attributes")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    id: str
    attributes: _struct_pb2.Struct
    def __init__(self, namespace: _Optional[str] = ..., id: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class PatchProfileResponse(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ...) -> None: ...

class LinkIdentitiesRequest(_message.Message):
    __slots__ = ("identities", "link_time")
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    LINK_TIME_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    link_time: _timestamp_pb2.Timestamp
    def __init__(self, identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., link_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LinkIdentitiesResponse(_message.Message):
    __slots__ = ("identities", "cut")
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    cut: _containers.RepeatedCompositeFieldContainer[CutLink]
    def __init__(self, identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., cut: _Optional[_Iterable[_Union[CutLink, _Mapping]]] = ...) -> None: ...

class CutLink(_message.Message):
    __slots__ = ("one", "other", "reason")
    ONE_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    one: _identity_pb2.Identity
    other: _identity_pb2.Identity
    reason: str
    def __init__(self, one: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., other: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class UnlinkIdentityRequest(_message.Message):
    __slots__ = ("identity",)
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    identity: _identity_pb2.Identity
    def __init__(self, identity: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ...) -> None: ...

class UnlinkIdentityResponse(_message.Message):
    __slots__ = ("was_linked",)
    WAS_LINKED_FIELD_NUMBER: _ClassVar[int]
    was_linked: bool
    def __init__(self, was_linked: _Optional[bool] = ...) -> None: ...

class SetConsentRequest(_message.Message):
    __slots__ = ("identities", "consent")
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    consent: _consent_pb2.Consent
    def __init__(self, identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., consent: _Optional[_Union[_consent_pb2.Consent, _Mapping]] = ...) -> None: ...

class SetConsentResponse(_message.Message):
    __slots__ = ("consent",)
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    consent: _consent_pb2.Consent
    def __init__(self, consent: _Optional[_Union[_consent_pb2.Consent, _Mapping]] = ...) -> None: ...

class ExportSubjectRequest(_message.Message):
    __slots__ = ("identities",)
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    def __init__(self, identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ...) -> None: ...

class ExportSubjectResponse(_message.Message):
    __slots__ = ("kind", "identity", "data")
    KIND_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    kind: str
    identity: _identity_pb2.Identity
    data: _struct_pb2.Struct
    def __init__(self, kind: _Optional[str] = ..., identity: _Optional[_Union[_identity_pb2.Identity, _Mapping]] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class DeleteSubjectRequest(_message.Message):
    __slots__ = ("identities",)
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    def __init__(self, identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ...) -> None: ...

class DeleteSubjectResponse(_message.Message):
    __slots__ = ("identities", "events", "journal_entries", "tombstone_until")
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    TOMBSTONE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    events: int
    journal_entries: int
    tombstone_until: _timestamp_pb2.Timestamp
    def __init__(self, identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., events: _Optional[int] = ..., journal_entries: _Optional[int] = ..., tombstone_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
