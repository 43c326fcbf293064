"""The synchronous grain of `survival`: a fetch, and a follower's reconciling, as one step each."""

from model.language import Offset, Replica, as_offset, macro
from model.replication.follower import receive_fetch
from model.replication.leader import answer_fetch, answer_probe
from model.survival.follower import reconcile, send_fetch, truncate
from model.survival.leader import acknowledge
from model.survival.state import State


@macro
def fetch(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower fetches at its log end and receives the leader's log up to `log_end`, and its high watermark."""
    send_fetch(s, follower)
    acknowledge(s, leader, follower, as_offset(len(s.log[follower])), s.broker_epoch[follower])
    answer_fetch(s, leader, follower)
    receive_fetch(s, follower, log_end, min(s.high_watermark[leader], log_end))


@macro
def reconcile_with(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower learns where its log leaves the leader's, truncates to there, and is reconciled."""
    answer_probe(s, leader)
    truncate(s, follower, to)
    reconcile(s, follower)
