"""FindCoordinator (KIP-699): which broker coordinates a group or a transaction."""

from impl.wire.message import Message


class FindCoordinatorRequest(Message, frozen=True):
    key: str = ""
    key_type: int = 0
    coordinator_keys: tuple[str, ...] = ()


class Coordinator(Message, frozen=True):
    key: str = ""
    node_id: int = 0
    host: str = ""
    port: int = 0
    error_code: int = 0
    error_message: str | None = None


class FindCoordinatorResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    error_message: str | None = None
    node_id: int = 0
    host: str = ""
    port: int = 0
    coordinators: tuple[Coordinator, ...] = ()
