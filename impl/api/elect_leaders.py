"""ElectLeaders: from clients to any broker, and from that broker to the controller (KIP-183, KIP-460).

One rule: version 0 knows preferred elections only, and is answered as if it had said so.
"""

from itertools import groupby

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import TopicNames
from impl.core.admin_messages import ElectedLeaders, ElectLeaders, PartitionOutcome
from impl.core.types import ErrorCode, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.elect_leaders import (
    ElectLeadersRequest,
    ElectLeadersResponse,
    PartitionResult,
    ReplicaElectionResult,
    TopicPartitions,
)

PREFERRED, UNCLEAN = 0, 1


class ElectLeadersHandler(CoreHandler[ElectLeadersRequest, ElectLeadersResponse, ElectLeaders, ElectedLeaders]):
    key = ApiKey.ELECT_LEADERS
    core_request = ElectLeaders
    sent_version = 2

    def request_to_core(
        self, version: int, message: ElectLeadersRequest, names: TopicNames
    ) -> ElectLeaders | Immediate:
        del names
        if message.election_type not in (PREFERRED, UNCLEAN):
            return Immediate(self.refuse(version, message, ErrorCode.INVALID_REQUEST))
        asked = message.topic_partitions
        if asked is None:
            return ElectLeaders(None, message.timeout, message.election_type == UNCLEAN)
        partitions = tuple(TopicPartition(topic.topic, index) for topic in asked for index in topic.partitions)
        return ElectLeaders(partitions, message.timeout, message.election_type == UNCLEAN)

    def reply_to_wire(
        self, version: int, request: ElectLeaders, reply: ElectedLeaders, names: TopicNames
    ) -> ElectLeadersResponse:
        del version, request, names
        topics = groupby(reply.partitions, key=lambda each: each.partition.topic)
        return ElectLeadersResponse(
            replica_election_results=tuple(
                ReplicaElectionResult(
                    topic=topic,
                    partition_result=tuple(
                        PartitionResult(
                            partition_id=each.partition.index, error_code=each.error, error_message=each.message
                        )
                        for each in outcomes
                    ),
                )
                for topic, outcomes in topics
            )
        )

    def request_to_wire(self, request: ElectLeaders, names: TopicNames) -> ElectLeadersRequest:
        del names
        kind = UNCLEAN if request.unclean else PREFERRED
        if request.partitions is None:
            return ElectLeadersRequest(topic_partitions=None, timeout=request.timeout_ms, election_type=kind)
        topics = groupby(request.partitions, key=lambda name: name.topic)
        return ElectLeadersRequest(
            topic_partitions=tuple(
                TopicPartitions(topic=topic, partitions=tuple(name.index for name in asked)) for topic, asked in topics
            ),
            timeout=request.timeout_ms,
            election_type=kind,
        )

    def reply_to_core(self, message: ElectLeadersResponse, names: TopicNames) -> ElectedLeaders:
        del names
        return ElectedLeaders(
            tuple(
                PartitionOutcome(
                    TopicPartition(topic.topic, part.partition_id), error_of(part.error_code), part.error_message
                )
                for topic in message.replica_election_results
                for part in topic.partition_result
            )
        )

    def refuse(self, version: int, message: ElectLeadersRequest, error: ErrorCode) -> ElectLeadersResponse:
        """Version 0 has no error for the whole: each partition asked for carries it."""
        del version
        return ElectLeadersResponse(
            error_code=error,
            replica_election_results=tuple(
                ReplicaElectionResult(
                    topic=topic.topic,
                    partition_result=tuple(
                        PartitionResult(partition_id=index, error_code=error) for index in topic.partitions
                    ),
                )
                for topic in message.topic_partitions or ()
            ),
        )
