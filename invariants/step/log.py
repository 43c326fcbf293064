"""A log as evidence: batches, one name for every prefix, and which offsets they cover.

One rule: two logs of one partition agree up to a batch exactly when that batch has the same prefix name in both.
`Prefixes` gives the names, so that comparing logs of any length is comparing two integers.

Theory of operation. Prefix 0 is the empty log. Appending a batch to a prefix is looked up by (leader epoch, prefix):
one leader writes an epoch, one batch after the other, so there is at most one answer in a run that keeps log matching
(I4), and a second, different one is its violation. Logs here start at offset 0: retention does not exist yet.
"""

from bisect import bisect_left, bisect_right

from invariants.step.words import batch_words
from invariants.verdict import Violated
from traces.facts import Content

EMPTY = 0


class Prefixes:
    """Every log prefix seen in one partition, by number, and the tree they form."""

    __slots__ = ("_epochs", "_first", "_next")

    def __init__(self) -> None:
        self._epochs = [-1]
        self._first: dict[int, int] = {}
        self._next: dict[tuple[int, int], tuple[Content, int]] = {}

    def extend(self, prefix: int, batch: Content, node: int) -> int:
        """The name of `prefix` with `batch` behind it, as `node` wrote it. Raises Violated where logs stop matching."""
        key = (batch.leader_epoch, prefix)
        known = self._next.get(key)
        if known is not None:
            if known[0] == batch:
                return known[1]
            raise Violated(
                "log_matching",
                f"n{node} has {batch_words(batch)} in leader epoch {batch.leader_epoch}, "
                f"where another log has {batch_words(known[0])} of the same epoch behind the same prefix",
            )
        return self._new(key, batch, node)

    def _new(self, key: tuple[int, int], batch: Content, node: int) -> int:
        epoch, prefix = key
        last = self._epochs[prefix]
        if epoch < last:
            raise Violated(
                "log_matching",
                f"n{node} has {batch_words(batch)} of leader epoch {epoch} behind a batch of epoch {last}",
            )
        if epoch > last and self._first.setdefault(epoch, prefix) != prefix:
            raise Violated(
                "log_matching",
                f"leader epoch {epoch} begins at {batch_words(batch)} on n{node}, and behind another prefix in "
                "another log",
            )
        name = len(self._epochs)
        self._epochs.append(epoch)
        self._next[key] = (batch, name)
        return name


class GhostLog:
    """What a log must hold by the facts so far. `ends` are exclusive; `prefixes[i]` names the log up to batch i."""

    __slots__ = ("batches", "end", "ends", "prefixes")

    def __init__(self) -> None:
        self.batches: list[Content] = []
        self.ends: list[int] = []
        self.prefixes: list[int] = []
        self.end = 0
        """The log end offset."""

    def append(self, batch: Content, prefix: int) -> None:
        self.batches.append(batch)
        self.prefixes.append(prefix)
        self.end = batch.base_offset + batch.record_count
        self.ends.append(self.end)

    @property
    def prefix(self) -> int:
        """The name of the whole log."""
        return self.prefixes[-1] if self.prefixes else EMPTY

    @property
    def whole_end(self) -> int:
        """Where the last batch ends: before `end` in a log that begins inside one, which is still to come."""
        return self.ends[-1] if self.ends else 0

    def cut(self, to: int) -> None:
        """Keep the batches that end at or before `to`, as storage does."""
        keep = bisect_right(self.ends, to)
        if keep < len(self.ends):
            del self.batches[keep:], self.ends[keep:], self.prefixes[keep:]
            self.end = self.ends[-1] if self.ends else 0
        elif to < self.end:
            # It began there, inside a batch or with nothing.
            self.end = to

    def batches_below(self, offset: int) -> int:
        """How many batches begin below `offset`; all of them where the log is shorter."""
        if offset >= self.end:
            return len(self.ends)
        return bisect_left(self.ends, offset) + 1 if offset > 0 else 0

    def prefix_at(self, offset: int) -> int:
        """The name of the log up to and including the batch that holds `offset - 1`."""
        prefixes = self.prefixes
        if offset <= 0 or not prefixes:
            return EMPTY
        return prefixes[-1] if offset >= self.end else prefixes[bisect_left(self.ends, offset)]

    def batch_at(self, offset: int) -> Content | None:
        """The batch that holds `offset`."""
        index = bisect_right(self.ends, offset)
        return self.batches[index] if index < len(self.batches) else None

    def holds(self, other: "GhostLog") -> bool:
        """Whether `other` is a prefix of this log."""
        count = len(other.prefixes)
        if count == 0:
            return True
        mine = self.prefixes
        return len(mine) >= count and mine[count - 1] == other.prefixes[count - 1]

    def first_missing(self, other: "GhostLog") -> Content | None:
        """The first batch of `other` that does not stand here in the same place behind the same prefix."""
        for index, name in enumerate(other.prefixes):
            if index >= len(self.prefixes) or self.prefixes[index] != name:
                return other.batches[index]
        return None
