"""Random metadata records."""

import hypothesis.strategies as st

from impl.core import metadata as records
from impl.core.decision_facts import WHYS
from tests.api.strategies import epochs, ids, int64, node_sets, nodes, partitions, texts

METADATA_RECORDS = st.one_of(
    st.builds(
        records.RegisterBrokerRecord,
        broker=nodes,
        incarnation=ids,
        broker_epoch=int64,
        host=texts,
        port=st.integers(0, 65535),
        clean=st.booleans(),
    ),
    st.builds(
        records.BrokerRegistrationChangeRecord,
        broker=nodes,
        broker_epoch=int64,
        fenced=st.none() | st.booleans(),
        in_controlled_shutdown=st.none() | st.booleans(),
    ),
    st.builds(records.TopicRecord, texts, ids),
    st.builds(records.RemoveTopicRecord, ids),
    st.builds(records.ConfigRecord, st.sampled_from([2, 4]), texts, texts, st.none() | texts),
    st.builds(
        records.PartitionRecord,
        partition=partitions,
        replicas=node_sets,
        isr=node_sets,
        leader=epochs,
        leader_epoch=epochs,
        partition_epoch=epochs,
        removing=node_sets,
        adding=node_sets,
        elr=node_sets,
        last_known_elr=node_sets,
        recovering=st.booleans(),
        enough=st.booleans(),
    ),
    st.builds(
        records.PartitionChangeRecord,
        partition=partitions,
        why=st.sampled_from(sorted(WHYS)),
        about=epochs,
        replicas=node_sets,
        isr=node_sets,
        leader=epochs,
        leader_epoch=epochs,
        partition_epoch=epochs,
        removing=node_sets,
        adding=node_sets,
        elr=node_sets,
        last_known_elr=node_sets,
        recovering=st.booleans(),
        enough=st.booleans(),
    ),
    st.builds(records.ProducerIdsRecord, broker=nodes, broker_epoch=int64, next_producer_id=int64),
)
