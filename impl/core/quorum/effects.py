"""What a voter of the quorum asks of its host, beside sends and replies.

One rule: each is on the disk, synced, before the effect after it: a vote before the answer that gives it, a batch
before the fetch that acknowledges it.
"""

from impl.core.metadata import MetadataRecord
from impl.core.quorum.batches import ElectionState, MetadataBatch, SnapshotId
from impl.core.quorum.facts import QuorumFact
from impl.core.types import Offset, Value


class WriteElectionState(Value, frozen=True, gc=False):
    """Replace the `quorum-state` file."""

    state: ElectionState


class WriteMetadata(Value, frozen=True, gc=False):
    """Write a batch at the end of the metadata log."""

    batch: MetadataBatch


class TruncateMetadata(Value, frozen=True, gc=False):
    """Cut the metadata log to `to`, which begins a batch."""

    to: Offset


class NoteCommitted(Value, frozen=True, gc=False):
    """Everything below `to` is committed, and whoever is told of decisions has been told. Need not be synced: it is
    there so that a restart need not tell all of it again."""

    to: Offset


class WriteSnapshot(Value, frozen=True, gc=False):
    """Write a snapshot: `records` say what the log below `snapshot.end` came to."""

    snapshot: SnapshotId
    timestamp: int
    records: tuple[MetadataRecord, ...]


class LoadSnapshot(Value, frozen=True, gc=False):
    """Read the bytes of a snapshot that a leader has sent whole; SnapshotLoaded says what it holds. A voter keeps it,
    and its log begins anew where it ends."""

    snapshot: SnapshotId
    data: bytes


class DropMetadata(Value, frozen=True, gc=False):
    """The log before this snapshot is needed no longer, nor are older snapshots."""

    before: SnapshotId


StorageEffect = (
    WriteElectionState | WriteMetadata | TruncateMetadata | NoteCommitted | WriteSnapshot | LoadSnapshot | DropMetadata
)
QuorumEffect = StorageEffect | QuorumFact


class RecoveredQuorum(Value, frozen=True, gc=False, kw_only=True):
    """What a voter finds on its disk."""

    election: ElectionState | None = None
    batches: tuple[MetadataBatch, ...] = ()
    committed: Offset = Offset(0)
    """What was noted to be committed; never more than was."""
    snapshot: SnapshotId | None = None
    """The newest one; the first batch is at its end or before it."""
    snapshot_records: tuple[MetadataRecord, ...] = ()
    jitter: int = 0
    """A number of this start of the process: what its election timeouts are spread by."""
