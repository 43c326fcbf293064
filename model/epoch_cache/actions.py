"""What happens to a log and its cache: a leadership begins, records are written, fetched and cut off."""

from model.epoch_cache.state import State, assign, is_latest
from model.language import (
    Entry,
    LeaderEpoch,
    Offset,
    Replica,
    Value,
    action,
    as_epoch,
    as_offset,
    definition,
    ghost,
    require,
)


@action
def lead(s: State, replica: Replica) -> None:
    """A replica takes a leadership that is new: the cache notes where, with no record yet (KAFKA-7415)."""
    s.leader[s.newest_leader_epoch + 1] = replica
    with ghost:
        s.begin[s.newest_leader_epoch + 1] = len(s.log[replica])
    assign(s, replica, as_epoch(s.newest_leader_epoch + 1), as_offset(len(s.log[replica])))
    s.newest_leader_epoch += 1


@action
def write(s: State, replica: Replica, epoch: LeaderEpoch, value: Value) -> None:
    """A leader writes a record. Its cache has the epoch as the latest, so it stays as it is."""
    require(epoch >= 1 and epoch <= s.newest_leader_epoch and s.leader[epoch] == replica)
    require(is_latest(s, replica, epoch))
    s.log[replica] = s.log[replica] + (Entry(epoch, value),)


@definition
def agrees(s: State, source: Replica, last: LeaderEpoch, offset: Offset) -> bool:
    """The source's answer to a fetch at `offset` with this last epoch is not a divergence: it knows that very epoch,
    and its records of that epoch and older ones reach the offset (KIP-320, KIP-595)."""
    return (last == 0 or s.cached[source, last]) and all(
        offset <= s.cached_start[source, e] for e in LeaderEpoch if s.cached[source, e] and e > last
    )


@definition
def take(s: State, follower: Replica, source: Replica, epoch: LeaderEpoch, latest: bool) -> None:
    """The follower appends one record, of this epoch; where that is not the latest in its cache, it is assigned."""
    s.cached = {
        (x, e): e == epoch or (s.cached[x, e] and e < epoch and s.cached_start[x, e] < len(s.log[follower]))
        if x == follower and not latest
        else s.cached[x, e]
        for x in Replica
        for e in LeaderEpoch
    }
    s.cached_start[follower, epoch] = s.cached_start[follower, epoch] if latest else len(s.log[follower])
    s.log[follower] = s.log[follower] + s.log[source][len(s.log[follower]) : len(s.log[follower]) + 1]


@action
def fetch(s: State, follower: Replica, source: Replica, last: LeaderEpoch, epoch: LeaderEpoch) -> None:
    """A follower fetches at its log end with its latest epoch, is told of no divergence, and appends a record."""
    require(follower != source and len(s.log[follower]) < len(s.log[source]))
    require(is_latest(s, follower, last) and agrees(s, source, last, as_offset(len(s.log[follower]))))
    require(s.log[source][len(s.log[follower])].epoch == epoch)
    take(s, follower, source, epoch, last == epoch)


@action
def cut(s: State, replica: Replica, to: Offset) -> None:
    """A log is cut, by truncation or by a loss of power, and its cache after it (Kafka's `truncateFromEnd`)."""
    require(0 <= to <= len(s.log[replica]))
    s.cached = {
        (x, e): s.cached[x, e] and (x != replica or s.cached_start[x, e] < to) for x in Replica for e in LeaderEpoch
    }
    s.log[replica] = s.log[replica][:to]


# ------------------------------------------------------------ designs that do not hold
@action
def lead_again(s: State, replica: Replica, epoch: LeaderEpoch) -> None:
    """A replica takes a leadership that is new or, by metadata older than its registration, one it has had before.

    Its log has been cut to where that epoch began or below, so that the cache has lost the entry; nothing in the log or
    the cache is of a later epoch.
    """
    require(1 <= epoch <= s.newest_leader_epoch + 1 and not s.cached[replica, epoch])
    require(epoch == s.newest_leader_epoch + 1 or s.leader[epoch] == replica)
    require(all(e <= epoch for e in LeaderEpoch if s.cached[replica, e]))
    require(all(s.log[replica][o].epoch <= epoch for o in Offset if 0 <= o < len(s.log[replica])))
    with ghost:
        s.begin[epoch] = len(s.log[replica]) if epoch > s.newest_leader_epoch else s.begin[epoch]
    s.leader[epoch] = replica
    assign(s, replica, epoch, as_offset(len(s.log[replica])))
    s.newest_leader_epoch = max(s.newest_leader_epoch, epoch)


@action
def fetch_unchecked(s: State, follower: Replica, source: Replica, last: LeaderEpoch, epoch: LeaderEpoch) -> None:
    """A fetch carries no last epoch: whatever stands at the offset is appended (before KIP-320)."""
    require(follower != source and len(s.log[follower]) < len(s.log[source]))
    require(is_latest(s, follower, last))
    require(s.log[source][len(s.log[follower])].epoch == epoch)
    take(s, follower, source, epoch, last == epoch)
