"""Whether a partition's in-sync set is said to be enough where it is, by min.insync.replicas as it is set now.

One rule: leaders go by what the controller says of the version they know (KIP-966), so that it must be said anew when
the number changes, and not with the next change of the set.
"""

from collections.abc import Callable, Iterable
from typing import Any


def wrong(controller: str, partitions: Iterable[Any], minimum: Callable[[str], int]) -> str:
    """What is wrong with the partitions as a controller has decided them; empty: nothing is. `minimum`:
    min.insync.replicas of a topic. A partition with fewer replicas than that needs them all."""
    for partition in partitions:
        wanted = min(minimum(partition.name.topic), len(partition.replicas))
        if partition.enough != (len(partition.isr) >= wanted):
            said = "enough" if partition.enough else "too few"
            what = f"{len(partition.isr)} in sync of {partition.name} are {said}"
            return f"{controller} says that {what}, and as min.insync.replicas is set {wanted} are enough"
    return ""
