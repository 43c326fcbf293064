"""The facts of a metadata record: which steps of the model `survival` its commit is.

One rule: facts follow from the record and the image before it, and from nothing else, so that whoever commits a record
- perhaps a later leader of the controllers than the one that wrote it - tells the same.

| record                                   | fact, named like the action                                              |
|------------------------------------------|--------------------------------------------------------------------------|
| PartitionRecord                          | create_partition: the initial state and the first `elect`                |
| PartitionChangeRecord, `why`             | the fact of that name; `about` is who is removed, elected or registered  |
| RegisterBrokerRecord, clean              | register, for every partition of the broker: `restart`                   |
| RegisterBrokerRecord, not clean          | lose_power where the broker is in neither set; where it is a member, the |
|                                          | change that follows tells member_loses_power or leader_loses_power       |
| RemoveTopicRecord                        | delete_partition for each partition: the end of that model               |
| ConfigRecord of whether unclean          | allow_unclean for each partition concerned; for one that is made later,  |
| elections are allowed                    | after its create_partition                                               |
| every other                              | none                                                                     |

A change that makes a leader or a member of one who is fenced or about to stop tells count_on_absent besides (KIP-841):
no controller decides so, and if one does it is judged.

A refusal (refuse_partition) is written nowhere; the controller that refuses tells it.
"""

from collections.abc import Callable
from typing import Any

from impl.core import decided_facts
from impl.core.decided_facts import Fact
from impl.core.facts import BeginPartition
from impl.core.image import MetadataImage
from impl.core.labels import Say
from impl.core.metadata import (
    TOPIC_RESOURCE,
    ConfigRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
)
from impl.core.types import NO_BROKER_EPOCH


def facts_of(record: MetadataRecord, before: MetadataImage, say: Say = str) -> list[Fact]:
    """What the record does to partitions, in the order of their names. `before` must not have it applied yet; `say` is
    what facts call a partition that is in it."""
    match record:
        case PartitionChangeRecord():
            return [_of_change(record, before, say), *_of_the_absent(record, before, say)]
        case PartitionRecord():
            created = decided_facts.CreatePartition(
                partition=say(record.partition),
                replicas=record.replicas,
                isr=record.isr,
                leader=record.leader,
                enough=record.enough,
            )
            return [created, *_allowed_before(record, before, say)]
        case ConfigRecord() if record.name == UNCLEAN:
            return _of_unclean(record, before, say)
        case RegisterBrokerRecord():
            return _of_registration(record, before, say)
        case RemoveTopicRecord():
            topic = before.topics_by_id[record.topic_id]
            return [
                decided_facts.DeletePartition(partition=say(topic.partitions[index].name))
                for index in sorted(topic.partitions)
            ]
    return []


def _of_unclean(record: ConfigRecord, before: MetadataImage, say: Say) -> list[Fact]:
    everywhere = record.resource != TOPIC_RESOURCE
    return [
        decided_facts.AllowUnclean(
            partition=say(each.name), everywhere=everywhere, value=record.value or "", offset=before.offset
        )
        for each in before.partitions()
        if everywhere or each.name.topic == record.resource_name
    ]


def _allowed_before(record: PartitionRecord, before: MetadataImage, say: Say) -> list[Fact]:
    topic = before.topics.get(record.partition.topic)
    own = None if topic is None else topic.configs.get(UNCLEAN)
    return [
        decided_facts.AllowUnclean(
            partition=say(record.partition), everywhere=everywhere, value=value, offset=before.offset
        )
        for everywhere, value in ((True, before.cluster_config(UNCLEAN)), (False, own))
        if value
    ]


def beginnings(image: MetadataImage) -> list[Fact]:
    """What every partition is, for a trace that tells nothing of what was decided before."""
    epochs = {node: broker.epoch for node, broker in image.brokers.items()}
    return [
        BeginPartition(
            partition=str(partition.name),
            replicas=partition.replicas,
            leader=partition.leader,
            leader_epoch=partition.leader_epoch,
            partition_epoch=partition.partition_epoch,
            isr=partition.isr,
            elr=partition.elr,
            enough=partition.enough,
            broker_epochs=tuple(epochs.get(node, NO_BROKER_EPOCH) for node in partition.replicas),
        )
        for partition in image.partitions()
    ]


def _of_registration(record: RegisterBrokerRecord, before: MetadataImage, say: Say) -> list[Fact]:
    told: list[Fact] = []
    for partition in before.partitions():
        if record.broker not in partition.replicas:
            continue
        name, replica = say(partition.name), record.broker
        if record.clean:
            told.append(decided_facts.Register(partition=name, replica=replica, broker_epoch=record.broker_epoch))
        elif replica not in partition.isr and replica not in partition.elr:
            told.append(decided_facts.LosePower(partition=name, replica=replica, broker_epoch=record.broker_epoch))
    return told


def _of_change(record: PartitionChangeRecord, before: MetadataImage, say: Say) -> Fact:
    outcome = {
        "partition": say(record.partition),
        "leader_epoch": record.leader_epoch,
        "partition_epoch": record.partition_epoch,
        "isr": record.isr,
        "elr": record.elr,
        "enough": record.enough,
    }
    return _CHANGES[record.why](record, before, outcome)


def _of_the_absent(record: PartitionChangeRecord, before: MetadataImage, say: Say) -> list[Fact]:
    """Whom the change newly counts on, and the image before it does not."""
    known = before.partition(record.partition)
    added = set(record.isr) if known is None else set(record.isr) - set(known.isr)
    if record.leader >= 0 and (known is None or record.leader_epoch != known.leader_epoch):
        added.add(record.leader)
    return [
        decided_facts.CountOnAbsent(partition=say(record.partition), partition_epoch=record.partition_epoch, node=node)
        for node in sorted(added)
        if not before.is_active(node)
    ]


def _elected(kind: type[Any]) -> "Tell":
    return lambda record, _before, outcome: kind(**outcome, leader=record.leader)


def _removed(kind: type[Any]) -> "Tell":
    return lambda record, _before, outcome: kind(**outcome, removed=record.about)


def _lost_power(kind: type[Any]) -> "Tell":
    def tell(record: PartitionChangeRecord, before: MetadataImage, outcome: dict[str, Any]) -> Fact:
        fact: Fact = kind(**outcome, replica=record.about, broker_epoch=before.brokers[record.about].epoch)
        return fact

    return tell


def _fail_over(record: PartitionChangeRecord, _before: MetadataImage, outcome: dict[str, Any]) -> Fact:
    return decided_facts.FailOver(**outcome, leader=record.leader, removed=record.about)


def _reassign(record: PartitionChangeRecord, _before: MetadataImage, outcome: dict[str, Any]) -> Fact:
    return decided_facts.Reassign(**outcome, leader=record.leader, removed=record.about, replicas=record.replicas)


def _add_replicas(record: PartitionChangeRecord, before: MetadataImage, outcome: dict[str, Any]) -> Fact:
    partition = before.partition(record.partition)
    assert partition is not None, f"a change of {record.partition} precedes its creation in the metadata log"
    added = tuple(node for node in record.replicas if node not in partition.replicas)
    return decided_facts.AddReplicas(**outcome, added=added, replicas=record.replicas)


def _alter_partition(record: PartitionChangeRecord, before: MetadataImage, outcome: dict[str, Any]) -> Fact:
    # A proposal counts only if the leader's newest registration sent it.
    epoch = before.brokers[record.leader].epoch
    return decided_facts.AlterPartition(**outcome, leader=record.leader, broker_epoch=epoch)


def _elect_none(_record: PartitionChangeRecord, _before: MetadataImage, outcome: dict[str, Any]) -> Fact:
    return decided_facts.ElectNone(**outcome)


Tell = Callable[[PartitionChangeRecord, MetadataImage, dict[str, Any]], Fact]

UNCLEAN = "unclean.leader.election.enable"
ELECT = "elect"
ELECT_NONE = "elect_none"
ELECT_ELIGIBLE = "elect_eligible"
ELECT_UNCLEAN = "elect_unclean"
FAIL_OVER = "fail_over"
TAKE_OFFLINE = "take_offline"
FENCE = "fence"
ADD_REPLICAS = "add_replicas"
REASSIGN = "reassign"
ALTER_PARTITION = "alter_partition"
MEMBER_LOSES_POWER = "member_loses_power"
LEADER_LOSES_POWER = "leader_loses_power"

_CHANGES: dict[str, Tell] = {
    ELECT: _elected(decided_facts.Elect),
    ELECT_NONE: _elect_none,
    ELECT_ELIGIBLE: _elected(decided_facts.ElectEligible),
    ELECT_UNCLEAN: _elected(decided_facts.ElectUnclean),
    FAIL_OVER: _fail_over,
    TAKE_OFFLINE: _removed(decided_facts.TakeOffline),
    FENCE: _removed(decided_facts.Fence),
    ADD_REPLICAS: _add_replicas,
    REASSIGN: _reassign,
    ALTER_PARTITION: _alter_partition,
    MEMBER_LOSES_POWER: _lost_power(decided_facts.MemberLosesPower),
    LEADER_LOSES_POWER: _lost_power(decided_facts.LeaderLosesPower),
}
WHYS = frozenset(_CHANGES)
"""What `PartitionChangeRecord.why` may be."""
