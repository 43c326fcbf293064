"""What the translation of one Kafka request consists of.

One rule: a handler only translates. It decides nothing that depends on the state of a node; what it can refuse or
answer by the request alone (a malformed batch, ApiVersions) it answers at once, as `Immediate`.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, NamedTuple, TypeVar

from impl.api.names import TopicNames
from impl.core.types import ErrorCode, Value
from impl.wire.apis import ApiKey
from impl.wire.message import Message

WireRequest = TypeVar("WireRequest", bound=Message)
WireReply = TypeVar("WireReply", bound=Message)
CoreRequest = TypeVar("CoreRequest", bound=Value)
CoreReply = TypeVar("CoreReply", bound=Value)

_ERRORS = {int(error): error for error in ErrorCode}


class Immediate(NamedTuple):
    """The answer, without asking the core. None: the request wants no answer (Produce with acks 0)."""

    reply: Message | None


class Handler(ABC, Generic[WireRequest, WireReply]):
    """One API as a server sees it. `version` is the version of the request, and so of its reply."""

    key: ClassVar[ApiKey]

    @abstractmethod
    def request_to_core(self, version: int, message: WireRequest, names: TopicNames) -> Value | Immediate:
        """What the request means."""

    @abstractmethod
    def refuse(self, version: int, message: WireRequest, error: ErrorCode) -> WireReply | None:
        """The reply that answers the whole request with one error. None where it wants no reply."""


class CoreHandler(Handler[WireRequest, WireReply], Generic[WireRequest, WireReply, CoreRequest, CoreReply]):
    """An API that the core answers, and that nodes of ours also send: all four translations.

    `sent_version` is the version we send, the newest we speak. A message made here has the fields of every version all
    the same: what a version lacks, its codec leaves away.
    """

    core_request: ClassVar[type[Value]]
    sent_version: ClassVar[int]

    @abstractmethod
    def request_to_core(self, version: int, message: WireRequest, names: TopicNames) -> CoreRequest | Immediate:
        """Server: what the request means."""

    @abstractmethod
    def reply_to_wire(self, version: int, request: CoreRequest, reply: CoreReply, names: TopicNames) -> WireReply:
        """Server: the core's answer."""

    @abstractmethod
    def request_to_wire(self, request: CoreRequest, names: TopicNames) -> WireRequest:
        """Client: what to send."""

    @abstractmethod
    def reply_to_core(self, message: WireReply, names: TopicNames) -> CoreReply:
        """Client: what came back."""


def error_of(code: int) -> ErrorCode:
    """An error code from a peer; one we do not know is UNKNOWN_SERVER_ERROR."""
    return _ERRORS.get(code, ErrorCode.UNKNOWN_SERVER_ERROR)
