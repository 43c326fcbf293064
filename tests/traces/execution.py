"""A small execution by hand: what the tests of this folder record, read, merge, validate and draw."""

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


def header() -> Header:
    return Header(version=VERSION, origin="simulated", seed=7, configuration={"brokers": 3, "acks": "all"})


def small() -> Recorder:
    """A partition is made, n1 leads, a client writes one record, n1 crashes."""
    recorder = Recorder(header())
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
