"""The APIs we speak: Kafka's key, the two message classes, and the versions.

One rule: whatever depends on an API's version is asked here, and answered from kio's schemas: how a body is read and
written, and which header stands before it.

The versions are those that librdkafka, kafka-python, aiokafka, kcat, kafkajs and @platformatic/kafka were seen to
choose. A wider range costs nothing but its tests.
"""

import functools
from enum import IntEnum
from typing import NamedTuple

from kio.index import load_request_schema, load_response_schema

from impl.wire.codec import Codec, codec_for
from impl.wire.message import Message
from impl.wire.messages import (
    allocate_producer_ids,
    alter_configs,
    alter_partition,
    alter_partition_reassignments,
    api_versions,
    assign_replicas_to_dirs,
    begin_quorum_epoch,
    broker_heartbeat,
    broker_registration,
    create_partitions,
    create_topics,
    delete_records,
    delete_topics,
    describe_cluster,
    describe_configs,
    describe_quorum,
    describe_topic_partitions,
    elect_leaders,
    end_quorum_epoch,
    fetch,
    fetch_snapshot,
    find_coordinator,
    incremental_alter_configs,
    init_producer_id,
    list_offsets,
    list_partition_reassignments,
    metadata,
    offset_for_leader_epoch,
    produce,
    vote,
)


class ApiKey(IntEnum):
    """Kafka's API keys: those we speak."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    FIND_COORDINATOR = 10
    API_VERSIONS = 18
    CREATE_TOPICS = 19
    DELETE_TOPICS = 20
    DELETE_RECORDS = 21
    INIT_PRODUCER_ID = 22
    OFFSET_FOR_LEADER_EPOCH = 23
    DESCRIBE_CONFIGS = 32
    ALTER_CONFIGS = 33
    CREATE_PARTITIONS = 37
    ELECT_LEADERS = 43
    INCREMENTAL_ALTER_CONFIGS = 44
    ALTER_PARTITION_REASSIGNMENTS = 45
    LIST_PARTITION_REASSIGNMENTS = 46
    VOTE = 52
    BEGIN_QUORUM_EPOCH = 53
    END_QUORUM_EPOCH = 54
    DESCRIBE_QUORUM = 55
    ALTER_PARTITION = 56
    FETCH_SNAPSHOT = 59
    DESCRIBE_CLUSTER = 60
    BROKER_REGISTRATION = 62
    BROKER_HEARTBEAT = 63
    ALLOCATE_PRODUCER_IDS = 67
    ASSIGN_REPLICAS_TO_DIRS = 73
    DESCRIBE_TOPIC_PARTITIONS = 75


class Api(NamedTuple):
    """One API and the versions of it that we read and write, both ends included."""

    key: ApiKey
    request: type[Message]
    response: type[Message]
    first: int
    last: int


APIS: dict[int, Api] = {
    api.key: api
    for api in (
        Api(ApiKey.PRODUCE, produce.ProduceRequest, produce.ProduceResponse, 3, 11),
        Api(ApiKey.FETCH, fetch.FetchRequest, fetch.FetchResponse, 4, 16),
        Api(ApiKey.LIST_OFFSETS, list_offsets.ListOffsetsRequest, list_offsets.ListOffsetsResponse, 1, 9),
        Api(ApiKey.METADATA, metadata.MetadataRequest, metadata.MetadataResponse, 0, 13),
        Api(
            ApiKey.FIND_COORDINATOR,
            find_coordinator.FindCoordinatorRequest,
            find_coordinator.FindCoordinatorResponse,
            0,
            6,
        ),
        Api(ApiKey.API_VERSIONS, api_versions.ApiVersionsRequest, api_versions.ApiVersionsResponse, 0, 4),
        Api(ApiKey.CREATE_TOPICS, create_topics.CreateTopicsRequest, create_topics.CreateTopicsResponse, 2, 7),
        Api(ApiKey.DELETE_TOPICS, delete_topics.DeleteTopicsRequest, delete_topics.DeleteTopicsResponse, 1, 6),
        Api(
            ApiKey.DESCRIBE_CONFIGS,
            describe_configs.DescribeConfigsRequest,
            describe_configs.DescribeConfigsResponse,
            1,
            4,
        ),
        Api(ApiKey.ALTER_CONFIGS, alter_configs.AlterConfigsRequest, alter_configs.AlterConfigsResponse, 0, 2),
        Api(
            ApiKey.CREATE_PARTITIONS,
            create_partitions.CreatePartitionsRequest,
            create_partitions.CreatePartitionsResponse,
            0,
            3,
        ),
        Api(ApiKey.ELECT_LEADERS, elect_leaders.ElectLeadersRequest, elect_leaders.ElectLeadersResponse, 0, 2),
        Api(
            ApiKey.INCREMENTAL_ALTER_CONFIGS,
            incremental_alter_configs.IncrementalAlterConfigsRequest,
            incremental_alter_configs.IncrementalAlterConfigsResponse,
            0,
            1,
        ),
        Api(
            ApiKey.ALTER_PARTITION_REASSIGNMENTS,
            alter_partition_reassignments.AlterPartitionReassignmentsRequest,
            alter_partition_reassignments.AlterPartitionReassignmentsResponse,
            0,
            1,
        ),
        Api(
            ApiKey.LIST_PARTITION_REASSIGNMENTS,
            list_partition_reassignments.ListPartitionReassignmentsRequest,
            list_partition_reassignments.ListPartitionReassignmentsResponse,
            0,
            0,
        ),
        Api(
            ApiKey.DESCRIBE_CLUSTER,
            describe_cluster.DescribeClusterRequest,
            describe_cluster.DescribeClusterResponse,
            0,
            2,
        ),
        Api(
            ApiKey.DESCRIBE_TOPIC_PARTITIONS,
            describe_topic_partitions.DescribeTopicPartitionsRequest,
            describe_topic_partitions.DescribeTopicPartitionsResponse,
            0,
            0,
        ),
        Api(ApiKey.DELETE_RECORDS, delete_records.DeleteRecordsRequest, delete_records.DeleteRecordsResponse, 0, 2),
        Api(
            ApiKey.ASSIGN_REPLICAS_TO_DIRS,
            assign_replicas_to_dirs.AssignReplicasToDirsRequest,
            assign_replicas_to_dirs.AssignReplicasToDirsResponse,
            0,
            0,
        ),
        Api(
            ApiKey.INIT_PRODUCER_ID,
            init_producer_id.InitProducerIdRequest,
            init_producer_id.InitProducerIdResponse,
            0,
            5,
        ),
        Api(
            ApiKey.OFFSET_FOR_LEADER_EPOCH,
            offset_for_leader_epoch.OffsetForLeaderEpochRequest,
            offset_for_leader_epoch.OffsetForLeaderEpochResponse,
            2,
            4,
        ),
        Api(ApiKey.VOTE, vote.VoteRequest, vote.VoteResponse, 0, 2),
        Api(
            ApiKey.BEGIN_QUORUM_EPOCH,
            begin_quorum_epoch.BeginQuorumEpochRequest,
            begin_quorum_epoch.BeginQuorumEpochResponse,
            0,
            1,
        ),
        Api(
            ApiKey.END_QUORUM_EPOCH,
            end_quorum_epoch.EndQuorumEpochRequest,
            end_quorum_epoch.EndQuorumEpochResponse,
            0,
            1,
        ),
        Api(
            ApiKey.DESCRIBE_QUORUM,
            describe_quorum.DescribeQuorumRequest,
            describe_quorum.DescribeQuorumResponse,
            0,
            2,
        ),
        Api(ApiKey.FETCH_SNAPSHOT, fetch_snapshot.FetchSnapshotRequest, fetch_snapshot.FetchSnapshotResponse, 0, 1),
        Api(
            ApiKey.ALTER_PARTITION,
            alter_partition.AlterPartitionRequest,
            alter_partition.AlterPartitionResponse,
            2,
            3,
        ),
        Api(
            ApiKey.BROKER_REGISTRATION,
            broker_registration.BrokerRegistrationRequest,
            broker_registration.BrokerRegistrationResponse,
            0,
            4,
        ),
        Api(
            ApiKey.BROKER_HEARTBEAT,
            broker_heartbeat.BrokerHeartbeatRequest,
            broker_heartbeat.BrokerHeartbeatResponse,
            0,
            1,
        ),
        Api(
            ApiKey.ALLOCATE_PRODUCER_IDS,
            allocate_producer_ids.AllocateProducerIdsRequest,
            allocate_producer_ids.AllocateProducerIdsResponse,
            0,
            0,
        ),
    )
}


@functools.cache
def request_codec(api_key: int, version: int) -> Codec[Message]:
    """The codec of a request's body; compiled when first asked for. Only for versions in `APIS`."""
    return codec_for(APIS[api_key].request, load_request_schema(api_key, version))


@functools.cache
def response_codec(api_key: int, version: int) -> Codec[Message]:
    """The codec of a response's body; compiled when first asked for. Only for versions in `APIS`."""
    return codec_for(APIS[api_key].response, load_response_schema(api_key, version))
