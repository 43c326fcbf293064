"""IncrementalAlterConfigs: single changes of configurations, from clients to any broker and on to the controller.

One rule: an operation is passed on as the number it is; what it means is the controller's to say (KIP-339).
"""

from impl.api import config_outcomes
from impl.api.handler import CoreHandler
from impl.api.names import TopicNames
from impl.core.admin_messages import AlterConfig, AlterConfigs, AlteredConfigs, ConfigChange
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)


class IncrementalAlterConfigsHandler(
    CoreHandler[IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, AlterConfigs, AlteredConfigs]
):
    key = ApiKey.INCREMENTAL_ALTER_CONFIGS
    core_request = AlterConfigs
    sent_version = 1

    def request_to_core(self, version: int, message: IncrementalAlterConfigsRequest, names: TopicNames) -> AlterConfigs:
        del version, names
        return AlterConfigs(
            tuple(
                AlterConfig(
                    each.resource_type,
                    each.resource_name,
                    tuple(ConfigChange(config.name, config.config_operation, config.value) for config in each.configs),
                )
                for each in message.resources
            ),
            message.validate_only,
        )

    def reply_to_wire(
        self, version: int, request: AlterConfigs, reply: AlteredConfigs, names: TopicNames
    ) -> IncrementalAlterConfigsResponse:
        del version, request, names
        return IncrementalAlterConfigsResponse(responses=config_outcomes.to_wire(reply.resources))

    def request_to_wire(self, request: AlterConfigs, names: TopicNames) -> IncrementalAlterConfigsRequest:
        del names
        return IncrementalAlterConfigsRequest(
            resources=tuple(
                AlterConfigsResource(
                    resource_type=each.resource,
                    resource_name=each.name,
                    configs=tuple(
                        AlterableConfig(name=change.name, config_operation=change.operation, value=change.value)
                        for change in each.changes
                    ),
                )
                for each in request.resources
            ),
            validate_only=request.validate_only,
        )

    def reply_to_core(self, message: IncrementalAlterConfigsResponse, names: TopicNames) -> AlteredConfigs:
        del names
        return AlteredConfigs(config_outcomes.to_core(message.responses))

    def refuse(
        self, version: int, message: IncrementalAlterConfigsRequest, error: ErrorCode
    ) -> IncrementalAlterConfigsResponse:
        del version
        return IncrementalAlterConfigsResponse(responses=config_outcomes.refused(message.resources, error))
