"""Messages that travel as they are: what comes of a reply on its way."""

from typing import cast

from impl.core.events import ReplyArrived, SendReply
from impl.core.messages import Fetched, FetchedPartition
from impl.core.types import NO_ERROR, Connection, Offset, TopicPartition
from impl.sim.network import Connection as Link
from impl.sim.process import Process
from impl.sim.transport import Transport


class Source:
    node = 1


def test_a_leader_that_finds_nothing_to_read_answers_no_batches() -> None:
    """As where compaction and a cut have left nothing up to its end: a follower is given batches, never bytes."""
    nothing = FetchedPartition(
        partition=TopicPartition("t", 0), error=NO_ERROR, high_watermark=Offset(59), log_start=Offset(0), records=b""
    )
    sent = SendReply(Connection(1), 1, Fetched((nothing,)))
    arrived = Transport().pack_reply(cast(Process, Source()), cast(Link, None), sent)
    assert isinstance(arrived, ReplyArrived)
    assert isinstance(arrived.reply, Fetched)
    assert arrived.reply.partitions[0].records == ()
