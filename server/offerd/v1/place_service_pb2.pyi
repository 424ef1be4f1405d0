import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from offerd.v1 import decision_service_pb2 as _decision_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegionPlatform(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REGION_PLATFORM_UNSPECIFIED: _ClassVar[RegionPlatform]
    REGION_PLATFORM_IOS: _ClassVar[RegionPlatform]
    REGION_PLATFORM_ANDROID: _ClassVar[RegionPlatform]

class FenceShape(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FENCE_SHAPE_UNSPECIFIED: _ClassVar[FenceShape]
    FENCE_SHAPE_CIRCLE: _ClassVar[FenceShape]
    FENCE_SHAPE_AREA: _ClassVar[FenceShape]
    FENCE_SHAPE_CORRIDOR: _ClassVar[FenceShape]
REGION_PLATFORM_UNSPECIFIED: RegionPlatform
REGION_PLATFORM_IOS: RegionPlatform
REGION_PLATFORM_ANDROID: RegionPlatform
FENCE_SHAPE_UNSPECIFIED: FenceShape
FENCE_SHAPE_CIRCLE: FenceShape
FENCE_SHAPE_AREA: FenceShape
FENCE_SHAPE_CORRIDOR: FenceShape

class PlaceFilter(_message.Message):
    __slots__ = ("libraries", "categories", "metadata", "open", "time")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LIBRARIES_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    libraries: _containers.RepeatedScalarFieldContainer[str]
    categories: _containers.RepeatedScalarFieldContainer[str]
    metadata: _containers.ScalarMap[str, str]
    open: bool
    time: _timestamp_pb2.Timestamp
    def __init__(self, libraries: _Optional[_Iterable[str]] = ..., categories: _Optional[_Iterable[str]] = ..., metadata: _Optional[_Mapping[str, str]] = ..., open: _Optional[bool] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WithinRequest(_message.Message):
    __slots__ = ("location", "filter", "limit")
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    location: _decision_service_pb2.Location
    filter: PlaceFilter
    limit: int
    def __init__(self, location: _Optional[_Union[_decision_service_pb2.Location, _Mapping]] = ..., filter: _Optional[_Union[PlaceFilter, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class WithinResponse(_message.Message):
    __slots__ = ("places", "revision")
    PLACES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    places: _containers.RepeatedCompositeFieldContainer[FoundPlace]
    revision: str
    def __init__(self, places: _Optional[_Iterable[_Union[FoundPlace, _Mapping]]] = ..., revision: _Optional[str] = ...) -> None: ...

class NearbyRequest(_message.Message):
    __slots__ = ("location", "filter", "limit", "within_m")
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    WITHIN_M_FIELD_NUMBER: _ClassVar[int]
    location: _decision_service_pb2.Location
    filter: PlaceFilter
    limit: int
    within_m: float
    def __init__(self, location: _Optional[_Union[_decision_service_pb2.Location, _Mapping]] = ..., filter: _Optional[_Union[PlaceFilter, _Mapping]] = ..., limit: _Optional[int] = ..., within_m: _Optional[float] = ...) -> None: ...

class NearbyResponse(_message.Message):
    __slots__ = ("places", "revision")
    PLACES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    places: _containers.RepeatedCompositeFieldContainer[FoundPlace]
    revision: str
    def __init__(self, places: _Optional[_Iterable[_Union[FoundPlace, _Mapping]]] = ..., revision: _Optional[str] = ...) -> None: ...

class InBoxRequest(_message.Message):
    __slots__ = ("south", "west", "north", "east", "filter", "limit")
    SOUTH_FIELD_NUMBER: _ClassVar[int]
    WEST_FIELD_NUMBER: _ClassVar[int]
    NORTH_FIELD_NUMBER: _ClassVar[int]
    EAST_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    south: float
    west: float
    north: float
    east: float
    filter: PlaceFilter
    limit: int
    def __init__(self, south: _Optional[float] = ..., west: _Optional[float] = ..., north: _Optional[float] = ..., east: _Optional[float] = ..., filter: _Optional[_Union[PlaceFilter, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class InBoxResponse(_message.Message):
    __slots__ = ("places", "revision", "more")
    PLACES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    places: _containers.RepeatedCompositeFieldContainer[FoundPlace]
    revision: str
    more: bool
    def __init__(self, places: _Optional[_Iterable[_Union[FoundPlace, _Mapping]]] = ..., revision: _Optional[str] = ..., more: _Optional[bool] = ...) -> None: ...

class AheadRequest(_message.Message):
    __slots__ = ("location", "bearing_deg", "distance_m", "beside_m", "filter", "limit")
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    BEARING_DEG_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_M_FIELD_NUMBER: _ClassVar[int]
    BESIDE_M_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    location: _decision_service_pb2.Location
    bearing_deg: float
    distance_m: float
    beside_m: float
    filter: PlaceFilter
    limit: int
    def __init__(self, location: _Optional[_Union[_decision_service_pb2.Location, _Mapping]] = ..., bearing_deg: _Optional[float] = ..., distance_m: _Optional[float] = ..., beside_m: _Optional[float] = ..., filter: _Optional[_Union[PlaceFilter, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class AheadResponse(_message.Message):
    __slots__ = ("places", "revision")
    PLACES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    places: _containers.RepeatedCompositeFieldContainer[PlaceAhead]
    revision: str
    def __init__(self, places: _Optional[_Iterable[_Union[PlaceAhead, _Mapping]]] = ..., revision: _Optional[str] = ...) -> None: ...

class PlaceAhead(_message.Message):
    __slots__ = ("place", "along_m", "beside_m")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    ALONG_M_FIELD_NUMBER: _ClassVar[int]
    BESIDE_M_FIELD_NUMBER: _ClassVar[int]
    place: FoundPlace
    along_m: float
    beside_m: float
    def __init__(self, place: _Optional[_Union[FoundPlace, _Mapping]] = ..., along_m: _Optional[float] = ..., beside_m: _Optional[float] = ...) -> None: ...

class RegionsRequest(_message.Message):
    __slots__ = ("location", "filter", "platform", "limit")
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    location: _decision_service_pb2.Location
    filter: PlaceFilter
    platform: RegionPlatform
    limit: int
    def __init__(self, location: _Optional[_Union[_decision_service_pb2.Location, _Mapping]] = ..., filter: _Optional[_Union[PlaceFilter, _Mapping]] = ..., platform: _Optional[_Union[RegionPlatform, str]] = ..., limit: _Optional[int] = ...) -> None: ...

class RegionsResponse(_message.Message):
    __slots__ = ("regions", "ask_again_m", "revision")
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    ASK_AGAIN_M_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    regions: _containers.RepeatedCompositeFieldContainer[Region]
    ask_again_m: float
    revision: str
    def __init__(self, regions: _Optional[_Iterable[_Union[Region, _Mapping]]] = ..., ask_again_m: _Optional[float] = ..., revision: _Optional[str] = ...) -> None: ...

class Region(_message.Message):
    __slots__ = ("place", "latitude", "longitude", "radius_m", "exact")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_FIELD_NUMBER: _ClassVar[int]
    RADIUS_M_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    place: FoundPlace
    latitude: float
    longitude: float
    radius_m: float
    exact: bool
    def __init__(self, place: _Optional[_Union[FoundPlace, _Mapping]] = ..., latitude: _Optional[float] = ..., longitude: _Optional[float] = ..., radius_m: _Optional[float] = ..., exact: _Optional[bool] = ...) -> None: ...

class GetPlaceRequest(_message.Message):
    __slots__ = ("place",)
    PLACE_FIELD_NUMBER: _ClassVar[int]
    place: str
    def __init__(self, place: _Optional[str] = ...) -> None: ...

class GetPlaceResponse(_message.Message):
    __slots__ = ("place", "revision")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    place: Place
    revision: str
    def __init__(self, place: _Optional[_Union[Place, _Mapping]] = ..., revision: _Optional[str] = ...) -> None: ...

class Place(_message.Message):
    __slots__ = ("id", "name", "library", "rank", "category", "parent", "metadata", "latitude", "longitude", "radius_m", "shape")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LIBRARY_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_FIELD_NUMBER: _ClassVar[int]
    RADIUS_M_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    library: str
    rank: int
    category: str
    parent: str
    metadata: _containers.ScalarMap[str, str]
    latitude: float
    longitude: float
    radius_m: float
    shape: FenceShape
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., library: _Optional[str] = ..., rank: _Optional[int] = ..., category: _Optional[str] = ..., parent: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., latitude: _Optional[float] = ..., longitude: _Optional[float] = ..., radius_m: _Optional[float] = ..., shape: _Optional[_Union[FenceShape, str]] = ...) -> None: ...

class FoundPlace(_message.Message):
    __slots__ = ("place", "distance_m", "center_distance_m", "bearing_deg", "inside", "open", "next_open_time", "next_close_time")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_M_FIELD_NUMBER: _ClassVar[int]
    CENTER_DISTANCE_M_FIELD_NUMBER: _ClassVar[int]
    BEARING_DEG_FIELD_NUMBER: _ClassVar[int]
    INSIDE_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    NEXT_OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_CLOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    place: Place
    distance_m: float
    center_distance_m: float
    bearing_deg: float
    inside: bool
    open: bool
    next_open_time: _timestamp_pb2.Timestamp
    next_close_time: _timestamp_pb2.Timestamp
    def __init__(self, place: _Optional[_Union[Place, _Mapping]] = ..., distance_m: _Optional[float] = ..., center_distance_m: _Optional[float] = ..., bearing_deg: _Optional[float] = ..., inside: _Optional[bool] = ..., open: _Optional[bool] = ..., next_open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_close_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
