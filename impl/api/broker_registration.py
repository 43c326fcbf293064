"""BrokerRegistration: a broker's process makes itself known to the controller (KIP-500).

One rule: a broker has one listener, and that is the one it registers. Of a registration with several the first counts.
"""

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import TopicNames
from impl.core.controller_messages import RegisterBroker, RegisteredBroker
from impl.core.types import BrokerEpoch, ErrorCode, NodeId
from impl.wire.apis import ApiKey
from impl.wire.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse, Listener

LISTENER_NAME = "PLAINTEXT"


class BrokerRegistrationHandler(
    CoreHandler[BrokerRegistrationRequest, BrokerRegistrationResponse, RegisterBroker, RegisteredBroker]
):
    key = ApiKey.BROKER_REGISTRATION
    core_request = RegisterBroker
    sent_version = 4

    def request_to_core(
        self, version: int, message: BrokerRegistrationRequest, names: TopicNames
    ) -> RegisterBroker | Immediate:
        del names
        if not message.listeners:
            return Immediate(self.refuse(version, message, ErrorCode.INVALID_REQUEST))
        listener = message.listeners[0]
        return RegisterBroker(
            broker=NodeId(message.broker_id),
            incarnation=message.incarnation_id,
            cluster_id=message.cluster_id,
            host=listener.host,
            port=listener.port,
            previous_broker_epoch=BrokerEpoch(message.previous_broker_epoch),
            rack=message.rack,
        )

    def reply_to_wire(
        self, version: int, request: RegisterBroker, reply: RegisteredBroker, names: TopicNames
    ) -> BrokerRegistrationResponse:
        del version, request, names
        return BrokerRegistrationResponse(error_code=reply.error, broker_epoch=reply.broker_epoch)

    def request_to_wire(self, request: RegisterBroker, names: TopicNames) -> BrokerRegistrationRequest:
        del names
        return BrokerRegistrationRequest(
            broker_id=request.broker,
            cluster_id=request.cluster_id,
            incarnation_id=request.incarnation,
            listeners=(Listener(name=LISTENER_NAME, host=request.host, port=request.port),),
            previous_broker_epoch=request.previous_broker_epoch,
            rack=request.rack,
        )

    def reply_to_core(self, message: BrokerRegistrationResponse, names: TopicNames) -> RegisteredBroker:
        del names
        return RegisteredBroker(error_of(message.error_code), BrokerEpoch(message.broker_epoch))

    def refuse(self, version: int, message: BrokerRegistrationRequest, error: ErrorCode) -> BrokerRegistrationResponse:
        del version, message
        return BrokerRegistrationResponse(error_code=error)
