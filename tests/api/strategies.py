"""What random messages are made of."""

import hypothesis.strategies as st

from impl.core.quorum import messages as q
from impl.core.types import ErrorCode, TopicPartition

TOPICS = {"alpha": b"A" * 16, "beta.2": b"B" * 16, "gamma_3": b"G" * 16}


class Names:
    """Three topics; everything else is unknown."""

    def name_of(self, topic_id):
        return next((name for name, known in TOPICS.items() if known == topic_id), None)

    def id_of(self, name):
        return TOPICS.get(name)


int8, int16, int32, int64 = (st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64))
offsets = st.integers(-1, 2**63 - 1)
epochs = st.integers(-1, 2**31 - 1)
nodes = st.integers(0, 2**31 - 1)
node_sets = st.lists(nodes, max_size=4).map(tuple)
# What a controller that is not the active one answers has a reply class of its own.
errors = st.sampled_from([error for error in ErrorCode if error is not ErrorCode.NOT_CONTROLLER])
texts = st.text(max_size=12)
ids = st.binary(min_size=16, max_size=16)
topic_names = st.sampled_from(sorted(TOPICS))
partitions = st.builds(TopicPartition, topic_names, st.integers(0, 2**31 - 1))


snapshots = st.builds(q.SnapshotId, offsets, epochs)


def tuples(strategy, size=4):
    return st.lists(strategy, max_size=size).map(tuple)
