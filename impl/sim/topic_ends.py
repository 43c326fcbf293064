"""What is left of topics that were deleted, when the cluster has healed: nothing, and nobody knows of them.

One rule: this looks at nodes from outside, as an operator would who reads their disks and asks each for its metadata.
"""

import re

from impl.core.image import MetadataImage
from impl.host.broker import BrokerHost
from impl.sim.field import Field
from impl.storage import checkpoints

_LOG = re.compile(r"[A-Za-z0-9._-]+-[0-9]+")


def ails(field: Field, decided: MetadataImage | None) -> str:
    """What of topics is not yet as the active controller has it, in words; empty: all is."""
    if decided is None:
        return "no controller decides"
    topics = {name: topic.topic_id for name, topic in decided.topics.items()}
    for process in field.nodes:
        host = process.host
        if not process.alive or not isinstance(host, BrokerHost):
            continue
        if host.broker.fenced:
            return f"{process.name} has not registered, or is fenced"
        known = {name: topic.topic_id for name, topic in host.broker.image.topics.items()}
        if known != topics:
            return f"{process.name} knows other topics than the controllers"
        for name, partition in sorted(host.broker.partitions.items()):
            if partition.topic_id != topics.get(name.topic):
                return f"{process.name} has a replica of {name}, of a topic that is deleted"
        disk = process.disk
        assert disk is not None
        for directory in disk.list(""):
            metadata = f"{directory}/{checkpoints.PARTITION_METADATA}"
            if _LOG.fullmatch(directory) and disk.exists(metadata):
                topic_id = checkpoints.parse_metadata(metadata, disk.read_file(metadata))
                if topic_id not in topics.values():
                    return f"{process.name} has {directory} on its disk, of a topic that is deleted"
    return ""
