"""DescribeConfigs: the configuration of topics and of this broker (KIP-133, KIP-226, KIP-569).

One rule: nothing here is a secret, so no value is left out.
"""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.admin_messages import (
    ConfigSynonym,
    DescribeConfig,
    DescribeConfigs,
    DescribedConfig,
    DescribedConfigs,
    DescribedResources,
)
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
)


class DescribeConfigsHandler(
    CoreHandler[DescribeConfigsRequest, DescribeConfigsResponse, DescribeConfigs, DescribedResources]
):
    key = ApiKey.DESCRIBE_CONFIGS
    core_request = DescribeConfigs
    sent_version = 4

    def request_to_core(self, version: int, message: DescribeConfigsRequest, names: TopicNames) -> DescribeConfigs:
        del version, names
        return DescribeConfigs(
            tuple(
                DescribeConfig(each.resource_type, each.resource_name, each.configuration_keys)
                for each in message.resources
            ),
            message.include_synonyms,
            message.include_documentation,
        )

    def reply_to_wire(
        self, version: int, request: DescribeConfigs, reply: DescribedResources, names: TopicNames
    ) -> DescribeConfigsResponse:
        del version, request, names
        return DescribeConfigsResponse(
            results=tuple(
                DescribeConfigsResult(
                    error_code=each.error,
                    error_message=each.message,
                    resource_type=each.resource,
                    resource_name=each.name,
                    configs=tuple(map(_config_to_wire, each.configs)),
                )
                for each in reply.resources
            )
        )

    def request_to_wire(self, request: DescribeConfigs, names: TopicNames) -> DescribeConfigsRequest:
        del names
        return DescribeConfigsRequest(
            resources=tuple(
                DescribeConfigsResource(
                    resource_type=each.resource, resource_name=each.name, configuration_keys=each.keys
                )
                for each in request.resources
            ),
            include_synonyms=request.synonyms,
            include_documentation=request.documentation,
        )

    def reply_to_core(self, message: DescribeConfigsResponse, names: TopicNames) -> DescribedResources:
        del names
        return DescribedResources(
            tuple(
                DescribedConfigs(
                    resource=each.resource_type,
                    name=each.resource_name,
                    error=error_of(each.error_code),
                    message=each.error_message,
                    configs=tuple(map(_config_to_core, each.configs)),
                )
                for each in message.results
            )
        )

    def refuse(self, version: int, message: DescribeConfigsRequest, error: ErrorCode) -> DescribeConfigsResponse:
        del version
        return DescribeConfigsResponse(
            results=tuple(
                DescribeConfigsResult(
                    error_code=error, resource_type=each.resource_type, resource_name=each.resource_name
                )
                for each in message.resources
            )
        )


def _config_to_wire(config: DescribedConfig) -> DescribeConfigsResourceResult:
    return DescribeConfigsResourceResult(
        name=config.name,
        value=config.value,
        read_only=config.read_only,
        config_source=config.source,
        synonyms=tuple(
            DescribeConfigsSynonym(name=each.name, value=each.value, source=each.source) for each in config.synonyms
        ),
        config_type=config.kind,
        documentation=config.documentation,
    )


def _config_to_core(config: DescribeConfigsResourceResult) -> DescribedConfig:
    return DescribedConfig(
        name=config.name,
        value=config.value,
        source=config.config_source,
        kind=config.config_type,
        read_only=config.read_only,
        synonyms=tuple(ConfigSynonym(each.name, each.value, each.source) for each in config.synonyms),
        documentation=config.documentation,
    )
