"""Planted bugs of brokers that believe their own clock to be everybody's."""

from campaign.mutants.registry import mutant
from impl.core.broker import Broker
from impl.core.events import Effect, Event, RequestArrived
from impl.core.messages import Produce
from impl.core.types import Batch, Millis

OLD_MS = 60_000
"""No simulated run is as long."""


@mutant("judges-by-its-own-clock", "heals")
class DropsWhatIsOld(Broker):
    """A leader drops produce requests whose batches are older, by its own clock, than any producer would wait.

    Deadlines that travel as a time of day (and message.timestamp.difference.max.ms, which answers INVALID_TIMESTAMP
    where clocks differ). A clock that was set forward makes everything old, for ever: its partitions take no write any
    more, and nothing says why.
    """

    def step(self, event: Event, now: Millis) -> list[Effect]:
        if type(event) is RequestArrived and isinstance(event.request, Produce):
            batches = [part.batch for part in event.request.partitions]
            if any(isinstance(batch, Batch) and 0 <= batch.max_timestamp < now - OLD_MS for batch in batches):
                return []
        return super().step(event, now)
