"""BrokerHeartbeat (KIP-500): a registered broker says that it lives."""

from impl.wire.message import Message


class BrokerHeartbeatRequest(Message, frozen=True):
    broker_id: int = 0
    broker_epoch: int = -1
    current_metadata_offset: int = 0
    want_fence: bool = False
    want_shut_down: bool = False
    offline_log_dirs: tuple[bytes, ...] = ()


class BrokerHeartbeatResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    is_caught_up: bool = False
    is_fenced: bool = True
    should_shut_down: bool = False
