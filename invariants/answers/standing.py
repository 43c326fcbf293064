"""Where a broker stands with a partition when it answers: what its answer is judged by."""

from invariants.step.ghost import Replica


class Standing:
    """`replica` is as its facts tell; None: no fact has told of one. What only the metadata says is as the broker has
    read it by then. As it stands here, the broker has nothing and has read everything."""

    __slots__ = ("replica",)

    def __init__(self, replica: Replica | None = None) -> None:
        self.replica = replica

    @property
    def here(self) -> bool:
        """The broker has a log of it."""
        return False

    @property
    def known(self) -> bool:
        """The metadata that the broker acts on has the partition."""
        return False

    @property
    def reads(self) -> bool:
        """The broker has read the metadata far enough to act on it."""
        return True

    @property
    def replicas(self) -> tuple[int, ...]:
        return ()

    @property
    def isr(self) -> tuple[int, ...]:
        return ()

    @property
    def minimum(self) -> int:
        """min.insync.replicas."""
        return 1

    @property
    def batch_bytes_max(self) -> int:
        """max.message.bytes."""
        return 1 << 60

    @property
    def deletes(self) -> bool:
        """cleanup.policy has `delete`."""
        return True

    @property
    def knows_producers(self) -> bool:
        """Its log tells of every producer the last that it wrote there. It does not where compaction has left that out:
        an unclean election may give up what came later and stood for it."""
        return True

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
