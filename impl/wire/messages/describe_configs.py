"""DescribeConfigs (KIP-133, KIP-226, KIP-569)."""

from impl.wire.message import Message


class DescribeConfigsResource(Message, frozen=True):
    resource_type: int = 0
    resource_name: str = ""
    configuration_keys: tuple[str, ...] | None = ()


class DescribeConfigsRequest(Message, frozen=True):
    resources: tuple[DescribeConfigsResource, ...] = ()
    include_synonyms: bool = False
    include_documentation: bool = False


class DescribeConfigsSynonym(Message, frozen=True):
    name: str = ""
    value: str | None = None
    source: int = 0


class DescribeConfigsResourceResult(Message, frozen=True):
    name: str = ""
    value: str | None = None
    read_only: bool = False
    config_source: int = -1
    is_sensitive: bool = False
    synonyms: tuple[DescribeConfigsSynonym, ...] = ()
    config_type: int = 0
    documentation: str | None = None


class DescribeConfigsResult(Message, frozen=True):
    error_code: int = 0
    error_message: str | None = None
    resource_type: int = 0
    resource_name: str = ""
    configs: tuple[DescribeConfigsResourceResult, ...] = ()


class DescribeConfigsResponse(Message, frozen=True):
    throttle_time: int = 0
    results: tuple[DescribeConfigsResult, ...] = ()
