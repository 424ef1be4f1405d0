from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuthenticationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUTHENTICATION_STATE_UNSPECIFIED: _ClassVar[AuthenticationState]
    AUTHENTICATION_STATE_AMBIGUOUS: _ClassVar[AuthenticationState]
    AUTHENTICATION_STATE_AUTHENTICATED: _ClassVar[AuthenticationState]
    AUTHENTICATION_STATE_LOGGED_OUT: _ClassVar[AuthenticationState]
AUTHENTICATION_STATE_UNSPECIFIED: AuthenticationState
AUTHENTICATION_STATE_AMBIGUOUS: AuthenticationState
AUTHENTICATION_STATE_AUTHENTICATED: AuthenticationState
AUTHENTICATION_STATE_LOGGED_OUT: AuthenticationState

class Identity(_message.Message):
    __slots__ = ("namespace", "id", "authentication_state")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    AUTHENTICATION_STATE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    id: str
    authentication_state: AuthenticationState
    def __init__(self, namespace: _Optional[str] = ..., id: _Optional[str] = ..., authentication_state: _Optional[_Union[AuthenticationState, str]] = ...) -> None: ...
