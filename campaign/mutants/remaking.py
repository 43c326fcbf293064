"""Planted bugs of topics that go and come: something of the one that is gone is taken for the other's of its name.

One rule: each asks of a topic what it is called, at one place, where it should ask for its id (KIP-516).
"""

from hashlib import sha256

from msgspec.structs import replace

from campaign.mutants.registry import mutant
from impl.core.broker import Broker
from impl.core.clients import Clients
from impl.core.decisions import Decisions
from impl.core.fetch_sessions import FetchSession
from impl.core.fetchers import Fetchers, LeaderLink
from impl.core.metadata import MetadataRecord, TopicRecord
from impl.core.partition import Partition
from impl.core.types import NO_EPOCH, TopicPartition
from impl.storage import checkpoints
from impl.storage.log_directory import LogDirectory


class TakesWhatIsThere(LogDirectory):
    """The directory of a log becomes that of the topic that asks for it."""

    def _check_topic(self, directory: str, topic_id: bytes) -> None:
        path = f"{directory}/{checkpoints.PARTITION_METADATA}"
        self.disk.write_file(path, checkpoints.format_metadata(topic_id))


@mutant("log-of-the-name", "one_topic", "recovery", "log_matching", also=(TakesWhatIsThere,))
class KeepsWhatBearsTheName(Broker):
    """A broker that comes back takes a log on its disk for that of the topic whose name it bears.

    Before KIP-516 a log directory had a name and no topic id. A broker that was down while its topic was deleted and
    made again came back with the old records, and as a leader or in the in-sync set gave them to the new topic.
    """

    def _is_ours(self, partition: Partition) -> bool:
        topic = self.image.topics.get(partition.name.topic)
        if topic is not None and partition.leader_epoch == NO_EPOCH:
            partition.be_of(topic.topic_id)
        return super()._is_ours(partition)


@mutant("id-of-the-name", "no_committed_loss", "epoch_fencing", "log_matching", "heals")
class MakesTheIdOfTheName(Decisions):
    """The id of a topic is made of its name, so that a topic made again has the id of the one before.

    What KIP-516 is against: Kafka draws ids by chance (Uuid.randomUuid), and nothing that is about the topic before
    can be meant for this.
    """

    def decide(self, record: MetadataRecord) -> None:
        if isinstance(record, TopicRecord):
            record = replace(record, topic_id=sha256(record.name.encode()).digest()[:16])
        super().decide(record)


class SessionsOfNames(Clients):
    """Sessions as they are but for one question."""

    def _names_others(self, session: FetchSession) -> bool:
        del session
        return False


class LinkOfNames(LeaderLink):
    """A follower that asks for what it followed as if it were the same."""

    def follow(self, partition: Partition) -> None:
        self._told_of.clear()
        super().follow(partition)

    def unfollow(self, partition: Partition) -> None:
        if self.followed.pop(partition.name, None) is not None and self._member.image.partition(partition.name) is None:
            self._anew = True


class FetchersOfNames(Fetchers):
    """All links are such."""

    link_class = LinkOfNames


@mutant("session-of-the-name", "epoch_fencing", "heals")
class GoesOnWithTheName(Broker):
    """A fetch session goes on when a topic of it is gone, and another one has its name.

    The session holds names (KIP-227), and what was asked for the topic before is counted for the next one: as if its
    followers had fetched. KIP-516 gave the session ids, and KAFKA-13111 the ways to refuse it.
    """

    clients_class = SessionsOfNames
    fetchers_class = FetchersOfNames


@mutant("checkpoints-of-the-name", "recovery", "high_watermark_bound", "log_matching")
class BelievesOldCheckpoints(LogDirectory):
    """What the checkpoints say of a deleted log is believed of the new one of its name, until they are written next.

    Kafka's LogManager takes the recovery point and the start of a log that it deletes out of its checkpoints in
    asyncDelete; replication-offset-checkpoint is written anew by and by.
    """

    def _forget(self, partition: TopicPartition) -> None:
        del partition


@mutant("deleted-when-there-is-time", "recovery", "heals")
class DeletesLater(LogDirectory):
    """A deleted log leaves memory at once, and its directory keeps its name until somebody finds the time.

    KAFKA-1911 made deletion asynchronous, and for that reason renames the directory first: else the topic's next log
    is made in a directory that has the records of the one before.
    """

    def delete(self, partition: TopicPartition, topic_id: bytes) -> None:
        directory = str(partition)
        if partition in self.logs and self._read_topic_id(directory) == topic_id:
            log = self.logs.pop(partition)
            log.release()
            self.trash.put(directory, log.config.file_delete_delay_ms)
