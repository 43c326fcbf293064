"""Random messages of administrators, as a strategy for each class, and what an old version of the wire cannot say."""

import hypothesis.strategies as st
import msgspec

from impl.core import admin_messages as a
from impl.core import messages as m
from tests.api.strategies import (
    epochs,
    errors,
    ids,
    int8,
    int32,
    node_sets,
    nodes,
    partitions,
    texts,
    topic_names,
    tuples,
)

remarks = st.none() | texts
sources = st.integers(0, 6)
changes = tuples(st.builds(a.ConfigChange, texts, int8, remarks))
sets = tuples(st.builds(a.ConfigChange, texts, st.just(0), remarks))
outcomes = tuples(st.builds(a.PartitionOutcome, partitions, errors, remarks))
configured = tuples(st.builds(a.ConfigOutcome, int8, texts, errors, remarks))

ADMIN_REQUESTS = {
    a.DeleteTopics: st.builds(a.DeleteTopics, tuples(topic_names), int32),
    a.CreatePartitions: st.builds(
        a.CreatePartitions,
        tuples(st.builds(a.MorePartitions, texts, int32, tuples(node_sets))),
        int32,
        st.booleans(),
    ),
    a.DescribeTopicPartitions: st.builds(
        a.DescribeTopicPartitions, tuples(texts), int32, st.none() | st.builds(m.TopicPartition, texts, nodes)
    ),
    a.AlterReassignments: st.builds(
        a.AlterReassignments,
        tuples(st.builds(a.Reassignment, partitions, st.none() | node_sets)),
        int32,
        st.booleans(),
    ),
    a.ListReassignments: st.builds(a.ListReassignments, st.none() | tuples(partitions), int32),
    a.ElectLeaders: st.builds(a.ElectLeaders, st.none() | tuples(partitions), int32, st.booleans()),
    a.DescribeConfigs: st.builds(
        a.DescribeConfigs,
        tuples(st.builds(a.DescribeConfig, int8, texts, st.none() | tuples(texts))),
        st.booleans(),
        st.booleans(),
    ),
    a.AlterConfigs: st.builds(a.AlterConfigs, tuples(st.builds(a.AlterConfig, int8, texts, changes)), st.booleans()),
    a.ReplaceConfigs: st.builds(a.ReplaceConfigs, tuples(st.builds(a.AlterConfig, int8, texts, sets)), st.booleans()),
    a.DescribeCluster: st.builds(a.DescribeCluster, st.booleans(), int8),
}

ADMIN_REPLIES = {
    a.DeleteTopics: st.builds(a.DeletedTopics, tuples(st.builds(a.DeletedTopic, topic_names, ids, errors, remarks))),
    a.CreatePartitions: st.builds(a.CreatedPartitions, tuples(st.builds(a.TopicOutcome, texts, errors, remarks))),
    a.DescribeTopicPartitions: st.builds(
        m.DescribedTopicPartitions,
        tuples(
            st.builds(
                m.DescribedTopic,
                texts,
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
                        elr=node_sets,
                        last_known_elr=node_sets,
                    )
                ),
            )
        ),
        st.none() | st.builds(m.TopicPartition, texts, nodes),
    ),
    a.AlterReassignments: st.builds(a.AlteredReassignments, outcomes),
    a.ListReassignments: st.builds(
        a.ListedReassignments,
        tuples(st.builds(a.OngoingReassignment, partitions, node_sets, node_sets, node_sets)),
    ),
    a.ElectLeaders: st.builds(a.ElectedLeaders, outcomes),
    a.DescribeConfigs: st.builds(
        a.DescribedResources,
        tuples(
            st.builds(
                a.DescribedConfigs,
                resource=int8,
                name=texts,
                error=errors,
                message=remarks,
                configs=tuples(
                    st.builds(
                        a.DescribedConfig,
                        name=texts,
                        value=remarks,
                        source=sources,
                        kind=int8,
                        read_only=st.booleans(),
                        synonyms=tuples(st.builds(a.ConfigSynonym, texts, remarks, sources)),
                        documentation=remarks,
                    )
                ),
            )
        ),
    ),
    a.AlterConfigs: st.builds(a.AlteredConfigs, configured),
    a.ReplaceConfigs: st.builds(a.ReplacedConfigs, configured),
    a.DescribeCluster: st.builds(
        a.DescribedCluster,
        errors,
        remarks,
        epochs,
        tuples(st.builds(a.ClusterBroker, nodes, texts, st.integers(-(2**31), 2**31 - 1), st.booleans())),
    ),
}


def forget_admin_request(request, version):
    """The request as a version of the wire can say it: fields it lacks are at their defaults."""
    match request:
        case a.AlterReassignments() if version < 1:
            return msgspec.structs.replace(request, factor_may_change=True)
        case a.ElectLeaders() if version < 1:
            return msgspec.structs.replace(request, unclean=False)
        case a.DescribeConfigs() if version < 3:
            return msgspec.structs.replace(request, documentation=False)
        case a.DescribeCluster() if version < 1:
            return a.DescribeCluster(False, 1)
        case a.DescribeCluster() if version < 2:
            return msgspec.structs.replace(request, fenced_too=False)
    return request


def forget_admin_reply(reply, version):
    """Likewise for a reply."""
    match reply:
        case a.DeletedTopics() if version < 5:
            return _each(reply, "topics", topic_id=bytes(16), message=None)
        case a.DeletedTopics() if version < 6:
            return _each(reply, "topics", topic_id=bytes(16))
        case a.DescribedResources() if version < 3:
            return a.DescribedResources(
                tuple(_each(resource, "configs", kind=0, documentation=None) for resource in reply.resources)
            )
        case a.DescribedCluster() if version < 2:
            return _each(reply, "brokers", fenced=False)
    return reply


def _each(whole, field, **changes):
    """A message with every element of a field changed."""
    elements = tuple(msgspec.structs.replace(element, **changes) for element in getattr(whole, field))
    return msgspec.structs.replace(whole, **{field: elements})
