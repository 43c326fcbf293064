"""Random messages of the core, as a strategy for each class, and what an old version of the wire cannot say of them."""

import hypothesis.strategies as st
import msgspec

from impl.api.list_offsets import EARLIEST_LOCAL, LATEST_TIERED
from impl.core import controller_messages as c
from impl.core import messages as m
from impl.core import metadata as records
from impl.core.quorum import messages as q
from impl.core.quorum.batches import MetadataBatch
from impl.wire.batches import build, split
from tests.api.admin_messages import ADMIN_REPLIES, ADMIN_REQUESTS, forget_admin_reply, forget_admin_request
from tests.api.metadata_records import METADATA_RECORDS
from tests.api.strategies import (
    Names,
    epochs,
    errors,
    ids,
    int16,
    int32,
    int64,
    node_sets,
    nodes,
    partitions,
    snapshots,
    texts,
    topic_names,
    tuples,
)

__all__ = ["REPLIES", "REQUESTS", "Names", "forget_reply", "forget_request"]


@st.composite
def batches(draw):
    key_values = st.tuples(st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=30))
    data = build(draw(st.lists(key_values, min_size=1, max_size=3)), timestamp=draw(st.integers(0, 2**40)))
    (batch,) = split(data)
    return batch


def _proposal(members, **said):
    """Every member with its broker epoch."""
    isr = tuple(node for node, _ in members)
    return c.AlterIsr(isr=isr, broker_epochs=tuple(epoch for _, epoch in members), **said)


REQUESTS = ADMIN_REQUESTS | {
    m.Produce: st.builds(
        m.Produce,
        acks=st.sampled_from((-1, 0, 1)),
        timeout_ms=int32,
        partitions=tuples(st.builds(m.ProducePartition, partitions, batches())),
    ),
    m.Fetch: st.builds(
        m.Fetch,
        replica_id=st.integers(-1, 2**31 - 1),
        replica_epoch=int64,
        max_wait_ms=int32,
        min_bytes=int32,
        max_bytes=int32,
        partitions=tuples(
            st.builds(
                m.FetchPartition,
                partition=partitions,
                current_leader_epoch=epochs,
                fetch_offset=int64,
                last_fetched_epoch=epochs,
                max_bytes=int32,
            )
        ),
    ),
    m.ListOffsets: st.builds(
        m.ListOffsets,
        tuples(
            st.builds(
                m.OffsetQuery,
                partitions,
                epochs,
                int64.filter(lambda time: time not in (EARLIEST_LOCAL, LATEST_TIERED)),
            )
        ),
    ),
    m.OffsetForLeaderEpoch: st.builds(
        m.OffsetForLeaderEpoch, tuples(st.builds(m.EpochQuery, partitions, epochs, epochs))
    ),
    m.DescribeTopics: st.builds(m.DescribeTopics, tuples(topic_names), st.booleans())
    | st.just(m.DescribeTopics(None, False)),
    m.CreateTopics: st.builds(
        m.CreateTopics,
        tuples(
            st.builds(
                m.NewTopic,
                name=texts,
                partition_count=int32,
                replication_factor=int16,
                assignments=tuples(node_sets),
                configs=tuples(st.tuples(texts, st.none() | texts)),
            )
        ),
        int32,
        st.booleans(),
    ),
    m.InitProducerId: st.builds(m.InitProducerId, st.none() | texts, int64, int16),
    c.RegisterBroker: st.builds(
        c.RegisterBroker,
        broker=nodes,
        incarnation=ids,
        cluster_id=texts,
        host=texts,
        port=st.integers(0, 65535),
        previous_broker_epoch=int64,
    ),
    c.BrokerHeartbeat: st.builds(
        c.BrokerHeartbeat, broker=nodes, broker_epoch=int64, metadata_offset=int64, want_shut_down=st.booleans()
    ),
    c.AlterPartition: st.builds(
        c.AlterPartition,
        nodes,
        int64,
        tuples(
            st.builds(
                _proposal,
                partition=partitions,
                leader_epoch=epochs,
                partition_epoch=epochs,
                members=tuples(st.tuples(nodes, int64)),
                recovering=st.booleans(),
            )
        ),
    ),
    c.AllocateProducerIds: st.builds(c.AllocateProducerIds, nodes, int64),
    m.DeleteRecords: st.builds(m.DeleteRecords, tuples(st.builds(m.DeletePartition, partitions, int64)), int32),
    c.LoseReplicas: st.builds(c.LoseReplicas, broker=nodes, broker_epoch=int64, partitions=tuples(partitions)),
    q.FetchMetadata: st.builds(
        q.FetchMetadata, replica=nodes, epoch=epochs, offset=int64, last_epoch=epochs, max_wait_ms=int32
    ),
    q.Vote: st.builds(
        q.Vote,
        cluster_id=st.none() | texts,
        candidate=nodes,
        epoch=epochs,
        last_epoch=epochs,
        log_end=int64,
        pre_vote=st.booleans(),
    ),
    q.BeginQuorumEpoch: st.builds(q.BeginQuorumEpoch, cluster_id=st.none() | texts, leader=nodes, epoch=epochs),
    q.EndQuorumEpoch: st.builds(
        q.EndQuorumEpoch, cluster_id=st.none() | texts, leader=nodes, epoch=epochs, successors=node_sets
    ),
    q.FetchSnapshot: st.builds(
        q.FetchSnapshot, replica=nodes, epoch=epochs, snapshot=snapshots, position=int64, max_bytes=int32
    ),
    q.DescribeQuorum: st.builds(q.DescribeQuorum),
}


@st.composite
def metadata_batches(draw):
    """Batches that follow each other; what a leader says of itself stands alone."""
    found, offset = [], draw(st.integers(0, 2**40))
    leader_change = st.builds(records.LeaderChangeRecord, epochs, node_sets, node_sets)
    for _ in range(draw(st.integers(0, 3))):
        one = draw(tuples(METADATA_RECORDS).filter(bool) | st.tuples(leader_change))
        found.append(
            MetadataBatch(base_offset=offset, epoch=draw(epochs), timestamp=draw(st.integers(0, 2**40)), records=one)
        )
        offset = found[-1].end
    return tuple(found)


progress = st.integers(-1, 2**40)
replica_states = st.builds(
    q.ReplicaState,
    node=nodes,
    log_end=int64,
    # Without a clock times are counted back from 0, and -1 is where there is none.
    fetched_ago_ms=progress.filter(lambda time: time != 1),
    caught_up_ago_ms=progress.filter(lambda time: time != 1),
)


REPLIES = ADMIN_REPLIES | {
    m.Produce: st.builds(m.Produced, tuples(st.builds(m.ProducedPartition, partitions, errors, int64, int64))),
    m.Fetch: st.builds(
        m.Fetched,
        tuples(
            st.builds(
                m.FetchedPartition,
                partition=partitions,
                error=errors,
                high_watermark=int64,
                log_start=int64,
                diverging=st.none() | st.tuples(epochs, st.integers(0, 2**63 - 1)),
                records=tuples(batches(), 2),
            )
        ),
    ),
    m.ListOffsets: st.builds(
        m.ListedOffsets, tuples(st.builds(m.ListedOffset, partitions, errors, int64, int64, epochs))
    ),
    m.OffsetForLeaderEpoch: st.builds(m.EpochEnds, tuples(st.builds(m.EpochEnd, partitions, errors, epochs, int64))),
    m.DescribeTopics: st.builds(
        m.DescribedTopics,
        tuples(st.builds(m.BrokerAddress, nodes, texts, st.integers(0, 65535))),
        epochs,
        tuples(
            st.builds(
                m.DescribedTopic,
                topic_names,
                ids,
                errors,
                tuples(
                    st.builds(
                        m.DescribedPartition,
                        index=nodes,
                        error=errors,
                        leader=epochs,
                        leader_epoch=epochs,
                        replicas=node_sets,
                        isr=node_sets,
                        offline=node_sets,
                    )
                ),
            )
        ),
    ),
    m.CreateTopics: st.builds(
        m.CreatedTopics, tuples(st.builds(m.CreatedTopic, texts, ids, errors, st.none() | texts, int32, int16))
    ),
    m.InitProducerId: st.builds(m.InitializedProducerId, errors, int64, int16),
    c.RegisterBroker: st.builds(c.RegisteredBroker, errors, int64),
    c.BrokerHeartbeat: st.builds(c.HeartbeatAnswer, errors, st.booleans(), st.booleans(), st.booleans()),
    c.AlterPartition: st.builds(
        c.AlteredPartition,
        errors,
        tuples(
            st.builds(
                c.AlteredIsr,
                partition=partitions,
                error=errors,
                leader=epochs,
                leader_epoch=epochs,
                partition_epoch=epochs,
                isr=node_sets,
            )
        ),
    ),
    c.AllocateProducerIds: st.builds(c.AllocatedProducerIds, errors, int64, int32),
    m.DeleteRecords: st.builds(m.DeletedRecords, tuples(st.builds(m.DeletedPartition, partitions, errors, int64))),
    c.LoseReplicas: st.builds(c.LostReplicas, errors),
    q.FetchMetadata: st.builds(
        q.FetchedMetadata,
        error=errors,
        epoch=epochs,
        leader=epochs,
        high_watermark=int64,
        log_start=int64,
        diverging=st.none() | st.tuples(epochs, st.integers(0, 2**63 - 1)),
        snapshot=st.none() | st.builds(q.SnapshotId, st.integers(0, 2**63 - 1), epochs),
        batches=metadata_batches(),
    ),
    q.Vote: st.builds(q.Voted, errors, epochs, epochs, st.booleans()),
    q.BeginQuorumEpoch: st.builds(q.BegunQuorumEpoch, errors, epochs, epochs),
    q.EndQuorumEpoch: st.builds(q.EndedQuorumEpoch, errors, epochs, epochs),
    q.FetchSnapshot: st.builds(
        q.FetchedSnapshot,
        error=errors,
        epoch=epochs,
        leader=epochs,
        snapshot=snapshots,
        size=int64,
        position=int64,
        data=st.binary(max_size=30),
    ),
    q.DescribeQuorum: st.builds(
        q.DescribedQuorum,
        error=errors,
        epoch=epochs,
        leader=epochs,
        high_watermark=int64,
        voters=tuples(replica_states),
        observers=tuples(replica_states),
        endpoints=tuples(st.builds(q.QuorumEndpoint, nodes, texts, st.integers(0, 65535))),
    ),
}


def _each(message, field, **changes):
    """The message with each element of a tuple field changed."""
    elements = tuple(msgspec.structs.replace(element, **changes) for element in getattr(message, field))
    return msgspec.structs.replace(message, **{field: elements})


def forget_request(request, version):
    """The request as a version of the wire can say it: fields it lacks are at their defaults."""
    match request:
        case m.Fetch() if version < 9:
            request = msgspec.structs.replace(request, replica_epoch=-1)
            return _each(request, "partitions", current_leader_epoch=-1, last_fetched_epoch=-1)
        case m.Fetch() if version < 12:
            request = msgspec.structs.replace(request, replica_epoch=-1)
            return _each(request, "partitions", last_fetched_epoch=-1)
        case m.Fetch() if version < 15:
            return msgspec.structs.replace(request, replica_epoch=-1)
        case q.FetchMetadata() if version < 9:
            return msgspec.structs.replace(request, epoch=-1, last_epoch=-1)
        case q.FetchMetadata() if version < 12:
            return msgspec.structs.replace(request, last_epoch=-1)
        case q.Vote() if version < 2:
            return msgspec.structs.replace(request, pre_vote=False)
        case c.RegisterBroker() if version < 3:
            return msgspec.structs.replace(request, previous_broker_epoch=-1)
        case c.AlterPartition() if version < 3:
            return _each(request, "partitions", broker_epochs=())
        case m.ListOffsets() if version < 4:
            return _each(request, "queries", current_leader_epoch=-1)
        case m.DescribeTopics(topics=()) if version == 0:
            return m.DescribeTopics(None, False)
        case m.DescribeTopics(topics=topics) if version < 4:
            return m.DescribeTopics(topics, topics is not None)
        case m.InitProducerId() if version < 3:
            return msgspec.structs.replace(request, producer_id=-1, producer_epoch=-1)
    return forget_admin_request(request, version)


def forget_reply(reply, version):
    """Likewise for a reply."""
    match reply:
        case m.Produced() if version < 5:
            return _each(reply, "partitions", log_start=-1)
        case m.Fetched() if version < 5:
            return _each(reply, "partitions", log_start=-1, diverging=None)
        case m.Fetched() if version < 12:
            return _each(reply, "partitions", diverging=None)
        case q.FetchedMetadata() if version < 12:
            log_start = reply.log_start if version >= 5 else -1
            return msgspec.structs.replace(
                reply, log_start=log_start, diverging=None, snapshot=None, epoch=-1, leader=-1
            )
        case q.DescribedQuorum():
            return _forget_quorum(reply, version)
        case m.ListedOffsets() if version < 4:
            return _each(reply, "offsets", leader_epoch=-1)
        case m.DescribedTopics():
            return _forget_described(reply, version)
        case m.CreatedTopics() if version < 5:
            return _each(reply, "topics", topic_id=bytes(16), partition_count=-1, replication_factor=-1)
        case m.CreatedTopics() if version < 7:
            return _each(reply, "topics", topic_id=bytes(16))
    return forget_admin_reply(reply, version)


def _forget_quorum(reply, version):
    if version < 1:
        for field in ("voters", "observers"):
            reply = _each(reply, field, fetched_ago_ms=-1, caught_up_ago_ms=-1)
    return reply if version >= 2 else msgspec.structs.replace(reply, endpoints=())


def _forget_described(reply, version):
    topics = []
    for topic in reply.topics:
        if version < 5:
            topic = _each(topic, "partitions", offline=())
        if version < 7:
            topic = _each(topic, "partitions", leader_epoch=-1)
        if version < 10:
            topic = msgspec.structs.replace(topic, topic_id=bytes(16))
        topics.append(topic)
    controller = reply.controller if version >= 1 else -1
    return m.DescribedTopics(reply.brokers, controller, tuple(topics))
