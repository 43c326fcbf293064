"""ApiVersions (KIP-35, KIP-511): which APIs a listener serves, in which versions."""

from impl.wire.message import Message


class ApiVersionsRequest(Message, frozen=True):
    client_software_name: str = ""
    client_software_version: str = ""


class ApiVersion(Message, frozen=True):
    api_key: int = 0
    min_version: int = 0
    max_version: int = 0


class SupportedFeatureKey(Message, frozen=True):
    name: str = ""
    min_version: int = 0
    max_version: int = 0


class FinalizedFeatureKey(Message, frozen=True):
    name: str = ""
    max_version_level: int = 0
    min_version_level: int = 0


class ApiVersionsResponse(Message, frozen=True):
    error_code: int = 0
    api_keys: tuple[ApiVersion, ...] = ()
    throttle_time: int = 0
    supported_features: tuple[SupportedFeatureKey, ...] = ()
    finalized_features_epoch: int = -1
    finalized_features: tuple[FinalizedFeatureKey, ...] = ()
    zk_migration_ready: bool = False
