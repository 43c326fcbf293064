"""What operators ask of controllers, and what brokers tell them, in the words of `invariants.answers.orders`.

One rule: a subject is one configuration of one topic or of every broker, or the replicas of one partition. Of an order
that replaces a whole configuration every subject is wished for: what it does not name shall be nothing.
"""

from collections.abc import Iterable, Iterator

from impl.core.admin_messages import (
    AlterConfig,
    AlterConfigs,
    AlteredConfigs,
    AlteredReassignments,
    AlterReassignments,
    ConfigOutcome,
    DescribedConfigs,
    DescribedResources,
    PartitionOutcome,
    Reassignment,
    ReplaceConfigs,
    ReplacedConfigs,
)
from impl.core.config_changes import BROKER_KEYS
from impl.core.effective_configs import CLUSTER, TOPIC
from impl.core.image import CLUSTER_DEFAULT, MetadataImage
from impl.core.messages import Reply, Request
from impl.core.metadata import BROKER_RESOURCE, TOPIC_RESOURCE
from impl.core.topic_configs import KEYS
from impl.core.types import NO_ERROR, NodeId
from invariants.answers.orders import Wish

OF_CONFIGURATIONS = AlterConfigs | ReplaceConfigs
EVERY_BROKER = "every broker"
OF = " of "


def wishes(request: Request, image: MetadataImage) -> list[Wish]:
    """What an operator wants, and whether it can be had by what the controller knows."""
    if isinstance(request, OF_CONFIGURATIONS):
        return [
            Wish(_subject(each.resource, each.name, name), value)
            for each in request.resources
            for name, value in _set_to(each, whole=isinstance(request, ReplaceConfigs)).items()
        ]
    assert isinstance(request, AlterReassignments), f"no operator of the simulation sends {type(request).__name__}"
    return [_of_replicas(each, image) for each in request.partitions]


def errors(reply: Reply, wanted: Iterable[Wish]) -> list[str] | None:
    """Wish by wish. None: it is no answer of the active controller."""
    if isinstance(reply, AlteredConfigs | ReplacedConfigs):
        refusals = {_subject(each.resource, each.name): _refusal(each) for each in reply.resources}
        return [refusals[wish.subject.partition(OF)[2]] for wish in wanted]
    if isinstance(reply, AlteredReassignments):
        return [_refusal(each) for each in reply.partitions]
    return None


def known(image: MetadataImage) -> dict[str, str]:
    """What a broker has read of what operators may want."""
    found = {
        _subject(TOPIC_RESOURCE, topic.name, name): value
        for topic in image.topics.values()
        for name, value in topic.configs.items()
    }
    of_all = image.broker_configs.get(CLUSTER_DEFAULT, {})
    found |= {_subject(BROKER_RESOURCE, CLUSTER_DEFAULT, name): value for name, value in of_all.items()}
    for partition in image.partitions():
        # Whoever is to go counts until it has gone: in the end all who were to come are in sync.
        found[f"replicas of {partition.name}"] = _nodes(partition.replicas)
    return found


def told(reply: DescribedResources) -> Iterator[tuple[str, str]]:
    """What a broker says is set, and what is not, subject by subject, where it was asked for everything."""
    for each in reply.resources:
        if each.error is NO_ERROR and each.resource == TOPIC_RESOURCE:
            yield from _told_of_topic(each)
        elif each.error is NO_ERROR and each.name == CLUSTER_DEFAULT:
            values = {config.name: config.value or "" for config in each.configs}
            for name in sorted(BROKER_KEYS.keys() | values.keys()):
                yield _subject(each.resource, each.name, name), values.get(name, "")


def _told_of_topic(described: DescribedConfigs) -> Iterator[tuple[str, str]]:
    """A value is set where it is said to be from, and nowhere nearer."""
    for config in described.configs:
        value = config.value or ""
        yield _subject(TOPIC_RESOURCE, described.name, config.name), value if config.source == TOPIC else ""
        of_broker = KEYS[config.name].broker_name
        if of_broker and config.source != TOPIC:
            value = value if config.source == CLUSTER else ""
            yield _subject(BROKER_RESOURCE, CLUSTER_DEFAULT, of_broker), value


# ---------------------------------------------------------------- helpers
def _subject(resource: int, name: str, config: str = "") -> str:
    """A configuration of a resource; without one, the resource."""
    whose = name or EVERY_BROKER if resource == BROKER_RESOURCE else name
    return f"{config}{OF}{whose}" if config else whose


def _set_to(wanted: AlterConfig, *, whole: bool) -> dict[str, str]:
    names = KEYS if wanted.resource == TOPIC_RESOURCE else BROKER_KEYS
    values = dict.fromkeys(sorted(names), "") if whole else {}
    return values | {change.name: change.value or "" for change in wanted.changes}


def _of_replicas(wanted: Reassignment, image: MetadataImage) -> Wish:
    """Who gives up a reassignment wants those who were there before it; one of them must have it all (KIP-455)."""
    subject = f"replicas of {wanted.partition}"
    if wanted.replicas is not None:
        return Wish(subject, _nodes(wanted.replicas), _can_hold(wanted.replicas, image))
    known = image.partition(wanted.partition)
    if known is None or not (known.adding or known.removing):
        return Wish(subject, "", possible=False)
    former = [node for node in known.replicas if node not in known.adding]
    return Wish(subject, _nodes(former), any(node in former for node in (*known.isr, *known.elr)))


def _can_hold(replicas: tuple[NodeId, ...], image: MetadataImage) -> bool:
    """These may have a partition: all of them are registered, none is named twice, and one is there (Kafka's
    ReplicationControlManager.validateManualPartitionAssignment)."""
    registered = all(node in image.brokers for node in replicas) and len(set(replicas)) == len(replicas)
    return registered and any(map(image.is_active, replicas))


def _nodes(replicas: Iterable[int]) -> str:
    return " ".join(map(str, sorted(replicas)))


def _refusal(outcome: ConfigOutcome | PartitionOutcome) -> str:
    return f"{outcome.error.name}, {outcome.message}" if outcome.error else ""
