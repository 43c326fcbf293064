"""AlterConfigs: all of a resource's configuration anew (KIP-133); deprecated, and still what some clients send.

One rule: what is not named goes back to its default. Every change is a `set`.
"""

from impl.api import config_outcomes
from impl.api.handler import CoreHandler
from impl.api.names import TopicNames
from impl.core.admin_messages import AlterConfig, ConfigChange, ReplaceConfigs, ReplacedConfigs
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.alter_configs import (
    AlterableConfig,
    AlterConfigsRequest,
    AlterConfigsResource,
    AlterConfigsResponse,
)

SET = 0


class AlterConfigsHandler(CoreHandler[AlterConfigsRequest, AlterConfigsResponse, ReplaceConfigs, ReplacedConfigs]):
    key = ApiKey.ALTER_CONFIGS
    core_request = ReplaceConfigs
    sent_version = 2

    def request_to_core(self, version: int, message: AlterConfigsRequest, names: TopicNames) -> ReplaceConfigs:
        del version, names
        return ReplaceConfigs(
            tuple(
                AlterConfig(
                    each.resource_type,
                    each.resource_name,
                    tuple(ConfigChange(config.name, SET, config.value) for config in each.configs),
                )
                for each in message.resources
            ),
            message.validate_only,
        )

    def reply_to_wire(
        self, version: int, request: ReplaceConfigs, reply: ReplacedConfigs, names: TopicNames
    ) -> AlterConfigsResponse:
        del version, request, names
        return AlterConfigsResponse(responses=config_outcomes.to_wire(reply.resources))

    def request_to_wire(self, request: ReplaceConfigs, names: TopicNames) -> AlterConfigsRequest:
        del names
        return AlterConfigsRequest(
            resources=tuple(
                AlterConfigsResource(
                    resource_type=each.resource,
                    resource_name=each.name,
                    configs=tuple(AlterableConfig(name=change.name, value=change.value) for change in each.changes),
                )
                for each in request.resources
            ),
            validate_only=request.validate_only,
        )

    def reply_to_core(self, message: AlterConfigsResponse, names: TopicNames) -> ReplacedConfigs:
        del names
        return ReplacedConfigs(config_outcomes.to_core(message.responses))

    def refuse(self, version: int, message: AlterConfigsRequest, error: ErrorCode) -> AlterConfigsResponse:
        del version
        return AlterConfigsResponse(responses=config_outcomes.refused(message.resources, error))
