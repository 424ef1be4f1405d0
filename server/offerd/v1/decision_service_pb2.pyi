import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from offerd.v1 import consent_pb2 as _consent_pb2
from offerd.v1 import error_pb2 as _error_pb2
from offerd.v1 import event_service_pb2 as _event_service_pb2
from offerd.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Deduplication(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEDUPLICATION_UNSPECIFIED: _ClassVar[Deduplication]
    DEDUPLICATION_SCOPE: _ClassVar[Deduplication]
    DEDUPLICATION_DECISION: _ClassVar[Deduplication]
    DEDUPLICATION_PLACEMENT: _ClassVar[Deduplication]
    DEDUPLICATION_REQUEST: _ClassVar[Deduplication]

class Arbitration(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ARBITRATION_UNSPECIFIED: _ClassVar[Arbitration]
    ARBITRATION_IN_ORDER: _ClassVar[Arbitration]
    ARBITRATION_AVOID_FALLBACK: _ClassVar[Arbitration]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_PROPOSED: _ClassVar[Outcome]
    OUTCOME_FALLBACK: _ClassVar[Outcome]
    OUTCOME_NOTHING: _ClassVar[Outcome]
    OUTCOME_TOPPED_UP: _ClassVar[Outcome]

class RankingMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RANKING_METHOD_UNSPECIFIED: _ClassVar[RankingMethod]
    RANKING_METHOD_PRIORITY: _ClassVar[RankingMethod]
    RANKING_METHOD_FORMULA: _ClassVar[RankingMethod]
    RANKING_METHOD_TABLE: _ClassVar[RankingMethod]
    RANKING_METHOD_MODEL: _ClassVar[RankingMethod]
    RANKING_METHOD_MANUAL: _ClassVar[RankingMethod]

class Stage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_UNSPECIFIED: _ClassVar[Stage]
    STAGE_COLLECTION: _ClassVar[Stage]
    STAGE_LIVE: _ClassVar[Stage]
    STAGE_REPRESENTATION: _ClassVar[Stage]
    STAGE_CONSTRAINT: _ClassVar[Stage]
    STAGE_ELIGIBILITY: _ClassVar[Stage]
    STAGE_CAPS: _ClassVar[Stage]
    STAGE_EXCLUSION: _ClassVar[Stage]
    STAGE_RANK: _ClassVar[Stage]
DEDUPLICATION_UNSPECIFIED: Deduplication
DEDUPLICATION_SCOPE: Deduplication
DEDUPLICATION_DECISION: Deduplication
DEDUPLICATION_PLACEMENT: Deduplication
DEDUPLICATION_REQUEST: Deduplication
ARBITRATION_UNSPECIFIED: Arbitration
ARBITRATION_IN_ORDER: Arbitration
ARBITRATION_AVOID_FALLBACK: Arbitration
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_PROPOSED: Outcome
OUTCOME_FALLBACK: Outcome
OUTCOME_NOTHING: Outcome
OUTCOME_TOPPED_UP: Outcome
RANKING_METHOD_UNSPECIFIED: RankingMethod
RANKING_METHOD_PRIORITY: RankingMethod
RANKING_METHOD_FORMULA: RankingMethod
RANKING_METHOD_TABLE: RankingMethod
RANKING_METHOD_MODEL: RankingMethod
RANKING_METHOD_MANUAL: RankingMethod
STAGE_UNSPECIFIED: Stage
STAGE_COLLECTION: Stage
STAGE_LIVE: Stage
STAGE_REPRESENTATION: Stage
STAGE_CONSTRAINT: Stage
STAGE_ELIGIBILITY: Stage
STAGE_CAPS: Stage
STAGE_EXCLUSION: Stage
STAGE_RANK: Stage

class DecideRequest(_message.Message):
    __slots__ = ("request_id", "identities", "scopes", "context", "dry_run", "explain", "decide_time", "deduplication", "arbitration", "overrides", "preview_token", "events", "consent")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    DEDUPLICATION_FIELD_NUMBER: _ClassVar[int]
    ARBITRATION_FIELD_NUMBER: _ClassVar[int]
    OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    identities: _containers.RepeatedCompositeFieldContainer[_identity_pb2.Identity]
    scopes: _containers.RepeatedCompositeFieldContainer[Scope]
    context: Context
    dry_run: bool
    explain: bool
    decide_time: _timestamp_pb2.Timestamp
    deduplication: Deduplication
    arbitration: Arbitration
    overrides: Overrides
    preview_token: str
    events: _containers.RepeatedCompositeFieldContainer[_event_service_pb2.Event]
    consent: _consent_pb2.Consent
    def __init__(self, request_id: _Optional[str] = ..., identities: _Optional[_Iterable[_Union[_identity_pb2.Identity, _Mapping]]] = ..., scopes: _Optional[_Iterable[_Union[Scope, _Mapping]]] = ..., context: _Optional[_Union[Context, _Mapping]] = ..., dry_run: _Optional[bool] = ..., explain: _Optional[bool] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deduplication: _Optional[_Union[Deduplication, str]] = ..., arbitration: _Optional[_Union[Arbitration, str]] = ..., overrides: _Optional[_Union[Overrides, _Mapping]] = ..., preview_token: _Optional[str] = ..., events: _Optional[_Iterable[_Union[_event_service_pb2.Event, _Mapping]]] = ..., consent: _Optional[_Union[_consent_pb2.Consent, _Mapping]] = ...) -> None: ...

class Overrides(_message.Message):
    __slots__ = ("attributes", "aggregates", "memberships", "scores")
    class MembershipsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bool
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bool] = ...) -> None: ...
    class ScoresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    AGGREGATES_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIPS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    attributes: _struct_pb2.Struct
    aggregates: _struct_pb2.Struct
    memberships: _containers.ScalarMap[str, bool]
    scores: _containers.ScalarMap[str, float]
    def __init__(self, attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., aggregates: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., memberships: _Optional[_Mapping[str, bool]] = ..., scores: _Optional[_Mapping[str, float]] = ...) -> None: ...

class Scope(_message.Message):
    __slots__ = ("name", "decision", "placement", "item_count", "top_up")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOP_UP_FIELD_NUMBER: _ClassVar[int]
    name: str
    decision: str
    placement: str
    item_count: int
    top_up: bool
    def __init__(self, name: _Optional[str] = ..., decision: _Optional[str] = ..., placement: _Optional[str] = ..., item_count: _Optional[int] = ..., top_up: _Optional[bool] = ...) -> None: ...

class Context(_message.Message):
    __slots__ = ("attributes", "location", "locales", "time_zone", "channel")
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    LOCALES_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    attributes: _struct_pb2.Struct
    location: Location
    locales: _containers.RepeatedScalarFieldContainer[str]
    time_zone: str
    channel: str
    def __init__(self, attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., location: _Optional[_Union[Location, _Mapping]] = ..., locales: _Optional[_Iterable[str]] = ..., time_zone: _Optional[str] = ..., channel: _Optional[str] = ...) -> None: ...

class Location(_message.Message):
    __slots__ = ("latitude", "longitude", "accuracy_m", "cell", "speed_mps", "course_deg")
    LATITUDE_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_M_FIELD_NUMBER: _ClassVar[int]
    CELL_FIELD_NUMBER: _ClassVar[int]
    SPEED_MPS_FIELD_NUMBER: _ClassVar[int]
    COURSE_DEG_FIELD_NUMBER: _ClassVar[int]
    latitude: float
    longitude: float
    accuracy_m: float
    cell: str
    speed_mps: float
    course_deg: float
    def __init__(self, latitude: _Optional[float] = ..., longitude: _Optional[float] = ..., accuracy_m: _Optional[float] = ..., cell: _Optional[str] = ..., speed_mps: _Optional[float] = ..., course_deg: _Optional[float] = ...) -> None: ...

class DecideResponse(_message.Message):
    __slots__ = ("request_id", "revision", "decide_time", "propositions", "warnings", "event_results")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    PROPOSITIONS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    EVENT_RESULTS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    revision: str
    decide_time: _timestamp_pb2.Timestamp
    propositions: _containers.RepeatedCompositeFieldContainer[Proposition]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    event_results: _containers.RepeatedCompositeFieldContainer[_event_service_pb2.EventResult]
    def __init__(self, request_id: _Optional[str] = ..., revision: _Optional[str] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., propositions: _Optional[_Iterable[_Union[Proposition, _Mapping]]] = ..., warnings: _Optional[_Iterable[str]] = ..., event_results: _Optional[_Iterable[_Union[_event_service_pb2.EventResult, _Mapping]]] = ...) -> None: ...

class Proposition(_message.Message):
    __slots__ = ("proposition_id", "scope", "outcome", "items", "explanation", "exposure")
    PROPOSITION_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    proposition_id: str
    scope: Scope
    outcome: Outcome
    items: _containers.RepeatedCompositeFieldContainer[Item]
    explanation: Explanation
    exposure: Exposure
    def __init__(self, proposition_id: _Optional[str] = ..., scope: _Optional[_Union[Scope, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., exposure: _Optional[_Union[Exposure, _Mapping]] = ...) -> None: ...

class Exposure(_message.Message):
    __slots__ = ("experiment", "arm", "forced", "holdout")
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    FORCED_FIELD_NUMBER: _ClassVar[int]
    HOLDOUT_FIELD_NUMBER: _ClassVar[int]
    experiment: str
    arm: str
    forced: bool
    holdout: bool
    def __init__(self, experiment: _Optional[str] = ..., arm: _Optional[str] = ..., forced: _Optional[bool] = ..., holdout: _Optional[bool] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("offer", "token", "fallback", "content", "attributes", "selection")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    offer: str
    token: str
    fallback: bool
    content: Content
    attributes: _struct_pb2.Struct
    selection: Selection
    def __init__(self, offer: _Optional[str] = ..., token: _Optional[str] = ..., fallback: _Optional[bool] = ..., content: _Optional[_Union[Content, _Mapping]] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., selection: _Optional[_Union[Selection, _Mapping]] = ...) -> None: ...

class Content(_message.Message):
    __slots__ = ("language", "text", "html", "json", "image_link", "redirect_url", "key_values")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    HTML_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    IMAGE_LINK_FIELD_NUMBER: _ClassVar[int]
    REDIRECT_URL_FIELD_NUMBER: _ClassVar[int]
    KEY_VALUES_FIELD_NUMBER: _ClassVar[int]
    language: str
    text: str
    html: str
    json: _struct_pb2.Value
    image_link: ImageLink
    redirect_url: str
    key_values: KeyValues
    def __init__(self, language: _Optional[str] = ..., text: _Optional[str] = ..., html: _Optional[str] = ..., json: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., image_link: _Optional[_Union[ImageLink, _Mapping]] = ..., redirect_url: _Optional[str] = ..., key_values: _Optional[_Union[KeyValues, _Mapping]] = ...) -> None: ...

class ImageLink(_message.Message):
    __slots__ = ("url", "link_url", "alternative_text")
    URL_FIELD_NUMBER: _ClassVar[int]
    LINK_URL_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVE_TEXT_FIELD_NUMBER: _ClassVar[int]
    url: str
    link_url: str
    alternative_text: str
    def __init__(self, url: _Optional[str] = ..., link_url: _Optional[str] = ..., alternative_text: _Optional[str] = ...) -> None: ...

class KeyValues(_message.Message):
    __slots__ = ("values",)
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.ScalarMap[str, str]
    def __init__(self, values: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Selection(_message.Message):
    __slots__ = ("strategy", "constraint", "eligibility", "ranking_method", "score", "ranking")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    ELIGIBILITY_FIELD_NUMBER: _ClassVar[int]
    RANKING_METHOD_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    RANKING_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    constraint: str
    eligibility: str
    ranking_method: RankingMethod
    score: float
    ranking: str
    def __init__(self, strategy: _Optional[str] = ..., constraint: _Optional[str] = ..., eligibility: _Optional[str] = ..., ranking_method: _Optional[_Union[RankingMethod, str]] = ..., score: _Optional[float] = ..., ranking: _Optional[str] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("funnel", "candidates")
    FUNNEL_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    funnel: _containers.RepeatedCompositeFieldContainer[StageCount]
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    def __init__(self, funnel: _Optional[_Iterable[_Union[StageCount, _Mapping]]] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ...) -> None: ...

class StageCount(_message.Message):
    __slots__ = ("stage", "count")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    stage: Stage
    count: int
    def __init__(self, stage: _Optional[_Union[Stage, str]] = ..., count: _Optional[int] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("offer", "strategy", "chosen", "fell_at", "reason", "score")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    FELL_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    offer: str
    strategy: str
    chosen: bool
    fell_at: Stage
    reason: str
    score: float
    def __init__(self, offer: _Optional[str] = ..., strategy: _Optional[str] = ..., chosen: _Optional[bool] = ..., fell_at: _Optional[_Union[Stage, str]] = ..., reason: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class BatchDecideRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[DecideRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[DecideRequest, _Mapping]]] = ...) -> None: ...

class BatchDecideResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DecideResult]
    def __init__(self, results: _Optional[_Iterable[_Union[DecideResult, _Mapping]]] = ...) -> None: ...

class DecideResult(_message.Message):
    __slots__ = ("response", "error")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    response: DecideResponse
    error: DecideError
    def __init__(self, response: _Optional[_Union[DecideResponse, _Mapping]] = ..., error: _Optional[_Union[DecideError, _Mapping]] = ...) -> None: ...

class DecideError(_message.Message):
    __slots__ = ("code", "reason", "message", "field", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: _error_pb2.ErrorReason
    message: str
    field: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[_Union[_error_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ..., field: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class DecideStreamRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[StreamedRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[StreamedRequest, _Mapping]]] = ...) -> None: ...

class StreamedRequest(_message.Message):
    __slots__ = ("id", "request")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    id: str
    request: DecideRequest
    def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[DecideRequest, _Mapping]] = ...) -> None: ...

class DecideStreamResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[StreamedResult]
    def __init__(self, results: _Optional[_Iterable[_Union[StreamedResult, _Mapping]]] = ...) -> None: ...

class StreamedResult(_message.Message):
    __slots__ = ("id", "result")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    id: str
    result: DecideResult
    def __init__(self, id: _Optional[str] = ..., result: _Optional[_Union[DecideResult, _Mapping]] = ...) -> None: ...
