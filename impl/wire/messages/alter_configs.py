"""AlterConfigs (KIP-133): all of a resource's configuration anew."""

from impl.wire.message import Message


class AlterableConfig(Message, frozen=True):
    name: str = ""
    value: str | None = None


class AlterConfigsResource(Message, frozen=True):
    resource_type: int = 0
    resource_name: str = ""
    configs: tuple[AlterableConfig, ...] = ()


class AlterConfigsRequest(Message, frozen=True):
    resources: tuple[AlterConfigsResource, ...] = ()
    validate_only: bool = False


class AlterConfigsResourceResponse(Message, frozen=True):
    error_code: int = 0
    error_message: str | None = None
    resource_type: int = 0
    resource_name: str = ""


class AlterConfigsResponse(Message, frozen=True):
    throttle_time: int = 0
    responses: tuple[AlterConfigsResourceResponse, ...] = ()
