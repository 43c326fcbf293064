"""Metadata records: Kafka's frame and Kafka's bodies, and every record of the core comes back."""

import uuid

import pytest
from hypothesis import given, settings

from impl.core.metadata import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from impl.core.types import TopicPartition
from impl.wire.errors import Malformed
from impl.wire.metadata_records import decode, encode
from tests.api.metadata_records import METADATA_RECORDS

TOPIC_ID = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef").bytes


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(METADATA_RECORDS)
def test_every_record_comes_back(record):
    assert decode(encode(record)) == record
    assert decode(encode(record, TOPIC_ID)) == record


P = TopicPartition("ab", 7)
BY_HAND = [
    (TopicRecord("ab", TOPIC_ID), "01 02 00 03 6162 0123456789abcdef0123456789abcdef 00"),
    (RemoveTopicRecord(TOPIC_ID), "01 09 00 0123456789abcdef0123456789abcdef 00"),
    (
        RegisterBrokerRecord(broker=1, incarnation=TOPIC_ID, broker_epoch=5, host="h", port=9092),
        "01 1b 01 00000001 0123456789abcdef0123456789abcdef 0000000000000005"
        " 02 0a 504c41494e54455854 02 68 2384 0000 00 01 00 01 00 00",
    ),
    (
        RegisterBrokerRecord(broker=1, incarnation=TOPIC_ID, broker_epoch=5, host="h", port=9092, clean=False),
        "01 1b 01 00000001 0123456789abcdef0123456789abcdef 0000000000000005"
        " 02 0a 504c41494e54455854 02 68 2384 0000 00 01 00 01 00 01 904e 01 00",
    ),
    (
        BrokerRegistrationChangeRecord(broker=1, broker_epoch=3, fenced=True),
        "01 11 01 00000001 0000000000000003 01 00 01 01",
    ),
    (
        BrokerRegistrationChangeRecord(broker=1, broker_epoch=3, fenced=False),
        "01 11 01 00000001 0000000000000003 01 00 01 ff",
    ),
    (
        BrokerRegistrationChangeRecord(broker=1, broker_epoch=3, in_controlled_shutdown=True),
        "01 11 01 00000001 0000000000000003 01 01 01 01",
    ),
    (ConfigRecord(2, "ab", "c", "d"), "01 04 00 02 03 6162 02 63 02 64 00"),
    (ConfigRecord(4, "1", "c", None), "01 04 00 04 02 31 02 63 00 00"),
    (
        ProducerIdsRecord(broker=1, broker_epoch=2, next_producer_id=1000),
        "01 0f 00 00000001 0000000000000002 00000000000003e8 00",
    ),
    (
        PartitionRecord(partition=P, replicas=(1, 2), isr=(2,), leader=2, leader_epoch=4, partition_epoch=6, elr=(1,)),
        "01 03 02 00000007 0123456789abcdef0123456789abcdef 03 00000001 00000002 02 00000002 01 01 00000002"
        " 00000004 00000006 03 00000000000000000000000000000000 00000000000000000000000000000000"
        " 03 01 05 02 00000001 02 01 01 904e 03 03 6162",
    ),
    (
        PartitionChangeRecord(
            partition=P,
            why="fence",
            about=1,
            replicas=(1, 2),
            isr=(2,),
            leader=2,
            leader_epoch=4,
            partition_epoch=6,
            elr=(1,),
            enough=False,
        ),
        "01 05 02 00000007 0123456789abcdef0123456789abcdef"
        " 0e 00 05 02 00000002 01 04 00000002 02 09 03 00000001 00000002 03 01 01 04 01 01 05 01 00"
        " 06 05 02 00000001 07 01 01 904e 03 03 6162 914e 04 00000004 924e 04 00000006"
        " 934e 06 06 66656e6365 944e 04 00000001 954e 01 00",
    ),
]


@pytest.mark.parametrize(("record", "expected"), BY_HAND, ids=lambda value: type(value).__name__)
def test_bytes_are_kafkas(record, expected):
    """Written out from Kafka's schemas by hand: frame version, API key, version, then the fields in their order."""
    assert encode(record, TOPIC_ID).hex() == expected.replace(" ", "")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "field header"),
        (b"\xff\xff\xff\xff\xff\xff", "field header"),
        (b"\x02\x02\x00", "frame version: 2, known is 1"),
        (b"\x01\x63\x00", "99, 0: not among those we write"),
        (b"\x01\x02\x09", "2, 9: not among those we write"),
        (b"\x01\x02\x00\x09ab", "TopicRecord version 0: field name: length 8 where 2 bytes are left"),
        (bytes.fromhex("011b0100000001") + bytes(24) + b"\x01\x01\x00\x01\x00\x00", "end_points"),
        (b"\x01\x04\x00\x08\x01\x01\x01\x00", "resource_type: 8, known are 2 and 4"),
        (bytes.fromhex("01050200000007") + bytes(16) + b"\x00", "not a record of this project's"),
        (bytes.fromhex("01050200000007") + bytes(16) + bytes.fromhex("01904e03036162"), "why: '': no change"),
    ],
)
def test_what_is_no_record_of_ours_is_refused(data, complaint):
    with pytest.raises(Malformed, match=complaint):
        decode(data)


def test_every_cut_of_a_record_is_refused():
    whole = encode(BY_HAND[-1][0], TOPIC_ID)
    for size in range(len(whole)):
        with pytest.raises(Malformed):
            decode(whole[:size])
