"""ElectLeaders (KIP-183, KIP-460): elections that an operator asks for."""

from impl.wire.message import Message


class TopicPartitions(Message, frozen=True):
    topic: str = ""
    partitions: tuple[int, ...] = ()


class ElectLeadersRequest(Message, frozen=True):
    topic_partitions: tuple[TopicPartitions, ...] | None = ()
    timeout: int = 60000
    election_type: int = 0


class PartitionResult(Message, frozen=True):
    partition_id: int = 0
    error_code: int = 0
    error_message: str | None = None


class ReplicaElectionResult(Message, frozen=True):
    topic: str = ""
    partition_result: tuple[PartitionResult, ...] = ()


class ElectLeadersResponse(Message, frozen=True):
    throttle_time: int = 0
    replica_election_results: tuple[ReplicaElectionResult, ...] = ()
    error_code: int = 0
