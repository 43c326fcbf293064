"""Whether somebody may lead a partition that the active controller leaves without a leader.

One rule: a controller is looked at between its steps, when what it has decided in one belongs together: a leader that
is gone and who takes over from it are two changes of one step.
"""

from collections.abc import Iterable, Set
from typing import Any


def wrong(controller: str, partitions: Iterable[Any], active: Set[int]) -> str:
    """What is wrong with the partitions as a controller has decided them; empty: nothing is. `active`: whom it counts
    on, that is, who is neither fenced nor about to stop."""
    for partition in partitions:
        if partition.leader >= 0:
            continue
        for members, what in ((partition.isr, "in sync"), (() if partition.isr else partition.elr, "eligible")):
            able = sorted(node for node in members if node in active)
            if able:
                return f"{controller} leaves {partition.name} without a leader, and n{able[0]} is {what} and counted on"
    return ""
