"""Brokers that register while they are no replica, so that nobody tells of it, and are put back into the partition."""

from typing import Any

import pytest

from tests.traces.execution import PARTITION, content
from traces import facts as f
from traces.abstraction import DivergedError
from traces.following import Follower

A = content(0)
UNKNOWN = {"last_fetched_epoch": -1, "diverging_epoch": -1, "diverging_end": -1}


class PutBack:
    """n1 leads, n2 is in sync; n3, known by registration 3 unless `unheard`, is taken out and, unless `out`, put back.
    Its log has what that of n1 has: one record."""

    def __init__(self, *, unheard: bool = False, restarted: bool = False, out: bool = False) -> None:
        self.follower = Follower("survival")
        self.epoch, self.version = 0, 0
        self.isr: tuple[int, ...] = (1, 2)
        self.tell(0, f.CreatePartition, replicas=(1, 2, 3), isr=(1, 2), leader=1)
        self.leads_on(0)
        self.tell(1, f.Append, leader_epoch=0, batch=A)
        self.follows(3, 0)
        if not unheard:
            self.asks(3)
            self.copies()
        end = 0 if unheard else 1
        if restarted:
            told = {"log_end": end, "high_watermark": 0, "tail_from": 0, "tail": (A,)[:end], "clean": False}
            self.tell(3, f.Restart, **told)
        self.decides(f.Reassign, epoch=1, leader=1, removed=3, replicas=(1, 2))
        self.leads_on(1)
        if not out:
            self.put_back()
            self.follows(3, end)

    def tell(self, node: int, kind: type[Any], **fields: Any) -> None:
        self.follower.fact(node or -1, kind(partition=PARTITION, **fields))

    def decides(self, kind: type[Any], *, epoch: int = -1, **fields: Any) -> None:
        self.epoch, self.version = max(self.epoch, epoch), self.version + 1
        told = {"leader_epoch": self.epoch, "partition_epoch": self.version, "isr": self.isr}
        self.tell(0, kind, **told, **fields)

    def put_back(self) -> None:
        self.decides(f.AddReplicas, added=(3,), replicas=(1, 2, 3))
        told = {"leader_epoch": self.epoch, "partition_epoch": self.version, "isr": self.isr}
        self.tell(1, f.LearnIsr, **told)

    def leads_on(self, start: int) -> None:
        told = {"leader_epoch": self.epoch, "partition_epoch": self.version, "isr": self.isr}
        self.tell(1, f.BecomeLeader, **told, start_offset=start)

    def follows(self, node: int, log_end: int) -> None:
        self.tell(node, f.BecomeFollower, leader_epoch=self.epoch, leader=1)
        end = len(self.state.log[1])
        self.tell(1, f.AnswerProbe, leader_epoch=self.epoch, offset=0, log_end=end, **UNKNOWN)
        self.tell(node, f.Reconcile, leader_epoch=self.epoch, leader=1, log_end=log_end)

    def asks(self, broker_epoch: int) -> None:
        end = len(self.state.log[3])
        self.tell(3, f.SendFetch, leader_epoch=self.epoch, leader=1, offset=end, broker_epoch=broker_epoch)

    def copies(self) -> None:
        told = {"leader_epoch": self.epoch, "log_end": 1, "high_watermark": 0}
        self.tell(1, f.AnswerFetch, follower=3, offset=0, **told)
        self.tell(3, f.ReceiveFetch, leader=1, batches=(A,), **told)

    def proposes(self, broker_epoch: int) -> None:
        """n1 counts what n3 has asked for under that registration, and wants it in the in-sync set."""
        counted = {"leader_epoch": self.epoch, "follower": 3, "broker_epoch": broker_epoch}
        self.tell(1, f.Acknowledge, **counted, offset=len(self.state.log[3]))
        self.tell(1, f.ExpandIsr, **counted, partition_epoch=self.version, isr=(1, 2, 3))

    def lets_in(self) -> None:
        self.isr = (1, 2, 3)
        self.decides(f.AlterPartition, leader=1, broker_epoch=1)

    def refuses(self) -> None:
        told = {"leader_epoch": self.epoch, "partition_epoch": self.version}
        self.tell(0, f.RefusePartition, leader=1, member=3, **told)

    @property
    def state(self) -> Any:
        return self.follower.partitions[PARTITION].state


def test_a_broker_that_has_restarted_goes_by_a_registration_that_nobody_told_of() -> None:
    run = PutBack(restarted=True)
    run.asks(15)
    run.proposes(15)
    run.lets_in()
    with pytest.raises(DivergedError, match="it says broker_epoch of n3 is 3, in the model it is 15"):
        run.asks(3)


def test_so_does_one_of_which_no_registration_was_told_at_all() -> None:
    run = PutBack(restarted=True, unheard=True)
    run.asks(15)
    run.copies()
    run.asks(15)
    run.proposes(15)
    run.lets_in()
    with pytest.raises(DivergedError, match="it says broker_epoch of n3 is 14, in the model it is 15"):
        run.asks(14)


def test_so_may_one_that_tells_of_no_log() -> None:
    run = PutBack()
    run.asks(15)
    assert run.state.broker_epoch[3] == 1
    run.proposes(15)
    run.lets_in()
    assert run.follower.end(0) is None


def test_it_goes_by_it_before_it_is_put_back_too() -> None:
    run = PutBack(out=True)
    run.follows(3, 1)
    run.asks(15)
    run.put_back()
    run.asks(17)
    run.proposes(17)
    run.lets_in()
    assert run.state.broker_epoch[3] == 2


def test_who_has_not_registered_goes_by_the_registration_it_had() -> None:
    run = PutBack()
    run.asks(3)
    run.proposes(3)
    run.lets_in()
    assert run.state.broker_epoch[3] == 0


def test_once_it_is_in_sync_no_registration_of_it_is_untold() -> None:
    run = PutBack()
    run.asks(15)
    run.proposes(15)
    run.lets_in()
    with pytest.raises(DivergedError, match=r"n3 has no registration 17; it has \[3, 15\]"):
        run.asks(17)


def test_whoever_was_never_taken_out_has_no_untold_registration() -> None:
    run = PutBack()
    run.follows(2, 0)
    told = {"leader_epoch": 1, "leader": 1, "offset": 0}
    run.tell(2, f.SendFetch, **told, broker_epoch=2)
    with pytest.raises(DivergedError, match=r"n2 has no registration 5; it has \[2\]"):
        run.tell(2, f.SendFetch, **told, broker_epoch=5)


def test_nobody_is_let_in_under_the_registration_before() -> None:
    run = PutBack()
    run.asks(3)
    run.proposes(3)
    run.asks(15)
    with pytest.raises(DivergedError, match="the model refuses it"):
        run.lets_in()


@pytest.mark.parametrize("later", [False, True])
def test_a_refusal_shows_that_it_has_registered(later: bool) -> None:
    """It may go by the registration before until it hears of the other."""
    run = PutBack()
    run.asks(3)
    run.proposes(3)
    if later:
        run.asks(15)
    run.refuses()
    if not later:
        run.asks(3)
        run.asks(15)
    assert run.state.broker_epoch[3] == 1
    with pytest.raises(DivergedError, match="it says broker_epoch of n3 is 3, in the model it is 15"):
        run.asks(3)


def test_it_may_go_by_that_registration_after_a_later_one_was_told() -> None:
    run = PutBack()
    run.tell(0, f.LosePower, replica=3, broker_epoch=20)
    for broker_epoch in (3, 15, 20):
        run.asks(broker_epoch)
    for broker_epoch, told in ((15, "it says broker_epoch of n3 is 15, in the model it is 20"), (21, "has no")):
        with pytest.raises(DivergedError, match=told):
            run.asks(broker_epoch)
