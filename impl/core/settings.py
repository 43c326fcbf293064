"""Configuration the core decides by, under Kafka's names and with Kafka's defaults."""

from impl.core.types import CONTROLLER, NodeId, Value


class Voter(Value, frozen=True, gc=False):
    """One entry of controller.quorum.voters: `node@host:port`."""

    node: NodeId
    host: str = ""
    port: int = 0


class Settings(Value, frozen=True, gc=False, kw_only=True):
    """Times in milliseconds. `tick_ms` is ours: how often the runtime ticks a node."""

    node: NodeId
    cluster_id: str = "fencepost"
    configs: tuple[tuple[str, str], ...] = ()
    """What the node was configured with, as text under Kafka's names: to be told to who asks (DescribeConfigs)."""
    replica_lag_time_ms_max: int = 30_000
    """replica.lag.time.max.ms"""
    replica_fetch_wait_ms_max: int = 500
    """replica.fetch.wait.max.ms"""
    replica_fetch_bytes_max: int = 1_048_576
    """replica.fetch.max.bytes"""
    replica_fetch_backoff_ms: int = 1_000
    """replica.fetch.backoff.ms"""
    fetch_session_slots: int = 1_000
    """max.incremental.fetch.session.cache.slots"""
    broker_rack: str | None = None
    """broker.rack"""
    replica_selector_by_rack: bool = False
    """replica.selector.class is RackAwareReplicaSelector: a consumer is sent to a replica in its own rack (KIP-392)."""
    request_timeout_ms: int = 30_000
    """request.timeout.ms: a peer that has not answered by then is asked again."""
    min_insync_replicas: int = 1
    """min.insync.replicas, where the topic does not set it"""
    unclean_leader_election_enable: bool = False
    """unclean.leader.election.enable, where the topic does not set it"""
    auto_leader_rebalance_enable: bool = True
    """auto.leader.rebalance.enable"""
    leader_imbalance_check_interval_seconds: int = 300
    """leader.imbalance.check.interval.seconds"""
    broker_heartbeat_interval_ms: int = 2_000
    """broker.heartbeat.interval.ms"""
    broker_session_timeout_ms: int = 9_000
    """broker.session.timeout.ms"""
    num_partitions: int = 1
    """num.partitions"""
    default_replication_factor: int = 1
    """default.replication.factor"""
    delete_topic_enable: bool = True
    """delete.topic.enable"""
    auto_create_topics_enable: bool = True
    """auto.create.topics.enable"""
    high_watermark_checkpoint_interval_ms: int = 5_000
    """replica.high.watermark.checkpoint.interval.ms"""
    message_bytes_max: int = 1_048_588
    """message.max.bytes"""
    message_timestamp_after_ms_max: int = 3_600_000
    """log.message.timestamp.after.max.ms"""
    message_timestamp_before_ms_max: int = 2**63 - 1
    """log.message.timestamp.before.max.ms"""
    facts_name_topic_ids: bool = False
    """No configuration of Kafka's: facts say of which topic id a partition is (impl/core/labels.py)."""
    tick_ms: int = 20
    voters: tuple[Voter, ...] = (Voter(CONTROLLER),)
    """controller.quorum.voters"""
    quorum_election_timeout_ms: int = 1_000
    """controller.quorum.election.timeout.ms; the actual one is up to twice as long, by chance"""
    quorum_fetch_timeout_ms: int = 2_000
    """controller.quorum.fetch.timeout.ms: a follower without an answer for so long stands for election"""
    quorum_election_backoff_ms_max: int = 1_000
    """controller.quorum.election.backoff.max.ms"""
    quorum_request_timeout_ms: int = 2_000
    """controller.quorum.request.timeout.ms"""
    metadata_snapshot_bytes: int = 20_971_520
    """metadata.log.max.record.bytes.between.snapshots"""
    quorum_retry_backoff_ms: int = 20
    """controller.quorum.retry.backoff.ms"""
