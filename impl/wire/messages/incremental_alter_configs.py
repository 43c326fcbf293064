"""IncrementalAlterConfigs (KIP-339): single changes of configurations."""

from impl.wire.message import Message
from impl.wire.messages.alter_configs import AlterConfigsResourceResponse


class AlterableConfig(Message, frozen=True):
    name: str = ""
    config_operation: int = 0
    value: str | None = None


class AlterConfigsResource(Message, frozen=True):
    resource_type: int = 0
    resource_name: str = ""
    configs: tuple[AlterableConfig, ...] = ()


class IncrementalAlterConfigsRequest(Message, frozen=True):
    resources: tuple[AlterConfigsResource, ...] = ()
    validate_only: bool = False


class IncrementalAlterConfigsResponse(Message, frozen=True):
    throttle_time: int = 0
    responses: tuple[AlterConfigsResourceResponse, ...] = ()
