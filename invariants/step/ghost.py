"""What must be true of every replica by the facts so far: the ghost state that invariants are judged on.

One rule: the ghost is moved by facts and faults alone and costs what a fact touches; nothing here judges.

A crash means that the node does not run. What its disk holds is known again from its `Restart` fact, tail included,
because a crash may have completed the step it cut short. A node that is back is not yet a *candidate*: the controller
still knows its former process, and will not have registered the new one. It counts again when it follows or leads.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from invariants.step.log import EMPTY, GhostLog, Prefixes
from traces.beginnings import joins, whole
from traces.facts import AcknowledgeProduce, BeginReplica, Content, Restart

NOBODY = -1
SEQUENCES = 2**31
"""Sequences of producers wrap there."""


@dataclass(slots=True)
class Replica:
    """One node's part in one partition."""

    node: int
    log: GhostLog = field(default_factory=GhostLog)
    high_watermark: int = 0
    start: int = 0
    """Where its log begins: what is below is deleted, and in `log` all the same."""
    furthest_start: int = 0
    """The furthest that a log of it has ever begun, be it on a disk that is lost by now: what was due then is due."""
    found_at: int = 0
    """Where the log begins that its process found on its disk, until its `Restart`."""
    leader_epoch: int = -1
    """The newest it acted in. It survives a restart: a process must not fall behind what its predecessor did."""
    leading: bool = False
    running: bool = True
    counts: bool = True
    """Runs as the process that the controller knows: led or followed since it started."""
    maximal_isr: tuple[int, ...] = ()
    """Whom it counts as a leader: the in-sync set it knows, and whom it has proposed to add."""
    asked: dict[int, int] = field(default_factory=dict)
    """Leader epoch -> the highest offset it fetched from, as a replica, in that epoch."""
    reconciled: int = -1
    """The last leader epoch in which its log was confirmed, or written, by the leader."""
    sends_as: int = -1
    """The registration (broker epoch) under which it last fetched."""
    counted_as: dict[int, int] = field(default_factory=dict)
    """As a leader, in its epoch: follower -> the registration under which that one showed its position."""
    shown: dict[int, int] = field(default_factory=dict)
    """As a leader, in its epoch: follower -> the position that one showed last."""
    may_commit: bool = True
    """As a leader: the version it knows has min.insync.replicas members in sync."""
    began_in: int = -1
    """The newest leader epoch when its node deleted the log of the replica that it was before; -1: it was none. What
    leaders of older epochs count is that one's."""
    keeps_all: bool = False
    """Its process ended without loss of power, and not while it was looking for where to cut its log."""

    def begins_at(self, offset: int) -> None:
        """What is below is deleted, or never was in this log."""
        self.start = offset
        self.furthest_start = max(self.furthest_start, offset)


@dataclass(slots=True)
class Partition:
    """One partition: its replicas, what the controller decided, and what was committed and promised."""

    name: str
    replicas: dict[int, Replica] = field(default_factory=dict)
    prefixes: Prefixes = field(default_factory=Prefixes)
    committed: GhostLog = field(default_factory=GhostLog)
    """The ghost: every batch below a high watermark that a leader ever set."""
    promises: dict[int, AcknowledgeProduce] = field(default_factory=dict)
    """Base offset -> the last acks=all answer given for it."""
    unsettled: dict[int, AcknowledgeProduce] = field(default_factory=dict)
    """Promises the committed prefix does not reach; empty in a run that acknowledges what is committed."""
    isr: tuple[int, ...] = ()
    leader: int = NOBODY
    leader_epoch: int = -1
    partition_epoch: int = -1
    elr: tuple[int, ...] = ()
    """The eligible leader replicas (KIP-966)."""
    enough: bool = True
    """`isr` has min.insync.replicas members."""
    registered: dict[int, int] = field(default_factory=dict)
    """Node -> the broker epoch of its newest registration, where one was told."""
    lost: dict[int, int] = field(default_factory=dict)
    """Node -> the registration with which it was last known to have lost power: no older position of it counts."""
    last_unclean: int = -1
    """The leader epoch of the last unclean election; -1: none."""
    read: dict[int, str] = field(default_factory=dict)
    """Offset -> the value that a consumer read there."""
    leaders: dict[int, int] = field(default_factory=dict)
    """Leader epoch -> the node that leads it, as the controller decided or, where nobody recorded it, as it acted."""
    sequences: dict[tuple[int, int], int] = field(default_factory=dict)
    """(producer id, producer epoch) -> the sequence its next committed batch must begin with."""
    producer_epochs: dict[int, int] = field(default_factory=dict)
    begun: dict[int, BeginReplica] = field(default_factory=dict)
    """Logs that were there when the trace began, by node."""
    compacted: bool = False
    """Somebody has compacted its log."""
    may_be_unclean: bool = True
    """Nobody knows whether unclean elections are allowed, by unclean.leader.election.enable or by who asks for one."""
    unclean: dict[bool, tuple[int, str]] = field(default_factory=dict)
    """unclean.leader.election.enable of its topic (False) and of every broker (True): where the metadata log last says
    so, and what; empty: it is not set."""
    gave_up: bool = False
    """There was an unclean election while they were allowed."""
    sequenced: int = 0
    """How many committed batches `sequences` has taken."""
    floors: list[tuple[int, int]] = field(default_factory=list)
    """From when on no log has held anything below an offset, as far as logs begin past 0."""

    @property
    def unclean_allowed(self) -> bool:
        """By what is set: its topic's own counts first."""
        values = [self.unclean[of][1] for of in (False, True) if of in self.unclean]
        return next((value for value in values if value), "").strip().lower() == "true"

    def replica(self, node: int) -> Replica:
        replica = self.replicas.get(node)
        if replica is None:
            replica = self.replicas[node] = Replica(node)
        return replica

    def append(self, replica: Replica, batch: Content) -> None:
        """Write a batch behind a replica's log. Raises Violated where logs stop matching."""
        log = replica.log
        prefixes = log.prefixes
        log.append(batch, self.prefixes.extend(prefixes[-1] if prefixes else EMPTY, batch, replica.node))

    def begin_replica(self, replica: Replica, fact: BeginReplica) -> None:
        """A log that was there when the trace began. Those of the partition are told of before anything is done to it,
        or later by a broker that had not started. Raises Violated where logs do not match, Unfit."""
        if self.partition_epoch >= 0:
            joins(self.begun, fact)
        self.begun[replica.node] = fact
        logs = whole(self.begun)
        renewed = [replica.node]
        if fact.start and self.partition_epoch < 0:
            # What one lacks another may tell of: they are put together anew.
            self.prefixes = Prefixes()
            renewed = sorted(self.begun)
        for node in renewed:
            each = self.replica(node)
            each.log.cut(0)
            for batch in logs[node]:
                self.append(each, batch)
            each.high_watermark = self.begun[node].high_watermark
            each.start = each.found_at = self.begun[node].start
        replica.counts = False
        if self.partition_epoch >= 0:
            self.begin()

    def begin(self) -> None:
        """What is committed by the high watermarks of those who may lead, where nothing is yet."""
        begun = [self.replicas[node] for node in self.eligible if node in self.begun]
        if begun:
            best = max(begun, key=lambda replica: (replica.high_watermark, -replica.node))
            if best.high_watermark > self.committed.end:
                self.commit(best, best.high_watermark)
                self.sequence_from_here()

    def sequence_from_here(self) -> None:
        """What is committed by now was sent before the trace began: its producers go on where they were."""
        for batch in self.committed.batches[self.sequenced :]:
            if batch.producer_id >= 0:
                self.producer_epochs[batch.producer_id] = batch.producer_epoch
                following = (batch.base_sequence + batch.record_count) % SEQUENCES
                self.sequences[batch.producer_id, batch.producer_epoch] = following
        self.sequenced = len(self.committed.batches)

    def restart(self, replica: Replica, fact: Restart) -> None:
        """The disk again: the log up to `tail_from` as it was, and the tail that was found."""
        replica.log.cut(fact.tail_from)
        for batch in fact.tail:
            # A log that began inside a batch may have it whole by now.
            if batch.base_offset >= replica.log.whole_end:
                self.append(replica, batch)
        if replica.found_at and fact.log_end == replica.found_at:
            # Nothing is left, or not even a whole batch: it begins as one that has fallen behind.
            self.fall_behind(replica, replica.found_at)
        replica.high_watermark = fact.high_watermark
        replica.start, replica.found_at = replica.found_at, 0
        replica.running = True
        replica.counts = False
        replica.leading = False

    def fall_behind(self, replica: Replica, to: int) -> None:
        """The log is dropped and begins at `to`: what was before that is committed, and as if it had been there."""
        self.begin_like(replica, self.committed, to)
        replica.high_watermark = to
        replica.begins_at(to)

    def begin_like(self, replica: Replica, other: GhostLog, to: int) -> None:
        """The replica has nothing, and begins at `to`: what was before that is as another log has it."""
        replica.log.cut(0)
        keep = bisect_right(other.ends, to)
        for batch, prefix in zip(other.batches[:keep], other.prefixes[:keep], strict=True):
            replica.log.append(batch, prefix)
        # Perhaps inside a batch, which comes whole then.
        replica.log.end = to

    def commit(self, replica: Replica, to: int) -> list[Content]:
        """Extend the committed prefix to what a leader has below `to`. Returns the batches that are new in it."""
        first, last = len(self.committed.batches), replica.log.batches_below(to)
        new = replica.log.batches[first:last]
        for index, batch in enumerate(new, first):
            self.committed.append(batch, replica.log.prefixes[index])
        return new

    def present(self) -> list[int]:
        """Who has a replica, by what was told."""
        return [node for node, replica in sorted(self.replicas.items()) if replica.leader_epoch >= 0 or replica.log.end]

    def give_up(self, elected: Replica) -> None:
        """An unclean election: what was committed or promised and the elected replica lacks is given up."""
        common = 0
        for mine, theirs in zip(self.committed.prefixes, elected.log.prefixes, strict=False):
            if mine != theirs:
                break
            common += 1
        self.committed.cut(self.committed.ends[common - 1] if common else 0)
        end = self.committed.end
        self.promises = {offset: promise for offset, promise in self.promises.items() if offset < end}
        self.unsettled.clear()
        self.floors.clear()
        self.read = {offset: value for offset, value in self.read.items() if offset < end}
        # What is left is sequenced anew, with the next that is committed.
        self.sequences.clear()
        self.producer_epochs.clear()
        self.sequenced = 0

    def finds_committed(self, leader: Replica) -> None:
        """A leader shows its own high watermark from the beginning. After several unclean elections it may be the first
        to have again what an earlier one of them gave up."""
        if leader.high_watermark > self.committed.end:
            self.commit(leader, leader.high_watermark)

    def stop(self, node: int, *, loses: bool = True) -> None:
        """The node's process has ended. What it had stays on its disk until a `Restart` says otherwise."""
        replica = self.replicas.get(node)
        if replica is not None:
            # A process that ended before it could tell of its log leaves what its predecessor did.
            kept = (
                replica.leading or replica.reconciled == replica.leader_epoch if replica.running else replica.keeps_all
            )
            replica.keeps_all = not loses and kept
            replica.running = False
            replica.counts = False
            replica.leading = False

    def replace_disk(self, node: int) -> None:
        """The node's disk is another one, with nothing on it."""
        replica = self.replicas.get(node)
        if replica is not None:
            replica.log.cut(0)
            self._begins_anew(replica)

    def _begins_anew(self, replica: Replica) -> None:
        """Nothing is left of a log: what comes in its place may begin at 0."""
        if replica.start:
            self.floors.clear()
        replica.high_watermark = replica.start = 0

    def returns(self, replica: Replica) -> None:
        """A node that was down acts without a `Restart` fact: recovery found nothing of this partition."""
        replica.log.cut(0)
        self._begins_anew(replica)
        replica.running = True

    def begins(self, at: int) -> None:
        """A log begins later than it did, as of now."""
        starts = [replica.start for replica in self.replicas.values() if replica.log.end > replica.start]
        floor = min(starts, default=0)
        if floor > (self.floors[-1][1] if self.floors else 0):
            self.floors.append((at, floor))

    @property
    def eligible(self) -> tuple[int, ...]:
        """Whom the controller may elect without loss: in sync, or an eligible leader replica."""
        return (*self.isr, *self.elr) if self.elr else self.isr

    @property
    def candidates(self) -> list[Replica]:
        """Those of them that run, in order: any may be elected next."""
        replicas = self.replicas
        return [replica for node in self.eligible if (replica := replicas.get(node)) is not None and replica.counts]
