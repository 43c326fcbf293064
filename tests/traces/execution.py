"""A small execution by hand: what the tests of this folder record, read, merge, validate and draw."""

from typing import Literal

from traces import facts
from traces.recorder import Recorder
from traces.schema import VERSION, Header

PARTITION = "orders-0"


def content(base_offset: int, count: int = 1, epoch: int = 0, crc: int | None = None) -> facts.Content:
    return facts.Content(
        base_offset=base_offset,
        record_count=count,
        leader_epoch=epoch,
        crc=1000 + base_offset if crc is None else crc,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
    )


def simulated() -> Header:
    return Header(version=VERSION, origin="simulated", seed=7, configuration={"brokers": 3, "acks": "all"})


def small() -> Recorder:
    """A partition is made, n1 leads, a client writes one record, n1 crashes."""
    recorder = Recorder(simulated())
    created = facts.CreatePartition(partition=PARTITION, replicas=(1, 2, 3), isr=(1, 2, 3), leader=1)
    recorder.step(0, "controller", "CreateTopics from c1", [created])
    leads = facts.BecomeLeader(partition=PARTITION, leader_epoch=0, partition_epoch=0, isr=(1, 2, 3), start_offset=0)
    recorder.step(1, "n1", "metadata", [leads], cause=0, logs={PARTITION: (0, -1, 0)})
    recorder.op(
        at=2, client="c1", process=0, id=0, operation="produce", phase="invoke", partition=PARTITION, value="a", acks=-1
    )
    append = facts.Append(partition=PARTITION, leader_epoch=0, batch=content(0))
    recorder.step(3, "n1", "Produce from c1", [append], logs={PARTITION: (1, 0, 0)})
    recorder.fault(4, "crash", ("n1",))
    recorder.op(at=5, client="c1", process=0, id=0, operation="produce", phase="unknown", error="connection lost")
    return recorder


class Execution:
    """Writes an execution down fact by fact; time passes 100 ms a step. Epochs are Kafka's, nodes are numbers."""

    def __init__(self, header: Header | None = None) -> None:
        self.recorder = Recorder(header or simulated())
        self.at = 0

    def step(self, node: str, event: str, *happened: facts.Fact, cause: int | None = None) -> int:
        self.at += 100
        return self.recorder.step(self.at, node, event, happened, cause=cause)

    def fault(self, kind: str, *targets: str) -> int:
        self.at += 100
        return self.recorder.fault(self.at, kind, targets)

    def produce(self, phase: Literal["invoke", "ok", "unknown"], value: str, offset: int | None = None) -> int:
        self.at += 100
        return self.recorder.op(
            at=self.at,
            client="c1",
            process=0,
            id=ord(value),
            operation="produce",
            phase=phase,
            partition=PARTITION,
            value=value,
            offset=offset,
        )

    # ------------------------------------------------------------ the controller
    def create(self, isr: tuple[int, ...] = (1, 2, 3), leader: int = 1) -> int:
        fact = facts.CreatePartition(partition=PARTITION, replicas=(1, 2, 3), isr=isr, leader=leader)
        return self.step("controller", "CreateTopics from c1", fact)

    def elect(self, leader: int, epoch: int, version: int, isr: tuple[int, ...]) -> int:
        fact = facts.Elect(partition=PARTITION, leader=leader, leader_epoch=epoch, partition_epoch=version, isr=isr)
        return self.step("controller", "tick", fact)

    def fail_over(self, leader: int, removed: int, epoch: int, version: int, isr: tuple[int, ...]) -> int:
        fact = facts.FailOver(
            partition=PARTITION,
            leader=leader,
            removed=removed,
            leader_epoch=epoch,
            partition_epoch=version,
            isr=isr,
        )
        return self.step("controller", "tick", fact)

    def fence(self, removed: int, epoch: int, version: int, isr: tuple[int, ...]) -> int:
        fact = facts.Fence(partition=PARTITION, removed=removed, leader_epoch=epoch, partition_epoch=version, isr=isr)
        return self.step("controller", "tick", fact)

    def alter(self, leader: int, epoch: int, version: int, isr: tuple[int, ...]) -> int:
        fact = facts.AlterPartition(
            partition=PARTITION, leader=leader, leader_epoch=epoch, partition_epoch=version, isr=isr
        )
        return self.step("controller", f"AlterPartition from n{leader}", fact)

    # ------------------------------------------------------------ the leader
    def lead(self, node: int, epoch: int, version: int, isr: tuple[int, ...], start: int) -> int:
        fact = facts.BecomeLeader(
            partition=PARTITION, leader_epoch=epoch, partition_epoch=version, isr=isr, start_offset=start
        )
        return self.step(f"n{node}", "metadata", fact)

    def append(self, node: int, epoch: int, at: int, count: int = 1, crc: int | None = None) -> int:
        fact = facts.Append(partition=PARTITION, leader_epoch=epoch, batch=content(at, count, epoch, crc))
        return self.step(f"n{node}", "Produce from c1", fact)

    def advance(self, node: int, epoch: int, to: int, isr: tuple[int, ...], cause: int | None = None) -> int:
        fact = facts.AdvanceHighWatermark(partition=PARTITION, leader_epoch=epoch, to=to, maximal_isr=isr)
        return self.step(f"n{node}", "fetch counted", fact, cause=cause)

    def promise(self, node: int, epoch: int, at: int, count: int = 1, acks: int = -1) -> int:
        fact = facts.AcknowledgeProduce(
            partition=PARTITION,
            acks=acks,
            base_offset=at,
            record_count=count,
            leader_epoch=epoch,
            crc=content(at).crc,
        )
        return self.step(f"n{node}", "Produce answered", fact)

    def expand(self, node: int, epoch: int, version: int, follower: int, isr: tuple[int, ...]) -> int:
        fact = facts.ExpandIsr(
            partition=PARTITION, leader_epoch=epoch, partition_epoch=version, follower=follower, isr=isr
        )
        return self.step(f"n{node}", "fetch counted", fact)

    def shrink(self, node: int, epoch: int, version: int, isr: tuple[int, ...]) -> int:
        fact = facts.ShrinkIsr(partition=PARTITION, leader_epoch=epoch, partition_epoch=version, isr=isr)
        return self.step(f"n{node}", "tick", fact)

    def learn(self, node: int, epoch: int, version: int, isr: tuple[int, ...]) -> int:
        fact = facts.LearnIsr(partition=PARTITION, leader_epoch=epoch, partition_epoch=version, isr=isr)
        return self.step(f"n{node}", "metadata", fact)

    def probed(
        self, leader: int, epoch: int, offset: int, last: int, log_end: int, diverging: tuple[int, int] = (-1, -1)
    ) -> int:
        fact = facts.AnswerProbe(
            partition=PARTITION,
            leader_epoch=epoch,
            offset=offset,
            last_fetched_epoch=last,
            diverging_epoch=diverging[0],
            diverging_end=diverging[1],
            log_end=log_end,
        )
        return self.step(f"n{leader}", "Fetch from a prober", fact)

    # ------------------------------------------------------------ the follower
    def follow(self, node: int, epoch: int, leader: int) -> int:
        fact = facts.BecomeFollower(partition=PARTITION, leader_epoch=epoch, leader=leader)
        return self.step(f"n{node}", "metadata", fact)

    def truncate(self, node: int, epoch: int, to: int, high_watermark: int) -> int:
        fact = facts.Truncate(partition=PARTITION, leader_epoch=epoch, to=to, high_watermark=high_watermark)
        return self.step(f"n{node}", "Fetched", fact)

    def reconcile(self, node: int, epoch: int, leader: int, log_end: int) -> int:
        fact = facts.Reconcile(partition=PARTITION, leader_epoch=epoch, leader=leader, log_end=log_end)
        return self.step(f"n{node}", f"Fetched from n{leader}", fact)

    def send(self, node: int, epoch: int, leader: int, offset: int) -> int:
        fact = facts.SendFetch(partition=PARTITION, leader_epoch=epoch, leader=leader, offset=offset)
        return self.step(f"n{node}", "tick", fact)

    def count(self, leader: int, epoch: int, follower: int, offset: int) -> int:
        fact = facts.Acknowledge(partition=PARTITION, leader_epoch=epoch, follower=follower, offset=offset)
        return self.step(f"n{leader}", f"Fetch from n{follower}", fact)

    def answer(self, leader: int, epoch: int, follower: int, offset: int, log_end: int, high_watermark: int) -> int:
        fact = facts.AnswerFetch(
            partition=PARTITION,
            leader_epoch=epoch,
            follower=follower,
            offset=offset,
            log_end=log_end,
            high_watermark=high_watermark,
        )
        return self.step(f"n{leader}", f"Fetch from n{follower}", fact)

    def receive(
        self, node: int, epoch: int, leader: int, log_end: int, high_watermark: int, *batches: facts.Content
    ) -> int:
        fact = facts.ReceiveFetch(
            partition=PARTITION,
            leader_epoch=epoch,
            leader=leader,
            log_end=log_end,
            high_watermark=high_watermark,
            batches=batches,
        )
        return self.step(f"n{node}", f"Fetched from n{leader}", fact)

    def fetch(
        self,
        node: int,
        epoch: int,
        leader: int,
        offset: int,
        high_watermark: int,
        *batches: facts.Content,
        leader_end: int | None = None,
    ) -> None:
        """A whole fetch: asked, counted, answered, received. `high_watermark` and `leader_end` are the leader's."""
        end = offset + sum(batch.record_count for batch in batches)
        self.send(node, epoch, leader, offset)
        self.count(leader, epoch, node, offset)
        self.answer(leader, epoch, node, offset, end if leader_end is None else leader_end, high_watermark)
        self.receive(node, epoch, leader, end, min(high_watermark, end), *batches)

    def restart(self, node: int, log_end: int, high_watermark: int, tail_from: int, *tail: facts.Content) -> int:
        fact = facts.Restart(
            partition=PARTITION, log_end=log_end, high_watermark=high_watermark, tail_from=tail_from, tail=tail
        )
        return self.step(f"n{node}", "restart", fact)


def begun(run: Execution) -> Execution:
    """n1 leads epoch 0, n2 and n3 follow; nothing is written yet."""
    run.create()
    run.lead(1, 0, 0, (1, 2, 3), 0)
    for node in (2, 3):
        run.follow(node, 0, 1)
        run.probed(1, 0, 0, -1, 0)
        run.reconcile(node, 0, 1, 0)
    return run


def kip_101() -> Execution:
    """The bug of KIP-101: n3 cuts its log to its own high watermark, leads, and an acknowledged record is gone."""
    run = begun(Execution())
    run.produce("invoke", "a")
    run.append(1, 0, 0)
    for node in (2, 3):
        run.fetch(node, 0, 1, 0, 0, content(0))
    for node in (2, 3):
        run.send(node, 0, 1, 1)
        run.count(1, 0, node, 1)
    run.advance(1, 0, 1, (1, 2, 3))
    run.promise(1, 0, 0)
    run.produce("ok", "a", offset=0)
    run.fault("crash", "n1")
    run.fail_over(2, 1, 1, 1, (2, 3))
    run.lead(2, 1, 1, (2, 3), 1)
    run.follow(3, 1, 2)
    run.truncate(3, 1, 0, 0)
    run.reconcile(3, 1, 2, 0)
    run.fault("crash", "n2")
    run.fail_over(3, 2, 2, 2, (3,))
    line = run.lead(3, 2, 2, (3,), 0)
    run.recorder.verdict(
        "no-committed-loss",
        "record a, acknowledged at offset 0 in epoch 0, is missing from n3, leader of epoch 2",
        at_line=line,
    )
    return run


def tour() -> Execution:
    """A right execution that takes every action of the model: lag, shrink, expand, failover, truncation, restarts."""
    run = begun(Execution())
    _lag_and_catch_up(run)
    _fail_over_and_truncate(run)
    _lose_every_leader(run)
    return run


def _lag_and_catch_up(run: Execution) -> None:
    """a and the batch b of two are written; n3 lags, leaves the in-sync set, catches up and joins again."""
    a, b = content(0), content(1, count=2)
    run.append(1, 0, 0)
    run.append(1, 0, 1, count=2)
    run.fetch(2, 0, 1, 0, 0, a, b)
    run.fetch(3, 0, 1, 0, 0, a, leader_end=3)
    run.send(2, 0, 1, 3)
    run.count(1, 0, 2, 3)
    run.send(3, 0, 1, 1)
    run.count(1, 0, 3, 1)
    run.advance(1, 0, 1, (1, 2, 3))
    run.promise(1, 0, 0)
    run.shrink(1, 0, 0, (1, 2))
    run.alter(1, 0, 1, (1, 2))
    run.learn(1, 0, 1, (1, 2))
    run.advance(1, 0, 3, (1, 2))
    run.promise(1, 0, 1, count=2)
    run.answer(1, 0, 3, 1, 3, 3)
    run.receive(3, 0, 1, 3, 3, b)
    run.send(3, 0, 1, 3)
    run.count(1, 0, 3, 3)
    run.expand(1, 0, 1, 3, (1, 2, 3))
    run.alter(1, 0, 2, (1, 2, 3))
    run.learn(1, 0, 2, (1, 2, 3))


def _fail_over_and_truncate(run: Execution) -> None:
    """n1 dies with a record nobody else has; n2 leads epoch 1; n1 comes back, cuts it off, copies, and joins again."""
    x, y = content(3, crc=77), content(3, epoch=1, crc=88)
    run.append(1, 0, 3, crc=77)
    run.fault("crash", "n1")
    run.fail_over(2, 1, 1, 3, (2, 3))
    run.lead(2, 1, 3, (2, 3), 3)
    run.follow(3, 1, 2)
    run.probed(2, 1, 3, 0, 3)
    run.reconcile(3, 1, 2, 3)
    run.append(2, 1, 3, crc=88)
    run.fetch(3, 1, 2, 3, 0, y)
    run.send(3, 1, 2, 4)
    run.count(2, 1, 3, 4)
    run.advance(2, 1, 4, (2, 3))
    run.fault("restart", "n1")
    run.restart(1, 4, 1, 1, content(1, count=2), x)
    run.follow(1, 1, 2)
    run.probed(2, 1, 4, 0, 4, diverging=(0, 3))
    run.truncate(1, 1, 3, 1)
    run.probed(2, 1, 3, 0, 4)
    run.reconcile(1, 1, 2, 3)
    run.fetch(1, 1, 2, 3, 4, y)
    run.send(1, 1, 2, 4)
    run.count(2, 1, 1, 4)
    run.expand(2, 1, 3, 1, (1, 2, 3))
    run.alter(2, 1, 4, (1, 2, 3))
    run.learn(2, 1, 4, (1, 2, 3))


def _lose_every_leader(run: Execution) -> None:
    """Nobody is alive to lead epoch 2; n3 leads epoch 3, dies in the middle of an append, and leads epoch 4."""
    run.elect(-1, 2, 5, (1, 2, 3))
    run.follow(1, 2, -1)
    run.elect(3, 3, 6, (1, 2, 3))
    run.lead(3, 3, 6, (1, 2, 3), 4)
    run.fence(2, 3, 7, (1, 3))
    run.learn(3, 3, 7, (1, 3))
    run.fault("crash", "n3")
    run.restart(3, 5, 0, 4, content(4, epoch=3))
    run.elect(3, 4, 8, (1, 3))
    run.lead(3, 4, 8, (1, 3), 5)
    run.follow(1, 4, 3)
    run.probed(3, 4, 4, 1, 5)
    run.reconcile(1, 4, 3, 4)
    run.restart(1, 4, 2, 3, content(3, epoch=1, crc=88))
    run.follow(1, 4, 3)
    run.probed(3, 4, 4, 1, 5)
    run.reconcile(1, 4, 3, 4)
    run.fetch(1, 4, 3, 4, 0, content(4, epoch=3))
