"""Operators who move partitions to other replicas, and change their minds.

One rule: a partition keeps two replicas or more. Whoever replaces or gives up a reassignment does it in the next
millisecond, while who is added cannot be in sync yet; where one has been under way for longer, at once.
"""

from impl.core.admin_messages import AlterReassignments, Reassignment
from impl.core.image import PartitionImage
from impl.core.types import NodeId, TopicPartition
from impl.sim import faults
from impl.sim.field import Field
from impl.sim.roll_call import deciding
from impl.sim.scenario import TOPIC

Replicas = tuple[NodeId, ...]
LEAST = 2


class Reassigning:
    """The operators of one field."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def reassign(self, broker: int, partition: int) -> bool:
        """Take the broker out of a partition, where two others stay, or put it in; whether that was asked for."""
        known = self._known(partition)
        if known is None or known.adding or known.removing:
            return False
        replicas = _toggled(known.replicas, NodeId(broker))
        if replicas is None:
            return False
        self._ask(faults.REASSIGN, broker, known, replicas)
        return True

    def change(self, broker: int, partition: int, *, gives_up: bool) -> None:
        """The same, and then other replicas after all, or those that it had."""

        def thinks_again() -> None:
            self._replace(broker, partition, gives_up=gives_up)

        known = self._known(partition)
        if known is not None and (known.adding or known.removing):
            thinks_again()
        elif self.reassign(broker, partition):
            self._field.schedule_call(self._field.now + 1, thinks_again)

    def _replace(self, broker: int, partition: int, *, gives_up: bool) -> None:
        known = self._known(partition)
        if known is None or not (known.adding or known.removing):
            return
        if gives_up:
            self._ask(faults.REASSIGN_GIVEN_UP, broker, known, None)
            return
        staying = tuple(each for each in known.replicas if each not in known.removing)
        # Who is being added stays, and whoever was there first goes.
        other = next((each for each in staying if each not in known.adding), NodeId(broker))
        replicas = _toggled(staying, other if broker in known.adding else NodeId(broker))
        if replicas is not None:
            self._ask(faults.REASSIGN_ANEW, broker, known, replicas)

    def _known(self, partition: int) -> PartitionImage | None:
        active = deciding(self._field.nodes, self._field.now)
        return None if active is None else active[2].partition(TopicPartition(TOPIC, partition))

    def _ask(self, kind: str, broker: int, known: PartitionImage, replicas: Replicas | None) -> None:
        field, active = self._field, deciding(self._field.nodes, self._field.now)
        assert active is not None, "who knows the partition decides"
        field.note_fault(kind, (field.processes[broker].name,), f"partition {known.name.index}")
        wanted = AlterReassignments((Reassignment(known.name, replicas),), 0, True)
        what = "to give up the reassignment" if replicas is None else f"for replicas {list(replicas)}"
        field.ask(active[0], f"asked {what} of {known.name}", wanted)


def _toggled(replicas: Replicas, node: NodeId) -> Replicas | None:
    """Without the node, or with it at the end; None: too few would stay."""
    if node not in replicas:
        return (*replicas, node)
    return None if len(replicas) <= LEAST else tuple(each for each in replicas if each != node)
