"""AssignReplicasToDirs: a broker tells the controller which replicas lie in a directory that has failed (KIP-858).

One rule: only the directory that stands for those lost is heard. In which of its working directories a broker keeps a
replica is its own business here; Kafka's controller keeps book of it.
"""

from itertools import groupby

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames, id_for, name_for
from impl.core.controller_messages import LoseReplicas, LostReplicas
from impl.core.types import BrokerEpoch, ErrorCode, NodeId, TopicPartition
from impl.wire.apis import ApiKey
from impl.wire.messages.assign_replicas_to_dirs import (
    AssignReplicasToDirsRequest,
    AssignReplicasToDirsResponse,
    DirectoryData,
    DirectoryResult,
    PartitionData,
    PartitionResult,
    TopicData,
    TopicResult,
)

LOST = bytes(15) + b"\x01"
"""Kafka's DirectoryId.LOST."""


class AssignReplicasToDirsHandler(
    CoreHandler[AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, LoseReplicas, LostReplicas]
):
    key = ApiKey.ASSIGN_REPLICAS_TO_DIRS
    core_request = LoseReplicas
    sent_version = 0

    def request_to_core(self, version: int, message: AssignReplicasToDirsRequest, names: TopicNames) -> LoseReplicas:
        del version
        return LoseReplicas(
            broker=NodeId(message.broker_id),
            broker_epoch=BrokerEpoch(message.broker_epoch),
            partitions=tuple(
                TopicPartition(name_for(topic.topic_id, names), part.partition_index)
                for directory in message.directories
                if directory.id_ == LOST
                for topic in directory.topics
                for part in topic.partitions
            ),
        )

    def reply_to_wire(
        self, version: int, request: LoseReplicas, reply: LostReplicas, names: TopicNames
    ) -> AssignReplicasToDirsResponse:
        del version
        if reply.error:
            return AssignReplicasToDirsResponse(error_code=reply.error)
        topics = groupby(request.partitions, key=lambda partition: partition.topic)
        results = tuple(
            TopicResult(
                topic_id=id_for(name, names),
                partitions=tuple(PartitionResult(partition_index=partition.index) for partition in partitions),
            )
            for name, partitions in topics
        )
        return AssignReplicasToDirsResponse(directories=(DirectoryResult(id_=LOST, topics=results),))

    def request_to_wire(self, request: LoseReplicas, names: TopicNames) -> AssignReplicasToDirsRequest:
        topics = groupby(request.partitions, key=lambda partition: partition.topic)
        lost = tuple(
            TopicData(
                topic_id=id_for(name, names),
                partitions=tuple(PartitionData(partition_index=partition.index) for partition in partitions),
            )
            for name, partitions in topics
        )
        return AssignReplicasToDirsRequest(
            broker_id=request.broker,
            broker_epoch=request.broker_epoch,
            directories=(DirectoryData(id_=LOST, topics=lost),),
        )

    def reply_to_core(self, message: AssignReplicasToDirsResponse, names: TopicNames) -> LostReplicas:
        del names
        return LostReplicas(error_of(message.error_code))

    def refuse(
        self, version: int, message: AssignReplicasToDirsRequest, error: ErrorCode
    ) -> AssignReplicasToDirsResponse:
        del version, message
        return AssignReplicasToDirsResponse(error_code=error)
