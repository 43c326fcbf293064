"""What each listener serves and says it serves, and the small requests that need no core."""

import pytest

from impl.api.handler import Immediate
from impl.api.registry import broker_registry, controller_registry
from impl.core import messages as m
from impl.core.quorum.messages import FetchMetadata
from impl.core.types import ErrorCode
from impl.wire.apis import APIS, ApiKey
from impl.wire.batches import build
from impl.wire.framing import RequestHeader, body_of, decode_response, encode_response
from impl.wire.messages import (
    api_versions,
    broker_registration,
    create_topics,
    fetch,
    find_coordinator,
    list_offsets,
    metadata,
)
from tests.api.strategies import Names

BROKER, CONTROLLER = broker_registry(cluster_id="c1"), controller_registry()
NAMES = Names()


def advertised(registry, version=3):
    header = RequestHeader(ApiKey.API_VERSIONS, version, 1)
    answer = registry.to_core(header, api_versions.ApiVersionsRequest(), NAMES)
    frame = encode_response(header, answer.reply)
    _, message = decode_response(body_of(frame), ApiKey.API_VERSIONS, version)
    return {ApiKey(key.api_key): (key.min_version, key.max_version) for key in message.api_keys}


FOR_THE_CONTROLLER = {
    ApiKey.CREATE_TOPICS: (2, 7),
    ApiKey.DELETE_TOPICS: (1, 6),
    ApiKey.CREATE_PARTITIONS: (0, 3),
    ApiKey.ALTER_PARTITION_REASSIGNMENTS: (0, 1),
    ApiKey.ELECT_LEADERS: (0, 2),
    ApiKey.ALTER_CONFIGS: (0, 2),
    ApiKey.INCREMENTAL_ALTER_CONFIGS: (0, 1),
}
"""What clients ask of any broker, which passes it on."""


@pytest.mark.parametrize("version", range(5))
def test_a_broker_advertises_what_clients_need(version):
    """The ranges that six clients were seen to need; Produce from 0, or librdkafka leaves compression away."""
    assert advertised(BROKER, version) == {
        ApiKey.PRODUCE: (0, 11),
        ApiKey.FETCH: (4, 16),
        ApiKey.LIST_OFFSETS: (1, 9),
        ApiKey.METADATA: (0, 13),
        ApiKey.FIND_COORDINATOR: (0, 6),
        ApiKey.API_VERSIONS: (0, 4),
        ApiKey.INIT_PRODUCER_ID: (0, 5),
        ApiKey.OFFSET_FOR_LEADER_EPOCH: (2, 4),
        ApiKey.DELETE_RECORDS: (0, 2),
        ApiKey.LIST_PARTITION_REASSIGNMENTS: (0, 0),
        ApiKey.DESCRIBE_CONFIGS: (1, 4),
        ApiKey.DESCRIBE_CLUSTER: (0, 2),
        ApiKey.DESCRIBE_TOPIC_PARTITIONS: (0, 0),
        **FOR_THE_CONTROLLER,
        ApiKey.DESCRIBE_QUORUM: (0, 2),
    }


def test_the_controller_advertises_what_brokers_need():
    assert advertised(CONTROLLER) == {
        ApiKey.FETCH: (4, 16),
        ApiKey.API_VERSIONS: (0, 4),
        **FOR_THE_CONTROLLER,
        ApiKey.VOTE: (0, 2),
        ApiKey.BEGIN_QUORUM_EPOCH: (0, 1),
        ApiKey.END_QUORUM_EPOCH: (0, 1),
        ApiKey.DESCRIBE_QUORUM: (0, 2),
        ApiKey.FETCH_SNAPSHOT: (0, 1),
        ApiKey.ALTER_PARTITION: (2, 3),
        ApiKey.BROKER_REGISTRATION: (0, 4),
        ApiKey.BROKER_HEARTBEAT: (0, 1),
        ApiKey.ALLOCATE_PRODUCER_IDS: (0, 0),
        ApiKey.ASSIGN_REPLICAS_TO_DIRS: (0, 0),
    }


@pytest.mark.parametrize("registry", [BROKER, CONTROLLER], ids=["broker", "controller"])
def test_what_is_advertised_is_served(registry):
    ranges = advertised(registry)
    assert set(ranges) == set(registry.served)
    for key, (first, last) in ranges.items():
        assert last == APIS[key].last
        # Wider than what is read, for the sake of librdkafka: see `ADVERTISED_FIRST`.
        assert first == (0 if key == ApiKey.PRODUCE else APIS[key].first)


def test_both_registries_speak_every_request_of_the_core():
    for registry in (BROKER, CONTROLLER):
        assert set(registry._by_request) == set(m.Request.__args__)


@pytest.mark.parametrize("version", range(7))
def test_there_is_no_coordinator_yet(version):
    header = RequestHeader(ApiKey.FIND_COORDINATOR, version, 1)
    request = find_coordinator.FindCoordinatorRequest(key="g", coordinator_keys=("g", "h"))
    answer = BROKER.to_core(header, request, NAMES)
    assert isinstance(answer, Immediate)
    _, message = decode_response(body_of(encode_response(header, answer.reply)), ApiKey.FIND_COORDINATOR, version)
    answers = message.coordinators if version >= 4 else (message,)
    assert [found.error_code for found in answers] == [ErrorCode.COORDINATOR_NOT_AVAILABLE] * len(answers)
    assert len(answers) == (2 if version >= 4 else 1)


# ---------------------------------------------------------------- metadata
@pytest.mark.parametrize(
    ("version", "topics", "asked"), [(0, (), None), (1, (), ()), (1, None, None), (12, None, None)]
)
def test_how_each_version_asks_for_all_topics(version, topics, asked):
    header = RequestHeader(ApiKey.METADATA, version, 1)
    assert BROKER.to_core(header, metadata.MetadataRequest(topics=topics), NAMES).topics == asked


def test_metadata_names_the_cluster():
    header = RequestHeader(ApiKey.METADATA, 12, 1)
    reply = BROKER.reply_to_wire(header, m.DescribeTopics((), False), m.DescribedTopics((), 1, ()), NAMES)
    assert reply.cluster_id == "c1"


# ---------------------------------------------------------------- the controller's log
def asks_for_metadata(**fields):
    topic = fetch.FetchTopic(topic="__cluster_metadata", partitions=(fetch.FetchPartition(fetch_offset=5),))
    return fetch.FetchRequest(**{"replica_id": 2, "max_wait": 100, "topics": (topic,), **fields})


def test_the_metadata_log_is_fetched_by_name_or_by_id():
    header = RequestHeader(ApiKey.FETCH, 12, 1)
    expected = FetchMetadata(replica=2, offset=5, max_wait_ms=100)
    assert CONTROLLER.to_core(header, asks_for_metadata(), NAMES) == expected
    _, version, message = CONTROLLER.request_to_wire(expected, NAMES)
    assert message.topics[0].topic_id == bytes(15) + b"\x01"
    assert CONTROLLER.to_core(RequestHeader(ApiKey.FETCH, version, 1), message, NAMES) == expected


@pytest.mark.parametrize(
    "topics",
    [
        (fetch.FetchTopic(topic="other", partitions=(fetch.FetchPartition(),)),),
        (fetch.FetchTopic(topic="__cluster_metadata", partitions=(fetch.FetchPartition(partition=1),)),),
        (asks_for_metadata().topics[0], fetch.FetchTopic(topic="other")),
    ],
    ids=["another topic", "another partition", "more than it"],
)
def test_the_controller_serves_no_other_log(topics):
    answer = CONTROLLER.to_core(RequestHeader(ApiKey.FETCH, 12, 1), asks_for_metadata(topics=topics), NAMES)
    assert isinstance(answer, Immediate)
    codes = {part.error_code for topic in answer.reply.responses for part in topic.partitions}
    assert codes == {ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


@pytest.mark.parametrize("value", [b"", b"\x01\x63\x00", b"\xff" * 9])
def test_metadata_that_cannot_be_read_is_an_error(value):
    records = build([(None, value)], timestamp=0)
    part = fetch.PartitionData(high_watermark=7, records=records)
    topic = fetch.FetchableTopicResponse(topic="__cluster_metadata", partitions=(part,))
    reply = BROKER.reply_to_core(ApiKey.FETCH, 16, fetch.FetchResponse(responses=(topic,)), NAMES)
    assert (reply.error, reply.high_watermark, reply.batches) == (ErrorCode.CORRUPT_MESSAGE, 7, ())


# ---------------------------------------------------------------- what the wire says otherwise than the core
def test_list_offsets_knows_kafkas_later_times():
    parts = tuple(list_offsets.ListOffsetsPartition(timestamp=time) for time in (-1, -2, -3, -4, -5, 12))
    topic = list_offsets.ListOffsetsTopic(name="alpha", partitions=parts)
    header = RequestHeader(ApiKey.LIST_OFFSETS, 9, 1)
    asked = BROKER.to_core(header, list_offsets.ListOffsetsRequest(topics=(topic,)), NAMES)
    assert [query.timestamp for query in asked.queries] == [-1, -2, -3, -2, 2**63 - 1, 12]


def test_an_offset_the_host_has_not_looked_up_is_a_mistake_of_ours():
    lookup = m.TimestampLookup(m.TopicPartition("alpha", 0), 5, 9)
    listed = m.ListedOffset(m.TopicPartition("alpha", 0), ErrorCode.NONE, lookup, 5, 0)
    header = RequestHeader(ApiKey.LIST_OFFSETS, 9, 1)
    with pytest.raises(AssertionError, match="has not looked up"):
        BROKER.reply_to_wire(header, m.ListOffsets(()), m.ListedOffsets((listed,)), NAMES)


@pytest.mark.parametrize("indexes", [(1,), (0, 2), (0, 0), (-1, 0), (2**31 - 1,)])
def test_an_assignment_with_gaps_reaches_the_core_without_replicas(indexes):
    assignments = tuple(
        create_topics.CreatableReplicaAssignment(partition_index=index, broker_ids=(1,)) for index in indexes
    )
    message = create_topics.CreateTopicsRequest(
        topics=(create_topics.CreatableTopic(name="t", assignments=assignments),)
    )
    asked = BROKER.to_core(RequestHeader(ApiKey.CREATE_TOPICS, 7, 1), message, NAMES)
    assert asked.topics[0].assignments == ((),)


def test_assignments_in_any_order_are_put_in_order():
    assignments = tuple(
        create_topics.CreatableReplicaAssignment(partition_index=index, broker_ids=(index + 1, 9)) for index in (1, 0)
    )
    message = create_topics.CreateTopicsRequest(
        topics=(create_topics.CreatableTopic(name="t", assignments=assignments),)
    )
    asked = BROKER.to_core(RequestHeader(ApiKey.CREATE_TOPICS, 7, 1), message, NAMES)
    assert asked.topics[0].assignments == ((1, 9), (2, 9))


def test_a_broker_without_a_listener_is_refused():
    header = RequestHeader(ApiKey.BROKER_REGISTRATION, 4, 1)
    answer = CONTROLLER.to_core(header, broker_registration.BrokerRegistrationRequest(broker_id=1), NAMES)
    assert isinstance(answer, Immediate)
    assert answer.reply.error_code == ErrorCode.INVALID_REQUEST
