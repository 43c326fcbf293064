"""Whether whoever follows a leader has deleted what that has deleted.

One rule: it is asked of a cluster that is whole and has nothing to write any more: what is deleted then, nobody hears
of by the way.
"""

from collections.abc import Mapping


def wrong(partition: str, leader: str, start: int, followers: Mapping[str, int]) -> str:
    """What is wrong; empty: nothing is. `start`: where the log of the leader begins; `followers`: where each of theirs
    does, by name."""
    for name, begins in sorted(followers.items()):
        if begins < start:
            return (
                f"the log of {name} begins at {begins} in the end, and that of {leader}, which it follows, at {start}: "
                f"it has not heard what of {partition} is deleted"
            )
    return ""
