"""Epochs that begin where compaction has left nothing, as a replica knows them that has copied the rest.

One rule: such an epoch is taken to begin where the gap does. It began there or later; were it taken to begin later
than it did, a follower would keep, between the two, records of an older epoch that nobody else has. So a follower may
be told to cut off what both have, as far as its leader has compacted it away, and copies what stands for it.
"""

from traces.abstraction import Abstraction, shared


def in_a_gap(model: Abstraction, node: int, offset: int) -> bool:
    """Somebody has compacted what lies from there on, and this replica knows it to be committed."""
    return bool(offset < min(model.compacted, model.state.high_watermark[node]))


def cut_in_a_gap(model: Abstraction, node: int, to: int) -> None:
    """A follower cuts its log, in a gap of its leader's perhaps below what both have. Raises DivergedError."""
    state = model.state
    leader = model.leader_of(state.leader_epoch[node])
    common = shared(state.log[node], state.log[leader]) if model.compacted and leader >= 0 else 0
    if not to < common <= model.compacted or not in_a_gap(model, leader, to):
        model.step("truncate", follower=node, to=to)
        return
    model.step("truncate", follower=node, to=common)
    state.log[node] = state.log[node][:to]
    state.high_watermark[node] = min(state.high_watermark[node], to)
    if hasattr(state, "flushed"):
        state.flushed[node] = min(state.flushed[node], to)
