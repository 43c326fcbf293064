"""Where a broker stands with a partition when it answers: what its answer is judged by."""

from typing import NamedTuple

from invariants.step.ghost import Replica


class Standing(NamedTuple):
    """`replica` is as its facts tell. What only the metadata says is as the broker has read it by then."""

    replica: Replica | None
    """None: no fact has told of one."""
    here: bool
    """The broker has a log of it."""
    known: bool
    """The metadata that the broker acts on has the partition."""
    reads: bool
    """The broker has read the metadata far enough to act on it."""
    replicas: tuple[int, ...] = ()
    isr: tuple[int, ...] = ()
    minimum: int = 1
    """min.insync.replicas."""
    batch_bytes_max: int = 1 << 60
    """max.message.bytes."""
    deletes: bool = True
    """cleanup.policy has `delete`."""

    @property
    def leading(self) -> bool:
        return self.replica is not None and self.replica.leading

    @property
    def leader_epoch(self) -> int:
        """-1: it has had no role since its process started."""
        return self.replica.leader_epoch if self.replica is not None and self.replica.counts else -1

    def enough(self, isr: tuple[int, ...]) -> bool:
        """min.insync.replicas, which a partition with fewer replicas cannot ask for."""
        return len(isr) >= min(self.minimum, len(self.replicas))
