"""FindCoordinator: there is no coordinator yet, and the answer says so, for a client to retry or give up.

One rule: it is advertised all the same. librdkafka sends lz4 only to brokers that serve it.
"""

from impl.api.handler import Handler, Immediate
from impl.api.names import TopicNames
from impl.core.types import ErrorCode
from impl.wire.apis import ApiKey
from impl.wire.messages.find_coordinator import Coordinator, FindCoordinatorRequest, FindCoordinatorResponse

NOBODY = -1


class FindCoordinatorHandler(Handler[FindCoordinatorRequest, FindCoordinatorResponse]):
    key = ApiKey.FIND_COORDINATOR

    def request_to_core(self, version: int, message: FindCoordinatorRequest, names: TopicNames) -> Immediate:
        del names
        return Immediate(self.refuse(version, message, ErrorCode.COORDINATOR_NOT_AVAILABLE))

    def refuse(self, version: int, message: FindCoordinatorRequest, error: ErrorCode) -> FindCoordinatorResponse:
        """Up to version 3 the answer is about one key, from version 4 about each."""
        del version
        return FindCoordinatorResponse(
            error_code=error,
            node_id=NOBODY,
            port=NOBODY,
            coordinators=tuple(
                Coordinator(key=key, node_id=NOBODY, port=NOBODY, error_code=error) for key in message.coordinator_keys
            ),
        )
