"""Which error calls for what: each that is right is passed over, and told where its reason does not hold."""

import pytest

from impl.core.messages import DeletedPartition, DeletedRecords, DeletePartition, DeleteRecords
from impl.core.types import ErrorCode
from invariants.answers.errors import REASONS
from tests.answers.talk import (
    T0,
    Talk,
    elected,
    ended,
    epoch_end,
    fetch,
    fetched,
    leading,
    list_offsets,
    listed,
    produce,
    produced,
)

E = ErrorCode


def following(epoch=3, **more):
    replica = leading(epoch, **more)
    replica.leading = False
    return replica


def delete(offset):
    return DeleteRecords((DeletePartition(T0, offset),), 0)


def deleted(error=E.NONE):
    return DeletedRecords((DeletedPartition(T0, error, -1),))


LARGE = {"batch_bytes_max": 10}
RIGHT = [
    (fetch(epoch=2), fetched(E.FENCED_LEADER_EPOCH), None, {}),
    (fetch(epoch=4), fetched(E.UNKNOWN_LEADER_EPOCH), None, {}),
    (list_offsets(2), listed(E.FENCED_LEADER_EPOCH), None, {}),
    (epoch_end(4), ended(E.UNKNOWN_LEADER_EPOCH), None, {}),
    (fetch(rack=None), fetched(E.NOT_LEADER_OR_FOLLOWER), following(), {}),
    (fetch(replica=9), fetched(E.NOT_LEADER_OR_FOLLOWER), None, {}),
    (fetch(replica=2, replica_epoch=1), fetched(E.NOT_LEADER_OR_FOLLOWER), leading(counted_as={2: 5}), {}),
    (fetch(), fetched(E.NOT_LEADER_OR_FOLLOWER), None, {"here": False}),
    (fetch(), fetched(E.UNKNOWN_TOPIC_OR_PARTITION), None, {"here": False, "known": False}),
    (fetch(offset=5), fetched(E.OFFSET_OUT_OF_RANGE), None, {}),
    (fetch(offset=0), fetched(E.OFFSET_OUT_OF_RANGE), leading(start=1), {}),
    (fetch(offset=2, last=4), fetched(E.OFFSET_OUT_OF_RANGE), None, {}),
    (list_offsets(epoch=4), listed(E.OFFSET_NOT_AVAILABLE), elected(), {}),
    (list_offsets(), listed(E.NOT_LEADER_OR_FOLLOWER), following(), {}),
    (produce(), produced(E.NOT_LEADER_OR_FOLLOWER), following(), {}),
    (produce(), produced(E.NOT_ENOUGH_REPLICAS), None, {"isr": (1,)}),
    (produce(), produced(E.NOT_ENOUGH_REPLICAS), leading(may_commit=False), {}),
    (produce(), produced(E.NOT_ENOUGH_REPLICAS_AFTER_APPEND), None, {"minimum": 3}),
    (produce(), produced(E.MESSAGE_TOO_LARGE), None, LARGE),
    (produce(sequence=6), produced(E.OUT_OF_ORDER_SEQUENCE_NUMBER), None, {}),
    (produce(sequence=1, producer=6), produced(E.OUT_OF_ORDER_SEQUENCE_NUMBER), None, {}),
    (produce(sequence=4), produced(E.OUT_OF_ORDER_SEQUENCE_NUMBER), leading(start=4), {}),
    (produce(sequence=4), produced(E.OUT_OF_ORDER_SEQUENCE_NUMBER), None, {"knows_producers": False}),
    (produce(acks=2), produced(E.INVALID_REQUIRED_ACKS), None, {}),
    (delete(3), deleted(E.OFFSET_OUT_OF_RANGE), None, {}),
    (delete(1), deleted(E.POLICY_VIOLATION), None, {"deletes": False}),
    (fetch(), fetched(), None, {}),
    (fetch(epoch=-1), fetched(), None, {}),
    (fetch(), fetched(), following(), {}),
    (produce(), produced(), None, {}),
    (produce(acks=1), produced(), None, {"isr": (1,)}),
]
WRONG = [
    (fetch(epoch=4), fetched(E.FENCED_LEADER_EPOCH), None, {}, "it was asked in epoch 4, and is in epoch 3"),
    (fetch(epoch=2), fetched(E.UNKNOWN_LEADER_EPOCH), None, {}, "it was asked in epoch 2, and is in epoch 3"),
    (fetch(epoch=2), fetched(E.NOT_LEADER_OR_FOLLOWER), following(), {}, "it was asked in epoch 2"),
    (epoch_end(3), ended(E.FENCED_LEADER_EPOCH), None, {}, "it was asked in epoch 3"),
    (list_offsets(3), listed(E.NOT_LEADER_OR_FOLLOWER), None, {}, "it leads in epoch 3"),
    (fetch(), fetched(E.NOT_LEADER_OR_FOLLOWER), None, {}, "it leads in epoch 3"),
    (fetch(), fetched(E.NOT_LEADER_OR_FOLLOWER), following(), {}, "a consumer asked that may read from a follower"),
    (fetch(replica=2), fetched(E.NOT_LEADER_OR_FOLLOWER), None, {}, "it leads in epoch 3"),
    (fetch(), fetched(E.UNKNOWN_TOPIC_OR_PARTITION), None, {}, "is in the metadata"),
    (fetch(), fetched(E.KAFKA_STORAGE_ERROR), None, {}, "no log directory has failed"),
    (fetch(offset=4), fetched(E.OFFSET_OUT_OF_RANGE), None, {}, "its log has 0 to 4"),
    (fetch(), fetched(E.MESSAGE_TOO_LARGE), None, {}, "a Fetch is never refused for that"),
    (list_offsets(), listed(E.OFFSET_NOT_AVAILABLE), leading(high_watermark=3), {}, "to where its epoch begins"),
    (produce(), produced(E.NOT_LEADER_OR_FOLLOWER), None, {}, "it leads in epoch 3"),
    (produce(), produced(E.NOT_ENOUGH_REPLICAS), None, {}, "2 of 3 replicas are in sync, and min.insync.replicas is 2"),
    (produce(), produced(E.NOT_ENOUGH_REPLICAS), None, {"isr": (1,), "minimum": 1}, "min.insync.replicas is 1"),
    (produce(acks=1), produced(E.NOT_ENOUGH_REPLICAS), None, {"isr": (1,)}, "which asks for no minimum"),
    (produce(), produced(E.NOT_ENOUGH_REPLICAS_AFTER_APPEND), None, {}, "2 of 3 replicas are in sync"),
    (produce(), produced(E.MESSAGE_TOO_LARGE), None, {}, "max.message.bytes is"),
    (
        produce(sequence=4),
        produced(E.OUT_OF_ORDER_SEQUENCE_NUMBER),
        None,
        {},
        "what comes before sequence 4",
    ),
    (
        produce(sequence=0, producer=6),
        produced(E.OUT_OF_ORDER_SEQUENCE_NUMBER),
        None,
        {},
        "before sequence 0 of producer 6",
    ),
    (produce(), produced(E.INVALID_PRODUCER_EPOCH), None, {}, "the log has nothing of a newer epoch"),
    (produce(), produced(E.CORRUPT_MESSAGE), None, {}, "the batch is whole"),
    (produce(), produced(E.INVALID_REQUIRED_ACKS), None, {}, "acks is -1"),
    (delete(2), deleted(E.OFFSET_OUT_OF_RANGE), None, {}, "its high watermark is 2"),
    (delete(1), deleted(E.POLICY_VIOLATION), None, {}, "cleanup.policy has delete"),
    (fetch(epoch=2), fetched(), None, {}, "without an error, and it was asked in epoch 2"),
    (fetch(replica=2, epoch=3), fetched(), following(), {}, "without an error, and it does not lead"),
    (list_offsets(), listed(), following(), {}, "without an error, and it does not lead"),
    (epoch_end(5), ended(), None, {}, "without an error, and it was asked in epoch 5"),
    (produce(), produced(), following(), {}, "without an error, and it does not lead"),
    (produce(), produced(), None, {"minimum": 3}, "2 of 3 replicas are in sync, and the minimum is 3"),
    (delete(1), deleted(), following(), {}, "without an error, and it does not lead"),
]


@pytest.mark.parametrize(("request_", "reply", "replica", "standing"), RIGHT)
def test_what_is_so_may_be_said(request_, reply, replica, standing):
    assert Talk(replica, **standing).exchange(request_, reply, at=1_000) is None


@pytest.mark.parametrize(("request_", "reply", "replica", "standing", "words"), WRONG)
def test_what_is_not_so_is_told(request_, reply, replica, standing, words):
    invariant, sentence = Talk(replica, **standing).exchange(request_, reply, at=1_000)
    assert invariant == "right_error"
    assert words in sentence


def test_every_error_that_has_a_reason_is_an_error_of_kafka():
    assert {name for reasons in REASONS.values() for name in reasons} <= set(ErrorCode.__members__)


def test_nothing_is_known_of_a_process_without_a_role():
    """Since it started it was told of no role: it is in no epoch, so that every epoch is newer."""
    replica = leading()
    replica.counts = replica.leading = False
    assert Talk(replica).exchange(fetch(epoch=0), fetched(E.UNKNOWN_LEADER_EPOCH)) is None
