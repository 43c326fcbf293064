"""What a voter of the quorum did, as data: the vocabulary of `model/quorum`.

One rule: a fact has the name of the model action it claims to be; where a replica of a partition has an action of the
same name, the quorum's is called `quorum_...`. `partition` is always `__cluster_metadata-0`. Epochs are Kafka's, which
are the model's: the first leader has epoch 1.
"""

from impl.core.types import EpochStart, LeaderEpoch, NodeId, Offset, Value

METADATA = "__cluster_metadata-0"


class QuorumFact(Value, frozen=True, gc=False, kw_only=True, tag_field="fact"):
    """Base of these; `partition` need not be said."""

    partition: str = METADATA


class AskPreVote(QuorumFact, frozen=True, gc=False, kw_only=True, tag="ask_pre_vote"):
    """A voter asks whether it would be elected; its log ends so."""

    epoch: LeaderEpoch
    last_epoch: LeaderEpoch
    log_end: Offset


class GrantPreVote(QuorumFact, frozen=True, gc=False, kw_only=True, tag="grant_pre_vote"):
    """A voter would vote for `candidate`. It promises nothing."""

    epoch: LeaderEpoch
    candidate: NodeId


class Stand(QuorumFact, frozen=True, gc=False, kw_only=True, tag="stand"):
    """A voter is a candidate in `epoch` and has voted for itself; its log ends so."""

    epoch: LeaderEpoch
    last_epoch: LeaderEpoch
    log_end: Offset


class GrantVote(QuorumFact, frozen=True, gc=False, kw_only=True, tag="grant_vote"):
    epoch: LeaderEpoch
    candidate: NodeId


class Observe(QuorumFact, frozen=True, gc=False, kw_only=True, tag="observe"):
    """A replica has learnt of a later epoch without voting in it."""

    epoch: LeaderEpoch


class Win(QuorumFact, frozen=True, gc=False, kw_only=True, tag="win"):
    """A candidate leads: a majority has granted its votes. Its leader-change record is the next fact."""

    epoch: LeaderEpoch
    granting: tuple[NodeId, ...]


class Resign(QuorumFact, frozen=True, gc=False, kw_only=True, tag="resign"):
    """A leader gives up its epoch. No action of the model: a leader that does nothing more is safe."""

    epoch: LeaderEpoch


class QuorumAppend(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_append"):
    """A leader has written a batch of its epoch, and it is on its disk."""

    epoch: LeaderEpoch
    base_offset: Offset
    record_count: int


class QuorumSendFetch(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_send_fetch"):
    """A voter asks for what follows its log, all of which is on its disk. Told where it differs from the last one."""

    epoch: LeaderEpoch
    leader: NodeId
    offset: Offset
    last_epoch: LeaderEpoch


class QuorumAcknowledge(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_acknowledge"):
    """A leader counts the position that a voter's fetch shows. Told where it differs from the last one."""

    epoch: LeaderEpoch
    follower: NodeId
    offset: Offset
    last_epoch: LeaderEpoch


class QuorumAnswerDiverging(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_answer_diverging"):
    """A leader tells a voter that its log leaves the leader's."""

    epoch: LeaderEpoch
    follower: NodeId
    offset: Offset
    last_epoch: LeaderEpoch
    diverging_epoch: LeaderEpoch
    diverging_end: Offset


class QuorumAdvance(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_advance_high_watermark"):
    """A leader commits what a majority has on its disks."""

    epoch: LeaderEpoch
    to: Offset
    quorum: tuple[NodeId, ...]


class QuorumReceiveFetch(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_receive_fetch"):
    """A follower has written what its leader sent, and adopts its high watermark as far as its log goes."""

    epoch: LeaderEpoch
    leader: NodeId
    log_end: Offset
    high_watermark: Offset


class QuorumTruncate(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_truncate"):
    epoch: LeaderEpoch
    to: Offset
    high_watermark: Offset


class QuorumLoadSnapshot(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_load_snapshot"):
    """A voter has a snapshot of what is committed below `end` in place of its log."""

    epoch: LeaderEpoch
    end: Offset
    last_epoch: LeaderEpoch
    """Of the record before `end`."""


class QuorumRestart(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_restart"):
    """A voter is back with this on its disk."""

    epoch: LeaderEpoch
    voted: NodeId
    log_start: Offset
    log_end: Offset
    last_epoch: LeaderEpoch


class QuorumBegin(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_begin"):
    """What a voter found on its disk, of which no trace tells how it came to be. Its `quorum_restart` follows."""

    epoch: LeaderEpoch
    voted: NodeId
    committed: Offset
    """What it took for committed."""
    log_end: Offset
    epochs: tuple[EpochStart, ...]
    """Who wrote the log, by the offset at which each epoch begins. What lies before the first, a snapshot has taken the
    place of."""


class Commit(QuorumFact, frozen=True, gc=False, kw_only=True, tag="commit"):
    """What a controller believes committed has grown: to `to`, and these epochs wrote it.

    No action of the model: what a voter applies, which all must agree on.
    """

    start: Offset
    to: Offset
    epochs: tuple[EpochStart, ...]
    """By the offset at which each begins, the first at `start`."""


QUORUM_FACTS = frozenset(QuorumFact.__subclasses__())
"""Every class of these."""
