"""BrokerHeartbeat: a registered broker says that it lives, and how far it has read the controller's log (KIP-500)."""

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames
from impl.core.controller_messages import BrokerHeartbeat, HeartbeatAnswer
from impl.core.types import BrokerEpoch, ErrorCode, NodeId, Offset
from impl.wire.apis import ApiKey
from impl.wire.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse


class BrokerHeartbeatHandler(
    CoreHandler[BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerHeartbeat, HeartbeatAnswer]
):
    key = ApiKey.BROKER_HEARTBEAT
    core_request = BrokerHeartbeat
    sent_version = 1

    def request_to_core(self, version: int, message: BrokerHeartbeatRequest, names: TopicNames) -> BrokerHeartbeat:
        del version, names
        return BrokerHeartbeat(
            broker=NodeId(message.broker_id),
            broker_epoch=BrokerEpoch(message.broker_epoch),
            metadata_offset=Offset(message.current_metadata_offset),
            want_shut_down=message.want_shut_down,
        )

    def reply_to_wire(
        self, version: int, request: BrokerHeartbeat, reply: HeartbeatAnswer, names: TopicNames
    ) -> BrokerHeartbeatResponse:
        del version, request, names
        return BrokerHeartbeatResponse(
            error_code=reply.error,
            is_caught_up=reply.caught_up,
            is_fenced=reply.fenced,
            should_shut_down=reply.should_shut_down,
        )

    def request_to_wire(self, request: BrokerHeartbeat, names: TopicNames) -> BrokerHeartbeatRequest:
        del names
        return BrokerHeartbeatRequest(
            broker_id=request.broker,
            broker_epoch=request.broker_epoch,
            current_metadata_offset=request.metadata_offset,
            want_shut_down=request.want_shut_down,
        )

    def reply_to_core(self, message: BrokerHeartbeatResponse, names: TopicNames) -> HeartbeatAnswer:
        del names
        return HeartbeatAnswer(
            error_of(message.error_code), message.is_caught_up, message.is_fenced, message.should_shut_down
        )

    def refuse(self, version: int, message: BrokerHeartbeatRequest, error: ErrorCode) -> BrokerHeartbeatResponse:
        del version, message
        return BrokerHeartbeatResponse(error_code=error)
