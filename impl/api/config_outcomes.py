"""What became of configurations that a client altered: the same in both requests that alter them (KIP-133, KIP-339).

One rule: one outcome for each resource asked for, in the order asked.
"""

from collections.abc import Sequence

from impl.api.handler import error_of
from impl.core.admin_messages import ConfigOutcome
from impl.core.types import ErrorCode
from impl.wire.messages.alter_configs import AlterConfigsResource, AlterConfigsResourceResponse
from impl.wire.messages.incremental_alter_configs import AlterConfigsResource as IncrementalResource


def to_wire(outcomes: Sequence[ConfigOutcome]) -> tuple[AlterConfigsResourceResponse, ...]:
    return tuple(
        AlterConfigsResourceResponse(
            error_code=each.error,
            error_message=each.message,
            resource_type=each.resource,
            resource_name=each.name,
        )
        for each in outcomes
    )


def to_core(responses: Sequence[AlterConfigsResourceResponse]) -> tuple[ConfigOutcome, ...]:
    return tuple(
        ConfigOutcome(each.resource_type, each.resource_name, error_of(each.error_code), each.error_message)
        for each in responses
    )


def refused(
    resources: Sequence[AlterConfigsResource | IncrementalResource], error: ErrorCode
) -> tuple[AlterConfigsResourceResponse, ...]:
    """The same error for every resource asked for."""
    return tuple(
        AlterConfigsResourceResponse(
            error_code=error, resource_type=each.resource_type, resource_name=each.resource_name
        )
        for each in resources
    )
