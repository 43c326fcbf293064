"""Which APIs a listener serves, and the way from a wire message to the core and back.

One rule: a server and a client look nothing up but here. `broker_registry` and `controller_registry` build what a
listener serves; both can also speak for us as a client, of brokers and of the controller.

    server   header, message = decode_request(frame, registry.served)
             registry.to_core(header, message, names)                 -> a core request, or Immediate(reply)
             registry.reply_to_wire(header, request, reply, names)    -> the message to encode
             registry.error_reply(header, message, error)             -> likewise, whatever went wrong
    client   registry.request_to_wire(request, names)                 -> (API key, version, message)
             registry.reply_to_core(api_key, version, message, names) -> the core's reply
"""

from typing import Any

from impl.api.allocate_producer_ids import AllocateProducerIdsHandler
from impl.api.alter_configs import AlterConfigsHandler
from impl.api.alter_partition import AlterPartitionHandler
from impl.api.alter_partition_reassignments import AlterReassignmentsHandler
from impl.api.api_versions import ApiVersionsHandler
from impl.api.assign_replicas_to_dirs import AssignReplicasToDirsHandler
from impl.api.begin_quorum_epoch import BeginQuorumEpochHandler
from impl.api.broker_heartbeat import BrokerHeartbeatHandler
from impl.api.broker_registration import BrokerRegistrationHandler
from impl.api.create_partitions import CreatePartitionsHandler
from impl.api.create_topics import CreateTopicsHandler
from impl.api.delete_records import DeleteRecordsHandler
from impl.api.delete_topics import DeleteTopicsHandler
from impl.api.describe_cluster import DescribeClusterHandler
from impl.api.describe_configs import DescribeConfigsHandler
from impl.api.describe_quorum import DescribeQuorumHandler, WallClock, no_clock
from impl.api.describe_topic_partitions import DescribeTopicPartitionsHandler
from impl.api.elect_leaders import ElectLeadersHandler
from impl.api.end_quorum_epoch import EndQuorumEpochHandler
from impl.api.fetch import FetchHandler
from impl.api.fetch_metadata import FetchMetadataHandler, is_metadata_response
from impl.api.fetch_snapshot import FetchSnapshotHandler
from impl.api.find_coordinator import FindCoordinatorHandler
from impl.api.handler import CoreHandler, Handler, Immediate
from impl.api.incremental_alter_configs import IncrementalAlterConfigsHandler
from impl.api.init_producer_id import InitProducerIdHandler
from impl.api.list_offsets import ListOffsetsHandler
from impl.api.list_partition_reassignments import ListReassignmentsHandler
from impl.api.metadata import MetadataHandler
from impl.api.names import TopicNames
from impl.api.offset_for_leader_epoch import OffsetForLeaderEpochHandler
from impl.api.produce import ProduceHandler
from impl.api.quorum import Endpoints
from impl.api.vote import VoteHandler
from impl.core.messages import Reply, Request
from impl.core.quorum.messages import FetchMetadata, Refused
from impl.core.settings import Voter
from impl.core.types import ErrorCode
from impl.wire.apis import APIS, ApiKey
from impl.wire.framing import RequestHeader
from impl.wire.message import Message
from impl.wire.messages.fetch import FetchResponse

AnyHandler = Handler[Any, Any]
AnyCoreHandler = CoreHandler[Any, Any, Any, Any]

FORWARDED: tuple[type[AnyHandler], ...] = (
    CreateTopicsHandler,
    DeleteTopicsHandler,
    CreatePartitionsHandler,
    AlterReassignmentsHandler,
    ElectLeadersHandler,
    AlterConfigsHandler,
    IncrementalAlterConfigsHandler,
    DescribeQuorumHandler,
)
"""What a broker passes on to the controller."""
BROKER_SERVES: tuple[type[AnyHandler], ...] = (
    *FORWARDED,
    ListReassignmentsHandler,
    DescribeConfigsHandler,
    DescribeClusterHandler,
    DescribeTopicPartitionsHandler,
    ProduceHandler,
    FetchHandler,
    ListOffsetsHandler,
    MetadataHandler,
    FindCoordinatorHandler,
    InitProducerIdHandler,
    OffsetForLeaderEpochHandler,
    DeleteRecordsHandler,
)
CONTROLLER_SERVES: tuple[type[AnyHandler], ...] = (
    FetchMetadataHandler,
    VoteHandler,
    BeginQuorumEpochHandler,
    EndQuorumEpochHandler,
    FetchSnapshotHandler,
    *FORWARDED,
    AlterPartitionHandler,
    BrokerRegistrationHandler,
    BrokerHeartbeatHandler,
    AllocateProducerIdsHandler,
    AssignReplicasToDirsHandler,
)

ADVERTISED_FIRST = {ApiKey.PRODUCE: 0}
"""Where the range we advertise is wider than what we read: Kafka 4 does the same, because librdkafka leaves gzip,
snappy and lz4 away where it does not see the version of Produce that brought each."""


class Registry:
    """What one listener serves, and how we speak to others."""

    def __init__(
        self,
        serves: tuple[type[AnyHandler], ...],
        cluster_id: str,
        message_bytes_max: int,
        voters: tuple[Voter, ...],
        clock: WallClock,
    ) -> None:
        self.produces = ProduceHandler(message_bytes_max)
        handlers = _all_handlers(cluster_id, self.produces, Endpoints(voters), clock)
        self.served: dict[int, AnyHandler] = {handler.key: handler for handler in handlers if type(handler) in serves}
        """The handler of each API key this listener serves; what is not here is UnknownApi to `decode_request`."""
        versions = ApiVersionsHandler([_advertised(key) for key in (*self.served, ApiKey.API_VERSIONS)])
        self.served[ApiKey.API_VERSIONS] = versions
        speaking = [handler for handler in handlers if isinstance(handler, CoreHandler)]
        self._by_request: dict[type, AnyCoreHandler] = {handler.core_request: handler for handler in speaking}
        self._by_key: dict[int, AnyCoreHandler] = {
            handler.key: handler for handler in speaking if handler.core_request is not FetchMetadata
        }

    # ------------------------------------------------------------ as a server
    def to_core(self, header: RequestHeader, message: Message, names: TopicNames) -> Request | Immediate:
        """What a request that `decode_request` has read means, or its answer where none of it is the core's."""
        meant: Any = self.served[header.api_key].request_to_core(header.api_version, message, names)
        translated: Request | Immediate = meant
        return translated

    def reply_to_wire(self, header: RequestHeader, request: Request, reply: Reply, names: TopicNames) -> Message:
        """The core's reply to `request` in the version the request came in."""
        handler = self._by_request[type(request)]
        if type(reply) is Refused:
            refused: Message | None = handler.refuse(
                header.api_version, handler.request_to_wire(request, names), reply.error
            )
            assert refused is not None, "what the controller refuses always wants an answer"
            return refused
        message: Message = handler.reply_to_wire(header.api_version, request, reply, names)
        return message

    def error_reply(self, header: RequestHeader, message: Message, error: ErrorCode) -> Message | None:
        """A reply that refuses the whole request. None where the request wants no reply (Produce with acks 0)."""
        reply: Message | None = self.served[header.api_key].refuse(header.api_version, message, error)
        return reply

    # ------------------------------------------------------------ as a client
    def request_to_wire(self, request: Request, names: TopicNames) -> tuple[ApiKey, int, Message]:
        """(API key, version, message) to send for a request of the core."""
        handler = self._by_request[type(request)]
        return handler.key, handler.sent_version, handler.request_to_wire(request, names)

    def reply_to_core(self, api_key: int, version: int, message: Message, names: TopicNames) -> Reply:
        """What the reply to a request of ours means; `api_key` and `version` are those it was sent with."""
        del version
        handler = self._by_key[api_key]
        if is_refused(message, ErrorCode.NOT_CONTROLLER):
            return Refused(ErrorCode.NOT_CONTROLLER)
        if type(message) is FetchResponse and is_metadata_response(message):
            handler = self._by_request[FetchMetadata]
        reply: Reply = handler.reply_to_core(message, names)
        return reply


def is_refused(message: Message, error: ErrorCode) -> bool:
    """Whether a reply says this error of the whole request, or of each thing that the request named."""
    code = getattr(message, "error_code", None)
    if code is not None and code != 0:
        return bool(code == error)
    for field in message.__struct_fields__:
        parts = getattr(message, field)
        if parts and isinstance(parts, tuple):
            return all(getattr(part, "error_code", None) == error for part in parts)
    return False


def broker_registry(
    *, cluster_id: str = "fencepost", message_bytes_max: int = 1_048_588, clock: WallClock = no_clock
) -> Registry:
    """A broker's listener: clients and followers. `message_bytes_max` is message.max.bytes."""
    return Registry(BROKER_SERVES, cluster_id, message_bytes_max, (), clock)


def controller_registry(
    *,
    cluster_id: str = "fencepost",
    message_bytes_max: int = 1_048_588,
    voters: tuple[Voter, ...] = (),
    clock: WallClock = no_clock,
) -> Registry:
    """A controller's listener: brokers and other controllers. `voters` are controller.quorum.voters."""
    return Registry(CONTROLLER_SERVES, cluster_id, message_bytes_max, voters, clock)


def _all_handlers(
    cluster_id: str, produces: ProduceHandler, endpoints: Endpoints, clock: WallClock
) -> list[AnyHandler]:
    return [
        produces,
        FetchHandler(),
        FetchMetadataHandler(endpoints),
        VoteHandler(endpoints),
        BeginQuorumEpochHandler(endpoints),
        EndQuorumEpochHandler(endpoints),
        FetchSnapshotHandler(endpoints),
        DescribeQuorumHandler(clock),
        ListOffsetsHandler(),
        OffsetForLeaderEpochHandler(),
        MetadataHandler(cluster_id),
        CreateTopicsHandler(),
        DeleteTopicsHandler(),
        CreatePartitionsHandler(),
        AlterReassignmentsHandler(),
        ElectLeadersHandler(),
        AlterConfigsHandler(),
        IncrementalAlterConfigsHandler(),
        ListReassignmentsHandler(),
        DescribeConfigsHandler(),
        DescribeClusterHandler(cluster_id),
        DescribeTopicPartitionsHandler(),
        InitProducerIdHandler(),
        FindCoordinatorHandler(),
        AlterPartitionHandler(),
        BrokerRegistrationHandler(),
        BrokerHeartbeatHandler(),
        AllocateProducerIdsHandler(),
        DeleteRecordsHandler(),
        AssignReplicasToDirsHandler(),
    ]


def _advertised(key: int) -> tuple[int, int, int]:
    api = APIS[key]
    return key, ADVERTISED_FIRST.get(api.key, api.first), api.last
