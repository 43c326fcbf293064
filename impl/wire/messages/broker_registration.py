"""BrokerRegistration (KIP-500): a broker's process makes itself known to the controller."""

from impl.wire.message import NO_ID, Message


class Listener(Message, frozen=True):
    name: str = ""
    host: str = ""
    port: int = 0
    security_protocol: int = 0


class Feature(Message, frozen=True):
    name: str = ""
    min_supported_version: int = 0
    max_supported_version: int = 0


class BrokerRegistrationRequest(Message, frozen=True):
    broker_id: int = 0
    cluster_id: str = ""
    incarnation_id: bytes = NO_ID
    listeners: tuple[Listener, ...] = ()
    features: tuple[Feature, ...] = ()
    rack: str | None = None
    is_migrating_zk_broker: bool = False
    log_dirs: tuple[bytes, ...] = ()
    previous_broker_epoch: int = -1


class BrokerRegistrationResponse(Message, frozen=True):
    throttle_time: int = 0
    error_code: int = 0
    broker_epoch: int = -1
