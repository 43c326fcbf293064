"""IncrementalAlterConfigs: single changes of configurations, from clients to any broker and on to the controller.

One rule: an operation is passed on as the number it is; what it means is the controller's to say (KIP-339).
"""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.admin_messages import AlterConfig, AlterConfigs, AlteredConfigs, ConfigChange, ConfigOutcome
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    AlterConfigsResourceResponse,
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
        return IncrementalAlterConfigsResponse(
            responses=tuple(
                AlterConfigsResourceResponse(
                    error_code=each.error,
                    error_message=each.message,
                    resource_type=each.resource,
                    resource_name=each.name,
                )
                for each in reply.resources
            )
        )

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
        return AlteredConfigs(
            tuple(
                ConfigOutcome(each.resource_type, each.resource_name, error_of(each.error_code), each.error_message)
                for each in message.responses
            )
        )

    def refuse(
        self, version: int, message: IncrementalAlterConfigsRequest, error: ErrorCode
    ) -> IncrementalAlterConfigsResponse:
        del version
        return IncrementalAlterConfigsResponse(
            responses=tuple(
                AlterConfigsResourceResponse(
                    error_code=error, resource_type=each.resource_type, resource_name=each.resource_name
                )
                for each in message.resources
            )
        )
