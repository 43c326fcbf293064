"""A partition that was there when the trace began: its model starts from what was told then.

One rule: the start is believed only where the model's safety properties hold in it. Two logs that differ below a high
watermark, an in-sync replica without something committed, two logs of one epoch that do not match: no execution of the
model leads there.

Every replica starts as after a stop: in the newest epoch, leading nothing, nothing in flight. What a replica took for
committed that is neither in sync nor eligible may be of before an unclean election; where that contradicts the others,
the trace cannot tell. A broker that has not told of its log by then, or never does, has what the others have: nothing
that follows depends on it until it tells.
"""

from collections.abc import Mapping
from typing import Any

from model.language import Entry
from model.shared_log import SharedLog
from traces.abstraction import DivergedError, action_of
from traces.beginnings import Unfit, joins, whole
from traces.ending import broken
from traces.facts import Content
from traces.survive import Survival


class Begun(Survival):
    """`begun` is the partition's `begin_partition`; `told` what brokers have told of their logs so far."""

    def __init__(self, begun: Any, told: Mapping[int, Any], *, synced: bool = False) -> None:
        self._told = {node: told[node] for node in begun.replicas if node in told}
        self._late = [node for node in begun.replicas if node not in told]
        super().__init__(begun, synced=synced)

    def members_at_first(self, created: Any) -> tuple[int, ...]:
        """The set of the model's initial state, which is not kept."""
        return tuple(created.replicas)

    def begin(self, created: Any) -> None:
        state, epoch, version = self.state, created.leader_epoch + 1, created.partition_epoch + 1
        isr, elr = frozenset(created.isr), frozenset(created.elr)
        state.newest_leader_epoch, state.newest_partition_epoch = epoch, version
        state.has_leader[epoch] = created.leader >= 0
        if created.leader >= 0:
            state.leader[epoch] = created.leader
        state.isr[epoch] = state.isr_at[version] = isr
        state.elr[epoch] = elr
        state.enough[epoch] = state.enough_at[version] = created.enough
        state.leader_epoch_at[version] = epoch
        for node in created.replicas:
            state.leader_epoch[node] = epoch
        for node, broker_epoch in zip(created.replicas, created.broker_epochs, strict=True):
            if broker_epoch >= 0:
                self.registrations[node] = {broker_epoch: 0}
        self._have_logs(created, epoch)
        self.situated()

    def begin_replica(self, node: int, fact: Any) -> None:
        """A broker that starts later than the controllers decide."""
        if node not in self._late:
            told = f"n{node} tells a second time of the log that it began with"
            raise DivergedError(action_of(fact), told, outside=True)
        try:
            joins(self._told, fact)
        except Unfit as unfit:
            raise DivergedError(action_of(fact), str(unfit), outside=True) from None
        self._late.remove(node)
        self._told[node] = fact
        self._have(node, self._wholes(fact)[node], fact.high_watermark)
        self._check(fact)

    # ------------------------------------------------------------ logs
    def _have_logs(self, created: Any, epoch: int) -> None:
        state = self.state
        for node, batches in self._wholes(created).items():
            self._have(node, batches, self._told[node].high_watermark)
        told = sorted(self._told)
        if told:
            may_lead = [node for node in told if node in state.isr[epoch] | state.elr[epoch]]
            best = max(may_lead or told, key=lambda node: (state.high_watermark[node], len(state.log[node]), -node))
            for node in self._late:
                state.log[node] = state.log[best]
        self._check(created)

    def _wholes(self, fact: Any) -> dict[int, tuple[Content, ...]]:
        try:
            return whole(self._told)
        except Unfit as unfit:
            raise DivergedError(action_of(fact), str(unfit), outside=True) from None

    def _have(self, node: int, batches: tuple[Content, ...], high_watermark: int) -> None:
        log = SharedLog(self._buffer)
        for batch in batches:
            if batch.base_offset != len(log):
                told = f"n{node} has no record at offset {len(log)}: a compacted log"
                raise DivergedError("begin_replica", f"{told} is outside the model {self.model.name}", outside=True)
            for index in range(batch.record_count):
                log = log.extended(Entry(batch.leader_epoch + 1, (batch.crc, index)))
        self.state.log[node] = log
        self.state.high_watermark[node] = self.believed[node] = high_watermark

    @property
    def _buffer(self) -> list[Entry]:
        """That of a log there is: equal logs share their entries."""
        longest = max(self.state.log.values(), key=len)
        return longest.buffer if isinstance(longest, SharedLog) else []

    def _check(self, fact: Any) -> None:
        """Whether an execution of the model may have led here."""
        property_broken = broken(self.machine)
        if property_broken is None:
            return
        state = self.state
        newest = state.newest_leader_epoch
        outsiders = [node for node in self._told if node not in state.isr[newest] | state.elr[newest]]
        kept = {node: state.high_watermark[node] for node in outsiders}
        for node in outsiders:
            state.high_watermark[node] = 0
        decided = broken(self.machine) is not None
        for node, high_watermark in kept.items():
            state.high_watermark[node] = high_watermark
        told = f"the model's property {property_broken} does not hold in the state that the trace begins with"
        if not decided:
            told += "; only of what a replica believes that may not have seen the last unclean election"
        raise DivergedError(action_of(fact), told, outside=not decided)


Begun.replay = {**Survival.replay, "BeginReplica": Begun.begin_replica}
