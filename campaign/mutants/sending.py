"""Planted bugs of clients: what a producer makes of an answer that did not come."""

from campaign.mutants.registry import mutant
from impl.core.types import TopicPartition
from impl.sim.producer import Producer


@mutant("retry-under-a-new-identity", "per_key_order")
class RetriesAsAnother(Producer):
    """A producer that had no answer asks for a new producer id and sends what is unanswered under that.

    KAFKA-14034 and librdkafka's issue 4953: a client bumped its epoch while a batch was in flight, and sent it again
    as another one. If the first copy was stored and only its acknowledgement lost, the record stands there twice, and
    no broker can tell.
    """

    def _again(self, partition: TopicPartition, now: int, *, moved: bool) -> None:
        if self.idempotent and moved:
            self._producer = (-1, -1)
            for name, waiting in self._unacknowledged.items():
                self._sequences[name] = 0
                for batch in waiting:
                    self.forget(batch.correlation)
                    batch.contents = None
                    batch.sent = False
        super()._again(partition, now, moved=moved)
