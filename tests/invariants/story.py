"""Executions written by hand: facts in a line each, told to a checker.

`Story` has a word for each fact, with what most stories do not care about filled in.
"""

from typing import Any

from invariants.step import Checker, FullChecker
from traces import facts as f

P = "t-0"


def content(offset: int, epoch: int, name: int, count: int = 1, producer: int = -1, sequence: int = -1) -> f.Content:
    """A batch at an offset, written in an epoch; `name` stands for its bytes."""
    return f.Content(offset, count, epoch, name, producer, 0 if producer >= 0 else -1, sequence)


class Story:
    """Tells facts to a checker (the full one unless another is given)."""

    def __init__(self, checker: Checker | None = None) -> None:
        self.checker = checker or FullChecker()

    def tell(self, node: int, *facts: Any) -> None:
        self.checker.facts(f"n{node}" if node else "controller", 0, facts)

    # ------------------------------------------------------------ the controller
    def create(self, leader: int = 1, isr: tuple[int, ...] = (1, 2, 3)) -> None:
        self.tell(0, f.CreatePartition(partition=P, replicas=(1, 2, 3), isr=isr, leader=leader))

    def elect(self, leader: int, epoch: int, version: int, isr: tuple[int, ...] = (1, 2, 3)) -> None:
        self.tell(0, f.Elect(partition=P, leader=leader, leader_epoch=epoch, partition_epoch=version, isr=isr))

    def fail_over(self, leader: int, removed: int, epoch: int, version: int, isr: tuple[int, ...]) -> None:
        self.tell(
            0,
            f.FailOver(
                partition=P, leader=leader, removed=removed, leader_epoch=epoch, partition_epoch=version, isr=isr
            ),
        )

    def fence(self, removed: int, epoch: int, version: int, isr: tuple[int, ...]) -> None:
        self.tell(0, f.Fence(partition=P, removed=removed, leader_epoch=epoch, partition_epoch=version, isr=isr))

    def alter(self, leader: int, epoch: int, version: int, isr: tuple[int, ...]) -> None:
        self.tell(0, f.AlterPartition(partition=P, leader=leader, leader_epoch=epoch, partition_epoch=version, isr=isr))

    # ------------------------------------------------------------ replicas
    def lead(self, node: int, epoch: int, start: int = 0, isr: tuple[int, ...] = (1, 2, 3)) -> None:
        self.tell(
            node, f.BecomeLeader(partition=P, leader_epoch=epoch, partition_epoch=epoch, isr=isr, start_offset=start)
        )

    def follow(self, node: int, epoch: int, leader: int) -> None:
        self.tell(node, f.BecomeFollower(partition=P, leader_epoch=epoch, leader=leader))

    def append(self, node: int, batch: f.Content) -> None:
        self.tell(node, f.Append(partition=P, leader_epoch=batch.leader_epoch, batch=batch))

    def promise(self, node: int, batch: f.Content, epoch: int, acks: int = -1) -> None:
        self.tell(
            node,
            f.AcknowledgeProduce(
                partition=P,
                acks=acks,
                base_offset=batch.base_offset,
                record_count=batch.record_count,
                leader_epoch=epoch,
                crc=batch.crc,
            ),
        )

    def advance(self, node: int, epoch: int, to: int, maximal: tuple[int, ...] = (1, 2, 3)) -> None:
        self.tell(node, f.AdvanceHighWatermark(partition=P, leader_epoch=epoch, to=to, maximal_isr=maximal))

    def expand(self, node: int, epoch: int, follower: int, isr: tuple[int, ...]) -> None:
        self.tell(node, f.ExpandIsr(partition=P, leader_epoch=epoch, partition_epoch=0, follower=follower, isr=isr))

    def learn(self, node: int, epoch: int, version: int, isr: tuple[int, ...]) -> None:
        self.tell(node, f.LearnIsr(partition=P, leader_epoch=epoch, partition_epoch=version, isr=isr))

    def count(self, node: int, epoch: int, follower: int, offset: int) -> None:
        self.tell(node, f.Acknowledge(partition=P, leader_epoch=epoch, follower=follower, offset=offset))

    def ask(self, node: int, epoch: int, leader: int, offset: int) -> None:
        self.tell(node, f.SendFetch(partition=P, leader_epoch=epoch, leader=leader, offset=offset))

    def copy(self, node: int, epoch: int, leader: int, *batches: f.Content, hw: int = 0, end: int = -1) -> None:
        ends = batches[-1].base_offset + batches[-1].record_count if batches else 0
        self.tell(
            node,
            f.ReceiveFetch(
                partition=P,
                leader_epoch=epoch,
                leader=leader,
                log_end=end if end >= 0 else ends,
                high_watermark=hw,
                batches=batches,
            ),
        )

    def truncate(self, node: int, epoch: int, to: int, hw: int = 0) -> None:
        self.tell(node, f.Truncate(partition=P, leader_epoch=epoch, to=to, high_watermark=hw))

    def restart(
        self,
        node: int,
        end: int,
        tail: tuple[f.Content, ...] = (),
        tail_from: int = 0,
        hw: int = 0,
        *,
        clean: bool = False,
    ) -> None:
        found = f.Restart(partition=P, log_end=end, high_watermark=hw, tail_from=tail_from, tail=tail, clean=clean)
        self.tell(node, found)

    # ------------------------------------------------------------ common beginnings
    def begin(self) -> None:
        """n1 leads epoch 0, n2 and n3 follow; all logs are empty."""
        self.create()
        self.lead(1, 0)
        self.follow(2, 0, 1)
        self.follow(3, 0, 1)

    def replicate(self, leader: int, epoch: int, batch: f.Content, followers: tuple[int, ...] = (2, 3)) -> None:
        """The leader appends, the followers copy and ask for more; nothing is counted yet."""
        self.append(leader, batch)
        for follower in followers:
            self.copy(follower, epoch, leader, batch)
            self.ask(follower, epoch, leader, batch.base_offset + batch.record_count)
