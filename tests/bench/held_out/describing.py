"""Held-out bugs of metadata: what snapshots and images say, and what brokers do when it changes."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "deleted-in-a-snapshot",
        "A broker that reads a snapshot acts on what is in it, and not on what is gone.",
        "impl.core.metadata_reader",
        "        names |= {partition.name for partition in image.partitions()}\n",
        "        names = {partition.name for partition in image.partitions()}\n",
    ),
    Edit(
        "snapshot-without-eligible",
        "A snapshot of the metadata leaves out the eligible leader replicas.",
        "impl.core.quorum.snapshots",
        "        elr=partition.elr,\n",
        "        elr=(),\n",
    ),
    Edit(
        "old-log-for-a-new-topic",
        "A log is kept where a topic of its name exists, whichever topic it was of.",
        "impl.core.broker",
        "            and topic.topic_id == partition.topic_id\n",
        "            and topic.name == partition.name.topic\n",
    ),
    Edit(
        "configured-once",
        "A partition is told its configuration when it is made, and no changes of it.",
        "impl.core.broker",
        "if partition.leader_epoch == NO_EPOCH or partition.configs != configs:",
        "if partition.leader_epoch == NO_EPOCH:",
    ),
    Edit(
        "snapshot-on-top",
        "A snapshot is read into the image that is there, and nothing of that is forgotten.",
        "impl.core.image",
        "        MetadataImage.__init__(self)\n        self.topics_gone",
        "        self.topics_gone",
    ),
)
