"""Whose story a trace is: a partition's, the quorum's in a model, or the voters' of a running cluster.

One rule: who tells it is chosen here and nowhere else; all tell in the words of `traces.story`.
"""

from traces.quorum_story import tell_quorum
from traces.story import Story, tell_partition
from traces.trace import Trace
from traces.voters_story import is_of_voters, tell_voters


def tell(trace: Trace) -> Story:
    """The story of a trace: of its partition unless it is one of controllers."""
    if trace.header.origin == "model" and trace.header.model.startswith("quorum"):
        return tell_quorum(trace)
    return tell_voters(trace) if is_of_voters(trace) else tell_partition(trace)
