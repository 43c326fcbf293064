"""Kafka's broker configurations that change nothing here, so that a server.properties written for Kafka starts us too.

One rule: a name stands here only where ignoring it is safe. Sizes of thread pools and socket buffers, and settings of
parts that are not built (groups, transactions), are checked for their type and then say nothing. What would make the
broker less guarded or less durable than its operator believes (TLS, SASL, authorizers) is refused.

Names: Kafka 4.x, org.apache.kafka.network.SocketServerConfigs, server.config.*, coordinator.*, storage.internals.log.
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBERS = _names(
    """
    background.threads num.io.threads num.network.threads num.recovery.threads.per.data.dir num.replica.fetchers
    num.replica.alter.log.dirs.threads num.partitions.per.topic queued.max.requests queued.max.request.bytes
    socket.listen.backlog.size socket.receive.buffer.bytes socket.send.buffer.bytes replica.socket.timeout.ms
    replica.socket.receive.buffer.bytes replica.fetch.min.bytes replica.fetch.response.max.bytes
    replica.selector.class.refresh.ms fetch.purgatory.purge.interval.requests
    producer.purgatory.purge.interval.requests delete.records.purgatory.purge.interval.requests
    connections.max.reauth.ms socket.connection.setup.timeout.ms socket.connection.setup.timeout.max.ms
    leader.imbalance.per.broker.percentage
    log.flush.offset.checkpoint.interval.ms log.flush.start.offset.checkpoint.interval.ms
    log.cleaner.threads
    log.cleaner.io.max.bytes.per.second log.cleaner.dedupe.buffer.size
    log.cleaner.io.buffer.size log.cleaner.io.buffer.load.factor
    log.dir.failure.timeout.ms
    fetch.max.bytes max.request.partition.size.limit num.quota.samples quota.window.size.seconds
    replication.quota.window.num replication.quota.window.size.seconds
    alter.log.dirs.replication.quota.window.num alter.log.dirs.replication.quota.window.size.seconds
    controller.quota.window.num controller.quota.window.size.seconds
    metadata.log.max.snapshot.interval.ms
    metadata.log.segment.bytes metadata.log.segment.ms metadata.max.retention.bytes metadata.max.retention.ms
    metadata.max.idle.interval.ms initial.broker.registration.timeout.ms server.max.startup.time.ms
    controller.quorum.append.linger.ms controller.socket.timeout.ms controlled.shutdown.max.retries
    controlled.shutdown.retry.backoff.ms compression.gzip.level compression.lz4.level compression.zstd.level
    metrics.num.samples metrics.sample.window.ms producer.id.expiration.ms
    producer.id.expiration.check.interval.ms transactional.id.expiration.ms transaction.max.timeout.ms
    transaction.state.log.load.buffer.size transaction.state.log.min.isr transaction.state.log.num.partitions
    transaction.state.log.replication.factor transaction.state.log.segment.bytes
    transaction.abort.timed.out.transaction.cleanup.interval.ms
    transaction.remove.expired.transaction.cleanup.interval.ms group.initial.rebalance.delay.ms
    group.max.session.timeout.ms group.min.session.timeout.ms group.max.size group.coordinator.threads
    group.coordinator.append.linger.ms group.consumer.session.timeout.ms group.consumer.min.session.timeout.ms
    group.consumer.max.session.timeout.ms group.consumer.heartbeat.interval.ms
    group.consumer.min.heartbeat.interval.ms group.consumer.max.heartbeat.interval.ms group.consumer.max.size
    offset.metadata.max.bytes offsets.commit.timeout.ms offsets.load.buffer.size
    offsets.retention.check.interval.ms offsets.retention.minutes offsets.topic.compression.codec
    offsets.topic.num.partitions offsets.topic.replication.factor offsets.topic.segment.bytes
    share.coordinator.state.topic.replication.factor share.coordinator.state.topic.min.isr
    share.coordinator.state.topic.num.partitions share.coordinator.state.topic.segment.bytes
    """
)
BOOLEANS = _names(
    """
    controlled.shutdown.enable
    log.preallocate transaction.partition.verification.enable unstable.api.versions.enable
    unstable.feature.versions.enable
    """
)
WORDS = _names(
    """
    controller.quorum.bootstrap.servers controller.quorum.voters compression.type
    group.coordinator.rebalance.protocols group.consumer.migration.policy group.consumer.assignors
    metric.reporters metrics.recording.level auto.include.jmx.reporter early.start.listeners
    """
)
REFUSED_PREFIXES = ("ssl.", "sasl.", "delegation.token.", "listener.name.", "remote.log.", "password.encoder.")
REFUSED = _names(
    """
    authorizer.class.name super.users allow.everyone.if.no.acl.found principal.builder.class security.providers
    create.topic.policy.class.name alter.config.policy.class.name client.quota.callback.class
    log.message.timestamp.type max.connections.per.ip
    max.connections.per.ip.overrides max.connection.creation.rate
    """
)


def refused(name: str) -> bool:
    """Whether the name is one of Kafka's for something that must not silently be missing."""
    return name in REFUSED or name.startswith(REFUSED_PREFIXES)


def inert(name: str) -> bool:
    """Whether the name is one of Kafka's that change nothing here."""
    return name in NUMBERS or name in BOOLEANS or name in WORDS
