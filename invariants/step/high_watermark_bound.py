"""The high watermark bound (I5): nothing is called committed before everyone who must have it has it.

A leader's high watermark is at most the log end of every member of its maximal in-sync set, whose logs agree with its
own below it. A follower's is at most its own log end and at most what some leader has committed, and below it its log
is the committed one.

A position that a member showed before it lost power counts until the leader learns that it is in sync no more; and a
replica that has not reconciled since an unclean election may believe in what was given up.
"""

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.log import GhostLog
from invariants.step.words import node_words, set_words
from invariants.verdict import Violated
from traces.facts import AdvanceHighWatermark, DeleteBelow, FallBehind, ReceiveFetch, Restart, Truncate

ID = "high_watermark_bound"


def _leader(partition: Partition, leader: Replica, fact: AdvanceHighWatermark) -> None:
    """Before the committed prefix grows."""
    to, log = fact.to, leader.log
    who = f"n{leader.node}, leader of epoch {fact.leader_epoch},"
    if to > log.end:
        raise Violated(ID, f"{who} sets its high watermark to {to}, and its log ends at {log.end}")
    if fact.leader_epoch < partition.last_unclean:
        return
    prefix = log.prefix_at(to)
    for node in fact.maximal_isr:
        member = partition.replicas.get(node)
        if member is None or member is leader or not member.counts or _lost_since(partition, leader, node):
            continue
        if fact.leader_epoch < member.began_in:
            continue
        if member.log.end < to:
            raise Violated(
                ID,
                f"{who} sets its high watermark to {to}, and the log of n{node}, a member of its maximal in-sync set "
                f"{set_words(fact.maximal_isr)}, ends at {member.log.end}",
            )
        if member.log.prefix_at(to) != prefix:
            where = _difference(member.log, log, to)
            raise Violated(
                ID,
                f"{who} sets its high watermark to {to}, and the log of n{node}, a member of its maximal in-sync set, "
                f"differs from its own at offset {where}",
            )
    _agrees(partition, leader, min(to, partition.committed.end), who)


def _lost_since(partition: Partition, leader: Replica, node: int) -> bool:
    """The follower has lost power since it showed the leader the position that counts."""
    lost = partition.lost.get(node)
    return lost is not None and leader.counted_as.get(node, -1) < lost


def _follower(partition: Partition, replica: Replica, fact: ReceiveFetch | Truncate | Restart) -> None:
    """After its log and its high watermark were set."""
    to = fact.high_watermark
    if to == 0 or replica.reconciled < partition.last_unclean:
        return
    if partition.last_unclean >= 0 and (to == replica.start or replica.start > to == _begins_with(fact)):
        # It deleted up to there before an unclean election gave that up; or into a batch that its new leader has there.
        return
    if to > replica.log.end:
        who = node_words(replica.node)
        raise Violated(ID, f"{who} sets its high watermark to {to}, and its log ends at {replica.log.end}")
    if to > partition.committed.end:
        who = node_words(replica.node)
        begun = partition.begun.get(replica.node)
        if begun is not None and to <= begun.high_watermark:
            # It had it when the trace began; whether that was committed, the controllers have not told yet.
            return
        raise Violated(
            ID, f"{who} sets its high watermark to {to}, and no leader has committed beyond {partition.committed.end}"
        )
    if to == replica.start:
        # It may begin inside a batch, which comes whole when it comes.
        to = min(to, replica.log.whole_end)
    _agrees(partition, replica, to)


def _begins_with(fact: ReceiveFetch | Truncate | Restart) -> int | None:
    """Where the first batch begins that was received."""
    return fact.batches[0].base_offset if isinstance(fact, ReceiveFetch) and fact.batches else None


def _fell_behind(partition: Partition, replica: Replica, fact: FallBehind) -> None:
    """An unclean election may have given up what was committed where its leader's log begins: that the leader deleted
    what lies below was judged when it did."""
    leader = partition.replicas.get(fact.leader)
    if partition.last_unclean < 0 or leader is None or fact.to > leader.start:
        _only_committed(replica, fact.to, min(replica.high_watermark, partition.committed.end))


def _deleted(partition: Partition, replica: Replica, fact: DeleteBelow) -> None:
    """A replica that has not reconciled since an unclean election goes by what it knew before."""
    known = replica.high_watermark
    if replica.reconciled >= partition.last_unclean:
        known = min(known, partition.committed.end)
    _only_committed(replica, fact.to, known)


def _only_committed(replica: Replica, to: int, known: int) -> None:
    """Only what is committed goes."""
    if to > known:
        who = node_words(replica.node)
        raise Violated(ID, f"{who} deletes what lies below {to}, and what is committed ends at {known}")


def _agrees(partition: Partition, replica: Replica, to: int, who: str = "") -> None:
    """Below `to`, the replica's log is the committed one."""
    if replica.log.prefix_at(to) != partition.committed.prefix_at(to):
        where = _difference(replica.log, partition.committed, to)
        raise Violated(
            ID,
            f"{who or node_words(replica.node)} sets its high watermark to at least {to}, and its log differs at "
            f"offset {where} from what is committed",
        )


def _difference(one: GhostLog, other: GhostLog, to: int) -> int:
    """The first offset below `to` at which two logs differ."""
    for mine, theirs in zip(one.batches, other.batches, strict=False):
        if mine != theirs:
            return min(mine.base_offset, theirs.base_offset)
    return min(one.end, other.end, to)


def _everywhere(partition: Partition) -> None:
    """The same for every running replica, batch by batch."""
    committed = partition.committed
    for replica in partition.replicas.values():
        if not replica.running or replica.reconciled < partition.last_unclean:
            continue
        to = replica.high_watermark
        if to > replica.log.end or to > committed.end:
            raise Violated(
                ID, f"n{replica.node} has high watermark {to}: log end {replica.log.end}, committed {committed.end}"
            )
        if replica.start == replica.log.end:
            # It has nothing, and perhaps begins inside a batch.
            to = min(to, replica.log.whole_end)
        mine = [batch for batch in replica.log.batches if batch.base_offset < to]
        if mine != [batch for batch in committed.batches if batch.base_offset < to]:
            raise Violated(ID, f"n{replica.node} differs from what is committed below its high watermark {to}")


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I5",),
    statement=(
        "A leader's high watermark is at most the log end of every member of its maximal in-sync set; a "
        "follower's is at "
        "most its own log end and at most what was committed; below a high watermark all logs agree, and only "
        "there are records deleted."
    ),
    argument=(
        "A leader counts a follower's position only when it has confirmed, in its own epoch, that the "
        "follower's log is a "
        "prefix of its own; a follower adopts a watermark only from the leader it copies."
    ),
    breaks="diverging-fetch-counted",
    before={"AdvanceHighWatermark": _leader},
    after={
        "ReceiveFetch": _follower,
        "Truncate": _follower,
        "Restart": _follower,
        "FallBehind": _fell_behind,
        "DeleteBelow": _deleted,
    },
    everywhere=_everywhere,
)
