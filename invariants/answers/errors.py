"""Which error calls for what: every refusal of a client or a follower, and the reason that must hold for it.

One rule: a reason is a sentence about the broker's state that is false; empty: the error is as it should be. An error
that is no answer to its request is never right.

Errors are compared by their names in Kafka's protocol. Order matters as it does in Kafka (Partition.getLocalLog): whose
epoch is another hears so, whoever leads; only then does it matter who leads.
"""

from collections.abc import Callable, Mapping
from typing import Any

from invariants.answers.offsets import epoch_begins
from invariants.answers.standing import Standing

SEQUENCES = 2**31

Reason = Callable[[Any, Any, Standing], str]
"""(the request, its part about the partition, where the broker stands) -> what is wrong with the error."""


# ---------------------------------------------------------------- epochs (KIP-320)
def _fenced(_request: Any, part: Any, standing: Standing) -> str:
    asked, epoch = part.current_leader_epoch, standing.leader_epoch
    return "" if 0 <= asked < epoch else f"it was asked in epoch {asked}, and is in epoch {epoch}"


def _unknown_epoch(_request: Any, part: Any, standing: Standing) -> str:
    asked, epoch = part.current_leader_epoch, standing.leader_epoch
    return "" if asked > epoch else f"it was asked in epoch {asked}, and is in epoch {epoch}"


def _other_epoch(part: Any, standing: Standing) -> str:
    """A question in another epoch than the broker's, in words."""
    asked, epoch = part.current_leader_epoch, standing.leader_epoch
    return f"it was asked in epoch {asked}, and is in epoch {epoch}" if 0 <= asked != epoch else ""


# ---------------------------------------------------------------- who leads, and what there is
def _not_leader(_request: Any, _part: Any, standing: Standing) -> str:
    return f"it leads in epoch {standing.leader_epoch}" if standing.here and standing.leading else ""


def _not_leader_in_epoch(request: Any, part: Any, standing: Standing) -> str:
    return "" if not standing.here else _other_epoch(part, standing) or _not_leader(request, part, standing)


def _not_leader_of_fetch(request: Any, part: Any, standing: Standing) -> str:
    """A leader refuses whom it does not know as a follower, or under that registration (KIP-903); who follows serves
    consumers that know they may ask it (KIP-392)."""
    replica = standing.replica
    if not standing.here or replica is None:
        return ""
    other = _other_epoch(part, standing)
    if other:
        return other
    if standing.leading:
        follower = request.replica_id
        if follower >= 0 and (
            follower not in standing.replicas or request.replica_epoch < replica.counted_as.get(follower, -1)
        ):
            return ""
        return f"it leads in epoch {standing.leader_epoch}"
    if part.rack is not None and standing.leader_epoch >= 0:
        return f"it follows in epoch {standing.leader_epoch}, and a consumer asked that may read from a follower"
    return ""


def _unknown_partition(_request: Any, _part: Any, standing: Standing) -> str:
    if standing.known or standing.here:
        return "the partition is in the metadata that it has read"
    return "" if standing.reads else "it has not read the metadata yet"


def _storage(_request: Any, _part: Any, _standing: Standing) -> str:
    return "no log directory has failed"


# ---------------------------------------------------------------- offsets
def _out_of_range(_request: Any, part: Any, standing: Standing) -> str:
    replica = standing.replica
    if replica is None or not replica.start <= part.fetch_offset <= replica.log.end:
        return ""
    if part.last_fetched_epoch > standing.leader_epoch:
        return ""
    return f"it was asked for offset {part.fetch_offset}, and its log has {replica.start} to {replica.log.end}"


def _not_available(_request: Any, _part: Any, standing: Standing) -> str:
    """A new leader whose watermark is not where its epoch began (KIP-207)."""
    replica = standing.replica
    if replica is None or (replica.leading and replica.high_watermark < epoch_begins(replica)):
        return ""
    return "its high watermark has come to where its epoch begins" if replica.leading else "it does not lead"


def _undeletable(request: Any, part: Any, standing: Standing) -> str:
    replica = standing.replica
    if replica is None or len(request.partitions) > 1 or not 0 <= part.offset <= replica.high_watermark:
        return ""
    return f"it was asked to delete what lies below {part.offset}, and its high watermark is {replica.high_watermark}"


def _kept(_request: Any, _part: Any, standing: Standing) -> str:
    return "the topic's cleanup.policy has delete" if standing.deletes else ""


# ---------------------------------------------------------------- produce
def _too_few(request: Any, _part: Any, standing: Standing) -> str:
    if request.acks != -1:
        return f"acks is {request.acks}, which asks for no minimum"
    if standing.replica is not None and not standing.replica.may_commit:
        return ""
    return _are_enough(standing, standing.isr)


def _too_few_after(_request: Any, _part: Any, standing: Standing) -> str:
    return "" if standing.replica is None else _are_enough(standing, standing.replica.maximal_isr)


def _are_enough(standing: Standing, isr: tuple[int, ...]) -> str:
    if not standing.enough(isr):
        return ""
    return f"{len(isr)} of {len(standing.replicas)} replicas are in sync, and min.insync.replicas is {standing.minimum}"


def _too_large(_request: Any, part: Any, standing: Standing) -> str:
    size = getattr(part.batch, "size", None)
    if size is None or size > standing.batch_bytes_max:
        return ""
    return f"the batch has {size} bytes, and max.message.bytes is {standing.batch_bytes_max}"


def _out_of_order(_request: Any, part: Any, standing: Standing) -> str:
    """The last that the log has of the producer, and what would come after it. What is deleted may be forgotten."""
    batch, replica = part.batch, standing.replica
    if replica is None or not hasattr(batch, "producer_id") or not standing.knows_producers:
        return ""
    last = next((each for each in reversed(replica.log.batches) if each.producer_id == batch.producer_id), None)
    if last is None:
        expected = 0
    elif last.base_offset < replica.start:
        return ""
    elif batch.producer_epoch > last.producer_epoch:
        expected = 0
    else:
        expected = (last.base_sequence + last.record_count) % SEQUENCES
    if batch.base_sequence != expected:
        return ""
    return f"the log has what comes before sequence {batch.base_sequence} of producer {batch.producer_id}"


def _old_producer(_request: Any, part: Any, standing: Standing) -> str:
    batch, replica = part.batch, standing.replica
    if replica is None or not hasattr(batch, "producer_id"):
        return ""
    epochs = [each.producer_epoch for each in replica.log.batches if each.producer_id == batch.producer_id]
    return "" if any(epoch > batch.producer_epoch for epoch in epochs) else "the log has nothing of a newer epoch"


def _unusable(_request: Any, part: Any, _standing: Standing) -> str:
    """The bytes were refused before anybody looked for a place for them."""
    batch = part.batch
    whole = hasattr(batch, "base_sequence") and batch.base_sequence >= 0 and batch.producer_epoch >= 0
    return "the batch is whole" if whole else ""


def _wrong_acks(request: Any, _part: Any, _standing: Standing) -> str:
    return f"acks is {request.acks}" if request.acks in (-1, 0, 1) else ""


def _timed_out(_request: Any, _part: Any, _standing: Standing) -> str:
    """When that may be said is judged by `answered_in_time`."""
    return ""


_ANY: Mapping[str, Reason] = {"UNKNOWN_TOPIC_OR_PARTITION": _unknown_partition, "KAFKA_STORAGE_ERROR": _storage}
_IN_EPOCH: Mapping[str, Reason] = {
    **_ANY,
    "FENCED_LEADER_EPOCH": _fenced,
    "UNKNOWN_LEADER_EPOCH": _unknown_epoch,
    "NOT_LEADER_OR_FOLLOWER": _not_leader_in_epoch,
}
REASONS: Mapping[str, Mapping[str, Reason]] = {
    "Fetch": {
        **_IN_EPOCH,
        "NOT_LEADER_OR_FOLLOWER": _not_leader_of_fetch,
        "OFFSET_OUT_OF_RANGE": _out_of_range,
    },
    "ListOffsets": {**_IN_EPOCH, "OFFSET_NOT_AVAILABLE": _not_available},
    "OffsetForLeaderEpoch": _IN_EPOCH,
    "Produce": {
        **_ANY,
        "NOT_LEADER_OR_FOLLOWER": _not_leader,
        "NOT_ENOUGH_REPLICAS": _too_few,
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND": _too_few_after,
        "MESSAGE_TOO_LARGE": _too_large,
        "OUT_OF_ORDER_SEQUENCE_NUMBER": _out_of_order,
        "INVALID_PRODUCER_EPOCH": _old_producer,
        "CORRUPT_MESSAGE": _unusable,
        "INVALID_RECORD": _unusable,
        "INVALID_REQUIRED_ACKS": _wrong_acks,
        "REQUEST_TIMED_OUT": _timed_out,
    },
    "DeleteRecords": {
        **_ANY,
        "NOT_LEADER_OR_FOLLOWER": _not_leader,
        "OFFSET_OUT_OF_RANGE": _undeletable,
        "POLICY_VIOLATION": _kept,
        "REQUEST_TIMED_OUT": _timed_out,
    },
}
"""By kind of request and by error."""


def reason(kind: str, error: str) -> Reason:
    """What says why this is not the error to answer such a request with; empty: it is."""

    def never(_request: Any, _part: Any, _standing: Standing) -> str:
        return f"a {kind} is never refused for that"

    return REASONS[kind].get(error, never)


# ---------------------------------------------------------------- what should have been refused
def unrefused(kind: str, request: Any, part: Any, standing: Standing) -> str:
    """Why what was answered without an error should not have been; empty: rightly."""
    replica = standing.replica
    if replica is None:
        return ""
    if kind == "Fetch":
        other = _other_epoch(part, standing)
        follower = request.replica_id >= 0 or part.rack is None
        return other or ("it does not lead" if follower and not replica.leading else "")
    if kind == "Produce":
        if not replica.leading:
            return "it does not lead"
        if request.acks == -1 and not (standing.enough(replica.maximal_isr) or standing.enough(standing.isr)):
            few = max(len(replica.maximal_isr), len(standing.isr))
            return f"{few} of {len(standing.replicas)} replicas are in sync, and the minimum is {standing.minimum}"
        return ""
    if kind == "DeleteRecords":
        return "" if replica.leading else "it does not lead"
    return _other_epoch(part, standing) or ("" if replica.leading else "it does not lead")
