"""Planted bugs of what is answered, and when: to clients, to followers, and to brokers that want to be counted on."""

from msgspec.structs import replace

from campaign.mutants.registry import mutant
from impl.core.clients import Clients
from impl.core.controller_messages import RegisterBroker, RegisteredBroker
from impl.core.decisions import Decisions
from impl.core.events import Effect, SendReply
from impl.core.image import BrokerImage
from impl.core.messages import DescribedTopics, DescribeTopics, FetchedPartition, FetchPartition
from impl.core.metadata import ConfigRecord, MetadataRecord
from impl.core.partition import Partition
from impl.core.sessions import NO_OFFSET, Session, Sessions
from impl.core.topics import Topics
from impl.core.types import NO_BROKER_EPOCH, NO_ERROR, BrokerEpoch, Connection, ErrorCode, Millis, NodeId, Offset


@mutant("refuses-the-answered", "answered_once")
class RefusesWhoWasAnswered(Partition):
    """A leader that resigns refuses whoever waits for the high watermark, also who was answered in the meantime.

    A produce that has waited for as long as its client allows is answered with REQUEST_TIMED_OUT and stays in the list
    of those who wait. Kafka's DelayedOperation has a flag for it (`completed`, set once), because a watcher's list is
    cleaned up later than the operation ends; a second answer would be taken for that to the next request.
    """

    __slots__ = ()

    def resign(self, out: list[Effect], error: ErrorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER) -> None:
        answered = [produce for produce in self.waiting.items if produce.done]
        super().resign(out, error)
        for produce in answered:
            self.refuse(produce.parked, produce.index, error, out)


@mutant("waits-in-line", "answered_in_time")
class LooksAtTheFirst(Clients):
    """Requests that wait stand in a line, and only the first is asked whether its time is up.

    As if all waited equally long. A fetch that may wait for a fifth of a second stands behind a produce that may wait
    for half of one. Kafka keeps them on a wheel of timers, by when they expire (kafka.utils.timer.TimingWheel).
    """

    __slots__ = ()

    def expire(self, now: Millis, out: list[Effect]) -> None:
        line = self._parked.take()
        while line and (line[0].done or line[0].deadline <= now):
            first = line.pop(0)
            if not first.done:
                first.expire(out)
        for parked in line:
            self._parked.add(parked)
        self.due = Millis(now + 1)


@mutant("beyond-the-watermark-refused", "right_error")
class RefusesBeyondTheWatermark(Partition):
    """A consumer that asks for what lies between the high watermark and the log's end is told that it is out of range.

    What a follower's watermark lags behind is no reason to start over: a consumer that believes it goes back to where
    auto.offset.reset says. KIP-207 and KIP-392 (KAFKA-8443) say that the answer is empty, or that the offset is not
    available yet.
    """

    __slots__ = ()

    def admit(
        self,
        asked: FetchPartition,
        replica: NodeId,
        now: Millis,
        out: list[Effect],
        broker_epoch: BrokerEpoch = NO_BROKER_EPOCH,
    ) -> FetchedPartition | None:
        beyond = asked.rack is not None and asked.fetch_offset > self.high_watermark
        if beyond and self.refusal(asked) is NO_ERROR:
            return FetchedPartition(
                partition=asked.partition,
                error=ErrorCode.OFFSET_OUT_OF_RANGE,
                high_watermark=Offset(-1),
                log_start=self.log_start,
            )
        return super().admit(asked, replica, now, out, broker_epoch)


@mutant("unfences-the-ignorant", "knows_first")
class CountsOnWhoHasNotRead(Sessions):
    """A broker that comes back is counted on from its first heartbeat on, whatever it has read of the metadata.

    It may be elected by then, and goes by what was decided before it went: clients are sent to a broker that refuses
    them.
    Kafka's controller compares the offset in each heartbeat with that of the broker's registration (KIP-631,
    BrokerHeartbeatManager.calculateNextBrokerState).
    """

    def register(self, request: RegisterBroker, now: Millis) -> RegisteredBroker:
        again = request.broker in self._sessions
        registered = super().register(request, now)
        if again and registered.error is NO_ERROR:
            self._sessions[request.broker].must_know = Offset(0)
        return registered


@mutant("moves-when-all-have-all", "watermark_due")
class WaitsForEverything(Partition):
    """The high watermark moves only when the whole in-sync set has everything.

    Whoever checks "are all caught up" for "how far have all come" moves it late while records keep coming, and a
    producer with acks=all waits for those of others. Kafka takes the least position (Partition.maybeIncrementLeaderHW).
    """

    __slots__ = ()

    def watermark_candidate(self) -> Offset:
        lowest = super().watermark_candidate()
        return lowest if lowest == self.log_end else self.high_watermark


@mutant("configured-for-itself", "obeyed")
class ConfiguresItself(Decisions):
    """A second change of a configuration is applied where it is decided, and not written to the metadata log.

    As a controller would that looks whether there is such a record already, and not what it says: the operator is told
    that it is done, the controller goes by it, and brokers, and the next controller, never hear of it.
    """

    def decide(self, record: MetadataRecord) -> None:
        if isinstance(record, ConfigRecord) and self._is_set(record):
            self.image.topics[record.resource_name].configs[record.name] = record.value or ""
        else:
            super().decide(record)

    def _is_set(self, record: ConfigRecord) -> bool:
        topic = self.image.topics.get(record.resource_name)
        return topic is not None and record.name in topic.configs


@mutant("stopping-and-not-in-the-book", "address_book")
class LeavesOutTheStopping(Topics):
    """A broker that is about to stop is left out of the addresses that clients are told.

    Whoever may not lead any more (KIP-841) is taken for gone, and a broker that waits for leave to stop leads what
    nobody else can: its clients are told that it leads, and not where it is. Kafka's brokers list whoever is not fenced
    (KRaftMetadataCache.getAliveBrokers).
    """

    __slots__ = ()

    def describe(
        self, connection: Connection, correlation: int, request: DescribeTopics, now: Millis, out: list[Effect]
    ) -> None:
        super().describe(connection, correlation, request, now, out)
        is_active = self._member.image.is_active
        for place, effect in enumerate(out):
            if type(effect) is SendReply and type(effect.reply) is DescribedTopics:
                staying = tuple(each for each in effect.reply.brokers if is_active(each.node))
                out[place] = replace(effect, reply=replace(effect.reply, brokers=staying))


@mutant("waits-for-the-newest", "let_go")
class WaitsForTheNewest(Sessions):
    """A broker may stop when all have read everything there is, and not when they have read where its leaderships went.

    Whatever else is decided meanwhile is waited for as well, and a busy cluster lets nobody go: the broker stops
    without leave in the end. Kafka's controller keeps the offset of the broker's own stop
    (BrokerHeartbeatManager.maybeUpdateControlledShutdownOffset).
    """

    def may_stop(self, broker: BrokerImage, session: Session) -> bool:
        session.stops_at = NO_OFFSET
        return super().may_stop(broker, session)
