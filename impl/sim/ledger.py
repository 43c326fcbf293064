"""What clients were promised and what they read: the client's view of a run, kept and compared at its end.

One rule: it knows only what clients saw.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from impl.core.labels import name_of
from impl.sim.tombstones import TOMBSTONE
from traces.recorder import OpFields

Phase = Literal["invoke", "ok", "fail", "unknown"]
Report = Callable[[OpFields], None]
"""Takes the fields of an `op` line."""


PLAIN = "p"
IDEMPOTENT = "k"


def may_repeat(key: str) -> bool:
    """Whether a key's producer is not idempotent, so that its retries may write a record twice."""
    return key.startswith(PLAIN)


class Ledger:
    """Collects operations, passes them on, and compares the final reading with what was acknowledged."""

    def __init__(self, tell: Report, *, compacted: bool = False) -> None:
        """`compacted`: of each key only the latest record must be there in the end, and no tombstone."""
        self._tell = tell
        self._compacted = compacted
        self._latest: dict[tuple[str, str], int] = {}
        """(partition, key) -> the last offset at which a record of it was acknowledged or read."""
        self._deletes: set[tuple[str, str]] = set()
        """(partition, key) of tombstones of which nobody knows what became."""
        self.invoked = 0
        self.acknowledged: dict[tuple[str, str], int | None] = {}
        """(partition, value) of every record whose write was acknowledged, in that order, and its offset."""
        self._deletions: dict[str, dict[tuple[str, int], int]] = {}
        """By partition's name: each deletion that may have happened, and up to where. Whoever asks says no topic id."""
        self._granted: set[tuple[str, int]] = set()
        """Those that have."""
        self._over: dict[str, frozenset[tuple[str, int]]] = {}
        """By partition: those that had before anything was sent to it, of another topic of its name."""
        self.final: dict[str, list[tuple[str, str]]] = {}
        """The final reading: (key, value) by partition, in order of offsets."""
        self.retained: dict[str, int] = {}
        """By partition, where retention is at work: from where on the brokers say that they have all there was."""
        self._promised: dict[str, int] = {}
        self._reached: dict[str, int] = {}
        """By partition: one past the last offset acknowledged, and read in the end."""
        self.present: frozenset[str] | None = None
        """Where topics of one name have followed each other: the partitions of the one that is there in the end, to
        which alone what was acknowledged is held; None: there has been one."""
        self.consumed = 0
        self.reader = ""
        """The client whose reading is the final one."""

    def op(self, fields: OpFields) -> None:
        """One operation's phase, as clients report it."""
        if fields["operation"] == "produce":
            if fields["phase"] == "invoke":
                self.invoked += 1
                self._over.setdefault(fields["partition"], frozenset(self._granted))
            elif fields["phase"] == "ok":
                self.acknowledged[fields["partition"], fields["value"]] = fields.get("offset")
                self._note(self._promised, fields)
                self._note_key(fields)
            elif fields["value"].startswith(TOMBSTONE):
                self._deletes.add((fields["partition"], fields["key"]))
        elif fields["operation"] == "delete":
            self._delete(fields)
        else:
            self.consumed += 1
            self._note_key(fields)
            if fields["client"] == self.reader:
                self.final.setdefault(fields["partition"], []).append((fields["key"], fields["value"]))
                self._note(self._reached, fields)
        self._tell(fields)

    def _delete(self, fields: OpFields) -> None:
        deletions = self._deletions.setdefault(fields["partition"], {})
        deletion = (fields["client"], fields["id"])
        if fields["phase"] == "fail":
            del deletions[deletion]
        else:
            deletions[deletion] = max(fields.get("offset") or 0, deletions.get(deletion, 0))
            if fields["phase"] == "ok":
                self._granted.add(deletion)

    def deleted_below(self, partition: str) -> int:
        """Up to where clients have asked for deletion, and were not refused, or retention has deleted: what lies below
        may be gone."""
        over = self._over.get(partition, frozenset())
        deletions = self._deletions.get(name_of(partition), {})
        asked = [upto for deletion, upto in deletions.items() if deletion not in over]
        return max(self.retained.get(partition, 0), *asked, 0)

    def _note(self, ends: dict[str, int], fields: OpFields) -> None:
        partition, offset = fields["partition"], fields.get("offset")
        if offset is not None:
            ends[partition] = max(ends.get(partition, 0), offset + 1)

    def _note_key(self, fields: OpFields) -> None:
        offset, key = fields.get("offset"), (fields["partition"], fields["key"])
        if self._compacted and offset is not None:
            self._latest[key] = max(offset, self._latest.get(key, 0))

    def _may_be_gone(self, partition: str, value: str, offset: int) -> bool:
        """Deleted, or compacted away: a later record of its key is known, or may be there, or it is a tombstone."""
        if offset < self.deleted_below(partition):
            return True
        if not self._compacted:
            return False
        key = (partition, value.removeprefix(TOMBSTONE).rpartition(":")[0])
        return value.startswith(TOMBSTONE) or key in self._deletes or offset < self._latest.get(key, 0)

    def read_out(self) -> bool:
        """The final reading holds every record acknowledged, and has come to where the last of them was.

        A new leader's watermark lags: what it lets be read at first may end below that, and hold all the same one copy
        of a record that a producer which is not idempotent wrote twice.
        """
        behind = any(
            not self._compacted and max(self._reached.get(partition, 0), self.deleted_below(partition)) < end
            for partition, end in self._promised.items()
            if self._is_there(partition)
        )
        return not behind and not self.lost()

    def _is_there(self, partition: str) -> bool:
        return self.present is None or partition in self.present

    def lost(self) -> tuple[str, ...]:
        """Acknowledged records that the final reading does not hold and that no client wanted deleted."""
        found = {(partition, value) for partition, records in self.final.items() for _, value in records}
        acknowledged = [each for each in self.acknowledged.items() if self._is_there(each[0][0])]
        missing = [(record, offset) for record, offset in acknowledged if record not in found]
        return tuple(
            f"{partition} {value}"
            for (partition, value), offset in missing
            if offset is None or not self._may_be_gone(partition, value, offset)
        )

    def disordered(self) -> tuple[str, ...]:
        """Records that the final reading holds twice, or after a later one of the same key.

        Where a producer is not idempotent a record may be there twice: only first appearances count.
        """
        wrong = []
        for partition, records in self.final.items():
            highest: dict[str, int] = {}
            seen: set[str] = set()
            for key, value in records:
                digits = value.rpartition(":")[2]
                if not digits.isdecimal():
                    # No producer sent it: whoever judges what was read says so.
                    continue
                number = int(digits)
                # Of two copies the first may be deleted or compacted away; its producer, too, may be forgotten then.
                first_gone = self._compacted or value in seen
                again = self.deleted_below(partition) > 0 or (may_repeat(key) and first_gone)
                if not again and number <= highest.get(key, -1):
                    wrong.append(f"{partition} {value} after {key}:{highest[key]}")
                seen.add(value)
                highest[key] = max(number, highest.get(key, -1))
        return tuple(wrong)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one run came to."""

    steps: int
    """Events handled by brokers and the controller."""
    simulated_ms: int
    invoked: int
    acknowledged: int
    consumed: int
    healthy: bool
    """After the faults stopped every in-sync set filled up again, every write was answered, and all was read back."""
    lost: tuple[str, ...]
    disordered: tuple[str, ...]
    given_up: int
    """Producers that had to start anew because the broker no longer knew what it had acknowledged."""
    deleted: bool = False
    """Records may have been deleted, and with the last of its own a producer may be forgotten; or compacted away, so
    that whoever copied the log since does not know all of its producer's last five batches."""
