"""AlterPartition: a leader proposes a new in-sync set, compared and set at the controller (KIP-497).

One rule: a member whose broker epoch nobody says has -1, and what that means is the controller's to say (KIP-903).
"""

from itertools import groupby, zip_longest

from impl.api.handler import CoreHandler, error_of
from impl.api.names import TopicNames, error_for, id_for, name_for
from impl.core.controller_messages import AlteredIsr, AlteredPartition, AlterIsr, AlterPartition
from impl.core.types import (
    NO_BROKER_EPOCH,
    BrokerEpoch,
    ErrorCode,
    LeaderEpoch,
    NodeId,
    PartitionEpoch,
    TopicPartition,
)
from impl.wire.apis import ApiKey
from impl.wire.messages.alter_partition import (
    AlterPartitionRequest,
    AlterPartitionRequestPartition,
    AlterPartitionRequestTopic,
    AlterPartitionResponse,
    AlterPartitionResponsePartition,
    AlterPartitionResponseTopic,
    BrokerState,
)

MEMBERS_WITH_EPOCHS_FROM = 3
RECOVERED, RECOVERING = 0, 1


class AlterPartitionHandler(
    CoreHandler[AlterPartitionRequest, AlterPartitionResponse, AlterPartition, AlteredPartition]
):
    key = ApiKey.ALTER_PARTITION
    core_request = AlterPartition
    sent_version = 3

    def request_to_core(self, version: int, message: AlterPartitionRequest, names: TopicNames) -> AlterPartition:
        return AlterPartition(
            NodeId(message.broker_id),
            BrokerEpoch(message.broker_epoch),
            tuple(
                AlterIsr(
                    partition=TopicPartition(name_for(topic.topic_id, names), part.partition_index),
                    leader_epoch=LeaderEpoch(part.leader_epoch),
                    partition_epoch=PartitionEpoch(part.partition_epoch),
                    isr=_members(version, part),
                    broker_epochs=_broker_epochs(version, part),
                    recovering=part.leader_recovery_state == RECOVERING,
                )
                for topic in message.topics
                for part in topic.partitions
            ),
        )

    def reply_to_wire(
        self, version: int, request: AlterPartition, reply: AlteredPartition, names: TopicNames
    ) -> AlterPartitionResponse:
        del version, request
        topics = groupby(reply.partitions, key=lambda part: part.partition.topic)
        return AlterPartitionResponse(
            error_code=reply.error,
            topics=tuple(
                AlterPartitionResponseTopic(
                    topic_id=id_for(name, names), partitions=tuple(_altered_to_wire(part) for part in parts)
                )
                for name, parts in topics
            ),
        )

    def request_to_wire(self, request: AlterPartition, names: TopicNames) -> AlterPartitionRequest:
        topics = groupby(request.partitions, key=lambda part: part.partition.topic)
        return AlterPartitionRequest(
            broker_id=request.broker,
            broker_epoch=request.broker_epoch,
            topics=tuple(
                AlterPartitionRequestTopic(
                    topic_id=id_for(name, names), partitions=tuple(_proposal_to_wire(part) for part in parts)
                )
                for name, parts in topics
            ),
        )

    def reply_to_core(self, message: AlterPartitionResponse, names: TopicNames) -> AlteredPartition:
        return AlteredPartition(
            error_of(message.error_code),
            tuple(
                AlteredIsr(
                    partition=TopicPartition(name_for(topic.topic_id, names), part.partition_index),
                    error=error_of(part.error_code),
                    leader=NodeId(part.leader_id),
                    leader_epoch=LeaderEpoch(part.leader_epoch),
                    partition_epoch=PartitionEpoch(part.partition_epoch),
                    isr=tuple(map(NodeId, part.isr)),
                )
                for topic in message.topics
                for part in topic.partitions
            ),
        )

    def refuse(self, version: int, message: AlterPartitionRequest, error: ErrorCode) -> AlterPartitionResponse:
        del version, message
        return AlterPartitionResponse(error_code=error)


def _members(version: int, part: AlterPartitionRequestPartition) -> tuple[NodeId, ...]:
    if version < MEMBERS_WITH_EPOCHS_FROM:
        return tuple(map(NodeId, part.new_isr))
    return tuple(NodeId(member.broker_id) for member in part.new_isr_with_epochs)


def _broker_epochs(version: int, part: AlterPartitionRequestPartition) -> tuple[BrokerEpoch, ...]:
    if version < MEMBERS_WITH_EPOCHS_FROM:
        return ()
    return tuple(BrokerEpoch(member.broker_epoch) for member in part.new_isr_with_epochs)


def _proposal_to_wire(part: AlterIsr) -> AlterPartitionRequestPartition:
    return AlterPartitionRequestPartition(
        partition_index=part.partition.index,
        leader_epoch=part.leader_epoch,
        new_isr=part.isr,
        new_isr_with_epochs=tuple(
            BrokerState(broker_id=member, broker_epoch=epoch)
            for member, epoch in zip_longest(part.isr, part.broker_epochs, fillvalue=NO_BROKER_EPOCH)
        ),
        leader_recovery_state=RECOVERING if part.recovering else RECOVERED,
        partition_epoch=part.partition_epoch,
    )


def _altered_to_wire(part: AlteredIsr) -> AlterPartitionResponsePartition:
    return AlterPartitionResponsePartition(
        partition_index=part.partition.index,
        error_code=error_for(part.partition.topic, part.error),
        leader_id=part.leader,
        leader_epoch=part.leader_epoch,
        isr=part.isr,
        partition_epoch=part.partition_epoch,
    )
