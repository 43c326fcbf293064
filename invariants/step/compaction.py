"""Compaction (I16): of every key the latest committed record stays, and a tombstone as long as it must.

Judged where clients and nodes share a clock and logs can be looked into (a simulated run): each part of a log when
compaction has replaced it, each log when its process has found it, and all in the end. Facts of compacted logs are
judged by everybody else as if nothing had been taken out (`traces.compacted`); here is what may have been.

What a log does not hold any more is *gone*. A record may go that a later one of its key replaces, below the high
watermark and as old as min.compaction.lag.ms; so may a tombstone whose delete horizon, set by the first cleaning that
kept it, has passed (KIP-534). What is gone stays gone, what stays is unchanged, and a consumer passes over nothing
else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from invariants.step.ghost import Partition
from invariants.step.invariant import StepInvariant
from invariants.step.log import GhostLog
from invariants.verdict import Violated
from traces.compacted import Restored
from traces.facts import Content
from traces.schema import Op

ID = "compaction"
TOMBSTONE = "no "
"""The name of a simulated tombstone begins so (`impl.sim.tombstones`)."""
TIME_FAULTS = frozenset({"clock jump", "clock drift", "slow disk"})
"""Whoever suffers one of them may take anything for old, or take long over a cleaning."""

Held = tuple[int, str, str, int]
"""Offset, key, name, delete horizon (-1: none)."""


def is_tombstone(name: str) -> bool:
    """Whether the record of this name deletes its key."""
    return name.startswith(TOMBSTONE)


@dataclass(frozen=True, slots=True)
class Written:
    """One record as its client made it."""

    offset: int
    key: str
    name: str
    at: int


@dataclass(slots=True)
class _Known:
    """What is known of one partition's compaction."""

    gone: dict[int, set[int]] = field(default_factory=dict)
    """By node: offsets that its log does not hold any more."""
    lacks: dict[int, set[int]] = field(default_factory=dict)
    """By node: offsets that its log may lack because the log that it copied did."""
    ever_gone: set[tuple[int, str]] = field(default_factory=set)
    """Offset and name of what some log does not hold any more."""
    horizons: dict[tuple[int, str], int] = field(default_factory=dict)
    """Offset and name of a tombstone -> the earliest horizon that a log has for it."""


class Compactions:
    """One execution's compaction. Times in ms."""

    def __init__(
        self, partitions: Mapping[str, Partition], *, delete_retention_ms: int, min_compaction_lag_ms: int
    ) -> None:
        """`partitions`: the ghosts of those who judge the facts that `restored` gives back."""
        self._partitions = partitions
        self._retention = delete_retention_ms
        self._lag = min_compaction_lag_ms
        self._restored = Restored()
        self._made: dict[int, tuple[str, tuple[str, ...], int]] = {}
        """CRC of a batch -> key, names and time of its records."""
        self._known: dict[str, _Known] = {}
        self._reached: dict[tuple[str, int, str], int] = {}
        """(client, process, partition) -> one past the last offset it has read."""
        self._timed = True

    # ------------------------------------------------------------ what is told
    def wrote(self, crc: int, key: str, names: Iterable[str], at: int) -> None:
        """A client has made a batch."""
        self._made[crc] = key, tuple(names), at

    def restored(self, node: str, facts: Iterable[Any]) -> list[Any]:
        """The facts as they would be of logs that are not compacted; what is cut off may be written anew."""
        told = list(facts)
        whole = self._restored.facts(node, told)
        for fact, as_told in zip(whole, told, strict=True):
            match type(fact).__name__:
                case "Truncate":
                    self._cut(fact.partition, node, fact.to)
                case "Restart":
                    self._cut(fact.partition, node, fact.log_end)
                case "FallBehind" | "DeleteReplica":
                    self._cut(fact.partition, node, 0)
                case "ReceiveFetch" if fact is not as_told:
                    self._copied(fact.partition, node, set(fact.batches).difference(as_told.batches))
        return whole

    def _copied(self, partition: str, node: str, batches: Iterable[Content]) -> None:
        """A follower has copied what compaction had left of these batches."""
        lacks = self._of(partition).lacks.setdefault(int(node[1:]), set())
        lacks.update(batch.base_offset + index for batch in batches for index in range(batch.record_count))

    def fault(self, kind: str, targets: Iterable[str]) -> None:
        """What the world did."""
        if kind in TIME_FAULTS:
            self._timed = False
        if kind == "wiped disk":
            for target in targets:
                for name in self._known:
                    self._cut(name, target, 0)

    @property
    def given_up(self) -> bool:
        """An unclean election has given up what may have stood for what was compacted away."""
        return any(partition.compacted and partition.last_unclean >= 0 for partition in self._partitions.values())

    def gone(self, partition: str) -> set[int]:
        """Offsets of records that some log does not hold any more."""
        return {offset for offset, _ in self._of(partition).ever_gone}

    def _cut(self, partition: str, node: str, to: int) -> None:
        known, number = self._of(partition), int(node[1:])
        for offsets in (known.gone, known.lacks):
            if number in offsets:
                offsets[number] = {offset for offset in offsets[number] if offset < to}

    def _of(self, partition: str) -> _Known:
        known = self._known.get(partition)
        if known is None:
            known = self._known[partition] = _Known()
        return known

    # ------------------------------------------------------------ what is judged
    def held(
        self, node: str, at: int, name: str, begin: int, to: int, records: Sequence[Held], *, cleaned: bool
    ) -> None:
        """What a log holds from `begin` on below `to`, just `cleaned` or found so. Raises Violated."""
        partition = self._partitions.get(name)
        replica = None if partition is None else partition.replicas.get(int(node[1:]))
        written = None if replica is None else self._written(replica.log, begin)
        if partition is None or replica is None or written is None:
            return
        known = self._of(name)
        if partition.last_unclean >= 0:
            # What an unclean election gives up may have stood for what was compacted away.
            offsets = {record[0] for record in records}
            known.ever_gone.update((each.offset, each.name) for each in written if each.offset not in offsets)
            return
        gone = known.gone.setdefault(replica.node, set())
        # A process that comes back may know a lower watermark than the one up to which its predecessor cleaned, and
        # that of a follower may fall while a slow disk writes what is left.
        at_once = cleaned and self._timed
        bound = replica.high_watermark if at_once else max(replica.high_watermark, partition.committed.end)
        latest = self._latest(written, bound, at)
        there = {record[0]: record for record in records}
        where = f"the log of {node}, {name},"
        if len(there) != len(records) or sorted(there) != [record[0] for record in records]:
            raise Violated(ID, f"{where} has its records out of order: {[record[0] for record in records]}")
        for record in written:
            if record.offset >= to:
                break
            found = there.pop(record.offset, None)
            if found is not None:
                self._stands(record, found, where, gone=record.offset in gone)
                self._horizon(known, record, found[3], at, where, cleaned=cleaned)
            elif record.offset not in gone:
                copied = record.offset in known.lacks.get(replica.node, ())
                if not copied or (record.offset, record.name) not in known.ever_gone:
                    self._may_go(known, record, latest, at, where)
                gone.add(record.offset)
                known.ever_gone.add((record.offset, record.name))
        if there:
            offset, key, label, _ = min(there.values())
            raise Violated(ID, f"{where} has {label!r} of key {key!r} at offset {offset}, where nobody wrote anything")

    def _written(self, log: GhostLog, begin: int) -> list[Written] | None:
        """Every record that was ever written to this log from `begin` on; None where somebody unknown wrote to it."""
        found: list[Written] = []
        for batch in log.batches:
            if batch.base_offset + batch.record_count <= begin:
                continue
            made = self._made.get(batch.crc)
            if made is None or len(made[1]) != batch.record_count:
                return None
            key, names, at = made
            found += [Written(batch.base_offset + index, key, name, at) for index, name in enumerate(names)]
        return [record for record in found if record.offset >= begin]

    def _latest(self, written: list[Written], bound: int, at: int) -> dict[str, int]:
        """Of each key, where its latest record stands that may replace others."""
        old = at - self._lag if self._timed and self._lag else at
        return {record.key: record.offset for record in written if record.offset < bound and record.at <= old}

    def _stands(self, record: Written, found: Held, where: str, *, gone: bool) -> None:
        """A record is there."""
        _, key, name, _ = found
        words = f"record {record.name!r} at offset {record.offset}"
        if (key, name) != (record.key, record.name):
            raise Violated(ID, f"{where} has {name!r} of key {key!r} in place of {words}")
        if gone:
            raise Violated(ID, f"{where} holds {words} again, which was compacted away")

    def _horizon(self, known: _Known, record: Written, horizon: int, at: int, where: str, *, cleaned: bool) -> None:
        """A tombstone may go from its horizon on: set when it was first cleaned, and never again."""
        place = (record.offset, record.name)
        if horizon < 0 or not is_tombstone(record.name):
            return
        if self._timed and cleaned and place not in known.horizons and horizon != at + self._retention:
            raise Violated(
                ID,
                f"{where} is cleaned at {at} and lets record {record.name!r} at offset {record.offset}, a tombstone, "
                f"go at {horizon}: delete.retention.ms is {self._retention}",
            )
        known.horizons[place] = min(horizon, known.horizons.get(place, horizon))

    def _may_go(self, known: _Known, record: Written, latest: Mapping[str, int], at: int, where: str) -> None:
        """A record is not there any more."""
        last = latest.get(record.key, -1)
        if record.offset < last:
            return
        words = f"{where} has lost record {record.name!r} of key {record.key!r} at offset {record.offset}"
        if not is_tombstone(record.name) or record.offset > last:
            raise Violated(ID, f"{words}, and nothing later of its key that is committed and old enough replaces it")
        horizon = known.horizons.get((record.offset, record.name))
        if not self._timed or (horizon is not None and horizon <= at):
            return
        since = "it was never seen cleaned before" if horizon is None else f"it was to stay until {horizon}"
        raise Violated(ID, f"{words} at {at}; {since}, and delete.retention.ms is {self._retention}")

    def op(self, op: Op) -> None:
        """A consumer passes over nothing that every log holds. Raises Violated."""
        if op.operation != "consume" or op.phase != "ok" or op.offset is None or op.error:
            return
        reader = (op.client, op.process, op.partition)
        reached, self._reached[reader] = self._reached.get(reader, 0), op.offset + 1
        partition = self._partitions.get(op.partition)
        if partition is None or partition.last_unclean >= 0 or op.offset <= reached:
            return
        begin = max(reached, *(replica.start for replica in partition.replicas.values()), 0)
        ever_gone = self._of(op.partition).ever_gone
        for record in self._written(partition.committed, begin) or ():
            if record.offset >= op.offset:
                break
            if (record.offset, record.name) not in ever_gone:
                raise Violated(
                    ID,
                    f"{op.client} reads offset {op.offset} of {op.partition} and passes over record {record.name!r} at "
                    f"offset {record.offset}, which no log has compacted away",
                )


def _everywhere(_partition: Partition) -> None:
    """What logs hold is seen by looking into them."""


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I16",),
    statement=(
        "Of every key a compacted log holds the latest committed record, unless that is a tombstone that was kept for "
        "delete.retention.ms after its first cleaning; no other record goes before a later one of its key is committed "
        "and min.compaction.lag.ms old; what stays is unchanged and in its place; and nothing that is gone comes back."
    ),
    argument=(
        "A cleaning takes keys and records below one bound, which is below the high watermark and the active segment; "
        "it sets a tombstone's horizon when it first keeps it; and the new segment takes the place of the old ones in "
        "one rename."
    ),
    breaks="tombstone-gone-at-once",
    everywhere=_everywhere,
)
