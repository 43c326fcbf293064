"""Designs of the quorum that do not hold: what Kafka once did, and single guards left out. Each replaces one action.

One rule: a variant differs from the model in what it names and in nothing else, so that what breaks is its fault. Each
has a saved trace; the proof must fail on every one of them. KAFKA-15489 (a cut-off leader never resigns) is no variant:
it harms progress, which the model does not speak of; the model's leaders never resign either.
"""

from model.design import Variant
from model.language import LeaderEpoch, Offset, Quorum, Replica, action, as_epoch, as_offset, ghost, macro, require
from model.quorum.broken_votes import (
    campaign_by_length,
    campaign_twice,
    campaign_unchecked,
    grant_by_length,
    grant_twice,
    grant_unchecked,
    restart_forgetting_vote,
)
from model.quorum.follower import receive_fetch, send_fetch, truncate
from model.quorum.leader import acknowledge, answer_diverging, answer_fetch, counted, fits
from model.quorum.state import FixedVoters, State, ends_inside, last_epoch


# ------------------------------------------------------------ commits
@action
def advance_to_older_epoch(s: FixedVoters, leader: Replica, to: Offset, quorum: Quorum) -> None:
    """A leader commits whatever a quorum has, records of older epochs alone included (figure 8 of the Raft paper)."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(all(to <= counted(s, leader, r) for r in Replica if r in quorum))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = to
        s.commit_quorum[s.leader_epoch[leader]] = quorum
        s.committed_in[leader] = s.leader_epoch[leader]


@action
def advance_to_epoch_start(s: FixedVoters, leader: Replica, to: Offset, quorum: Quorum) -> None:
    """KAFKA-12619: the high watermark may reach the start of the epoch, one short of the leader-change record."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(
        s.log[leader][to - 1].epoch == s.leader_epoch[leader]
        or (to < len(s.log[leader]) and s.log[leader][to].epoch == s.leader_epoch[leader])
    )
    require(all(to <= counted(s, leader, r) for r in Replica if r in quorum))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = to
        s.commit_quorum[s.leader_epoch[leader]] = quorum
        s.committed_in[leader] = s.leader_epoch[leader]


@action
def advance_unflushed(s: FixedVoters, leader: Replica, to: Offset, quorum: Quorum) -> None:
    """A leader counts for itself what it has appended, on disk or not."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(s.log[leader][to - 1].epoch == s.leader_epoch[leader])
    require(all(r == leader or to <= s.acknowledged[leader, r] for r in Replica if r in quorum))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = to
        s.commit_quorum[s.leader_epoch[leader]] = quorum
        s.committed_in[leader] = s.leader_epoch[leader]


# ------------------------------------------------------------ fetches
@action
def send_fetch_unflushed(s: State, follower: Replica) -> None:
    """A voter fetches, and so acknowledges, before its log is on disk."""
    require(not s.leading[follower])
    s.candidate[follower] = False
    s.fetched[follower, s.leader_epoch[follower], len(s.log[follower]), last_epoch(s.log[follower])] = True


@macro
def fetch_unflushed(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower fetches from a log end that need not be on its disk."""
    send_fetch_unflushed(s, follower)
    acknowledge(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    answer_fetch(s, leader)
    receive_fetch(s, follower, log_end, min(s.high_watermark[leader], log_end))


@macro
def fetch_diverging_unflushed(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower fetches from a log end that need not be on its disk, is told that it diverges, and truncates."""
    send_fetch_unflushed(s, follower)
    answer_diverging(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    truncate(s, follower, to)


@action
def acknowledge_any_epoch(
    s: State, leader: Replica, follower: Replica, offset: Offset, last_epoch: LeaderEpoch, epoch: LeaderEpoch
) -> None:
    """No epoch check on fetches: a position shown in another epoch counts."""
    require(s.leading[leader] and follower != leader)
    require(s.fetched[follower, epoch, offset, last_epoch])
    require(fits(s.log[leader], offset, last_epoch))
    s.acknowledged[leader, follower] = offset


@action
def receive_any_epoch(s: State, follower: Replica, log_end: Offset, high_watermark: Offset, epoch: LeaderEpoch) -> None:
    """No epoch check on answers: what the leader of another epoch answers is taken."""
    require(not s.leading[follower] and not s.candidate[follower] and s.answered[epoch])
    require(ends_inside(s.log[follower], s.answered_log[epoch]))
    require(len(s.log[follower]) <= log_end <= len(s.answered_log[epoch]))
    require(0 <= high_watermark <= s.answered_high_watermark[epoch] and high_watermark <= log_end)
    with ghost:
        s.prefix_of[follower] = epoch
        s.committed_in[follower] = (
            s.answered_committed_in[epoch] if high_watermark > s.high_watermark[follower] else s.committed_in[follower]
        )
    s.log[follower] = s.log[follower] + s.answered_log[epoch][len(s.log[follower]) : log_end]
    s.high_watermark[follower] = max(s.high_watermark[follower], high_watermark)


@macro
def fetch_any_epoch(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower fetches from whoever leads anything, and is counted and answered."""
    send_fetch(s, follower)
    acknowledge_any_epoch(
        s,
        leader,
        follower,
        as_offset(len(s.log[follower])),
        as_epoch(last_epoch(s.log[follower])),
        s.leader_epoch[follower],
    )
    answer_fetch(s, leader)
    receive_any_epoch(s, follower, log_end, min(s.high_watermark[leader], log_end), s.leader_epoch[leader])


@action
def acknowledge_diverging(
    s: State, leader: Replica, follower: Replica, offset: Offset, last_epoch: LeaderEpoch
) -> None:
    """The position of a fetch counts although the log that it shows diverges (as KAFKA-13141 in replication)."""
    require(s.leading[leader] and follower != leader)
    require(s.fetched[follower, s.leader_epoch[leader], offset, last_epoch])
    require(offset <= len(s.log[leader]))
    s.acknowledged[leader, follower] = offset


@macro
def fetch_counted_diverging(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower fetches, is counted and told that it diverges, and truncates."""
    send_fetch(s, follower)
    acknowledge_diverging(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    answer_diverging(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    truncate(s, follower, to)


@macro
def fetch_counted(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower fetches, is counted, and receives what follows."""
    send_fetch(s, follower)
    acknowledge_diverging(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    answer_fetch(s, leader)
    receive_fetch(s, follower, log_end, min(s.high_watermark[leader], log_end))


# ------------------------------------------------------------ truncation
@action
def truncate_anywhere(s: State, follower: Replica, to: Offset) -> None:
    """KAFKA-12460: a follower truncates wherever it is told, and lets its high watermark fall with it."""
    require(not s.leading[follower])
    require(s.diverging[follower, s.leader_epoch[follower], len(s.log[follower]), last_epoch(s.log[follower])])
    require(0 <= to < len(s.log[follower]))
    s.candidate[follower] = False
    s.log[follower] = s.log[follower][:to]
    s.flushed[follower] = min(s.flushed[follower], to)
    s.high_watermark[follower] = min(s.high_watermark[follower], to)


@macro
def fetch_truncating(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower fetches, is told that it diverges, and truncates anywhere."""
    send_fetch(s, follower)
    answer_diverging(s, leader, follower, as_offset(len(s.log[follower])), as_epoch(last_epoch(s.log[follower])))
    truncate_anywhere(s, follower, to)


VARIANTS = (
    Variant(
        id="vote-forgotten",
        sentence="A restarted voter has forgotten for whom it voted in its epoch.",
        replaces={"restart": restart_forgetting_vote},
    ),
    Variant(
        id="vote-doubled",
        sentence="A voter votes twice in an epoch.",
        replaces={"grant_vote": grant_twice},
        macros={"campaign": campaign_twice},
    ),
    Variant(
        id="vote-unchecked",
        sentence="A voter votes for a candidate whose log lacks what its own has.",
        replaces={"grant_vote": grant_unchecked},
        macros={"campaign": campaign_unchecked},
    ),
    Variant(
        id="vote-by-length",
        sentence="A voter compares the lengths of logs, not the epochs they end in.",
        replaces={"grant_vote": grant_by_length},
        macros={"campaign": campaign_by_length},
    ),
    Variant(
        id="commit-older-epoch",
        sentence="A leader commits records of older epochs without one of its own (figure 8 of the Raft paper).",
        replaces={"advance_high_watermark": advance_to_older_epoch},
    ),
    Variant(
        id="commit-at-epoch-start",
        sentence="The high watermark is exposed before the leader-change record is committed (KAFKA-12619).",
        replaces={"advance_high_watermark": advance_to_epoch_start},
    ),
    Variant(
        id="commit-unflushed",
        sentence="A leader counts what it has appended and not flushed.",
        replaces={"advance_high_watermark": advance_unflushed},
    ),
    Variant(
        id="fetch-unflushed",
        sentence="A voter fetches before it has flushed what it fetched last.",
        replaces={"send_fetch": send_fetch_unflushed},
        macros={"fetch": fetch_unflushed, "fetch_diverging": fetch_diverging_unflushed},
    ),
    Variant(
        id="fetch-unfenced",
        sentence="Fetches and their answers are taken in any epoch.",
        replaces={"acknowledge": acknowledge_any_epoch, "receive_fetch": receive_any_epoch},
        macros={"fetch": fetch_any_epoch},
    ),
    Variant(
        id="diverging-counted",
        sentence="The position of a fetch counts although its log diverges (KAFKA-13141).",
        replaces={"acknowledge": acknowledge_diverging},
        macros={"fetch": fetch_counted, "fetch_diverging": fetch_counted_diverging},
    ),
    Variant(
        id="truncate-below-high-watermark",
        sentence="A follower truncates below its high watermark (KAFKA-12460).",
        replaces={"truncate": truncate_anywhere},
        macros={"fetch_diverging": fetch_truncating},
    ),
)
