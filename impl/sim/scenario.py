"""What a simulated run is set up with besides its choices.

One rule: a scenario and the choices together are the whole run. It is plain data, so that it goes into a trace's
header and comes back out of it.

Times are short, so that a second of simulated time sees elections, shrinking and growing in-sync sets, and restarts.
"""

import random
from typing import Any

import msgspec

from impl.core.settings import Settings
from impl.core.types import NodeId
from impl.host.upkeep import UpkeepConfig
from impl.sim.compacting import Compacted, compacted, compacting
from impl.sim.faults import FaultTable, fault_table
from impl.sim.keeping import Retention, keeping, retention_of
from impl.storage.log_config import LogConfig

SIMULATED = Settings(
    node=NodeId(0),
    replica_lag_time_ms_max=600,
    replica_fetch_wait_ms_max=200,
    replica_fetch_backoff_ms=60,
    request_timeout_ms=500,
    min_insync_replicas=2,
    broker_heartbeat_interval_ms=200,
    broker_session_timeout_ms=900,
    auto_create_topics_enable=False,
    high_watermark_checkpoint_interval_ms=200,
    tick_ms=40,
    quorum_election_timeout_ms=200,
    quorum_fetch_timeout_ms=400,
    quorum_election_backoff_ms_max=200,
    quorum_request_timeout_ms=400,
    metadata_snapshot_bytes=2_000,
)
"""`node` is filled in for each node."""

TOPIC = "t"

SMALL_SEGMENT_BYTES = 1_000
SEGMENT_BYTES = (None, SMALL_SEGMENT_BYTES, SMALL_SEGMENT_BYTES // 2)
"""Of two in three runs: their logs have many segments. None: as the scenario has it."""
DELETING_SHARE = 0.2
"""Of the runs: their consumers have records deleted. Drawn apart, so that all else of a seed is as it would be."""
REMAKING_SHARE = 0.25
"""Of the other runs: their topic is deleted and made again."""
REMAKING_SNAPSHOT_BYTES = 500
ADMINISTERING_SHARE = 0.3
"""Of those whose topic stays: an operator changes configurations in them."""
ADMINISTERED_FLUSH_CHECK_MS = 100
ASKING_SHARE = 0.2
"""Of the runs: their auditor asks for offsets."""
CONFIGURED: tuple[tuple[dict[str, int], dict[str, int]], ...] = (
    ({}, {}),
    ({"segment_bytes": SMALL_SEGMENT_BYTES // 2, "index_interval_bytes": 0}, {"replica_fetch_bytes_max": 500}),
    ({"segment_bytes": 1_000_000}, {"replica_lag_time_ms_max": 300, "replica_fetch_wait_ms_max": 50}),
    ({"flush_messages": 1, "segment_ms": 500}, {"high_watermark_checkpoint_interval_ms": 50}),
)
"""What a broker may be started with instead of the scenario's own: changes of its `LogConfig` and of its `Settings`."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster, its clients, and how long the weather lasts."""

    brokers: int = 3
    controllers: int = 1
    """Voters of the quorum: 1 or 3."""
    partitions: int = 1
    replication: int = 3
    clients: int = 2
    """Producers; each has its own keys."""
    plain_clients: int = 0
    """How many of them are not idempotent: one request in flight, and retries may write twice."""
    consumers: int = 1
    keys: int = 2
    """Per producer."""
    acks: int = -1
    horizon_ms: int = 4_000
    """How long faults and sends are chosen, counted from when the cluster is up."""
    settle_ms_max: int = 15_000
    """How long the cluster then has, without faults, to heal and to be read back."""
    deletes: bool = False
    """Consumers have what they have read deleted, by choice."""
    remakes: bool = False
    """The topic is deleted, and another one of its name made, by choice."""
    asks: bool = False
    """The auditor asks for offsets, by choice."""
    administers: bool = False
    """An operator changes configurations, by choice."""
    wire: bool = False
    """Every message becomes Kafka's bytes and is read again."""
    beyond: bool = False
    """More may fail than is tolerated: nothing is promised but the safety of what survives."""
    upkeep: UpkeepConfig | None = None
    """How often storage looks after itself; None: as a broker does without configuration, which is never here."""
    settings: Settings = SIMULATED
    log: LogConfig = msgspec.field(default_factory=LogConfig)

    def table(self) -> FaultTable:
        """The faults a cluster of this shape can suffer."""
        return fault_table(
            brokers=self.brokers,
            clients=self.clients,
            partitions=self.partitions,
            controllers=self.controller_processes,
        )

    @property
    def controller_processes(self) -> tuple[int, ...]:
        """The numbers of the controllers' processes: the first is 0, the others come after the auditor."""
        after = 1 + self.brokers + self.clients + self.consumers + 1
        return (0, *range(after, after + self.controllers - 1))

    def varied(self, seed: int) -> "Scenario":
        """This scenario as one seed of a campaign runs it: horizons, partitions and the way of the messages mixed."""
        draw = random.Random(f"scenario {seed}")
        changed = msgspec.structs.replace(
            self,
            horizon_ms=draw.choice((1_000, 2_000, 4_000, 4_000, 8_000, 12_000)),
            partitions=draw.choice((1, 1, 1, 2)),
            plain_clients=draw.choice((0, 0, 1)),
            wire=draw.random() < 0.125,
            controllers=draw.choice((1, 1, 3)),
            deletes=random.Random(f"delete {seed}").random() < DELETING_SHARE,
            asks=random.Random(f"ask {seed}").random() < ASKING_SHARE,
        )
        segment_bytes = draw.choice(SEGMENT_BYTES)
        log = self.log if segment_bytes is None else msgspec.structs.replace(self.log, segment_bytes=segment_bytes)
        log, upkeep = keeping(log, seed)
        if not self.beyond:
            log, upkeep = compacting(log, upkeep, seed)
        changed = msgspec.structs.replace(changed, log=log, upkeep=upkeep)
        # Records that go by themselves, or that clients delete, are judged by the offsets of one topic.
        alone = not (changed.deletes or changed.beyond or upkeep is not None or changed.compacted is not None)
        if not alone:
            return changed
        if random.Random(f"remake {seed}").random() < REMAKING_SHARE:
            return changed.remaking()
        administers = random.Random(f"administer {seed}").random() < ADMINISTERING_SHARE
        return changed.administering() if administers else changed

    def administering(self) -> "Scenario":
        """The same, with an operator at his desk, and nodes that look often whether a log is due for flush.ms."""
        upkeep = UpkeepConfig(flush_check_interval_ms=ADMINISTERED_FLUSH_CHECK_MS)
        return msgspec.structs.replace(self, administers=True, upkeep=upkeep)

    def remaking(self) -> "Scenario":
        """The same, with a topic that goes and comes, and snapshots so often that brokers read of it in them."""
        settings = msgspec.structs.replace(
            self.settings, facts_name_topic_ids=True, metadata_snapshot_bytes=REMAKING_SNAPSHOT_BYTES
        )
        return msgspec.structs.replace(self, remakes=True, settings=settings)

    @property
    def retention(self) -> Retention:
        """What may go by itself."""
        return retention_of(self.log, self.upkeep)

    @property
    def compacted(self) -> Compacted | None:
        """What may be compacted away; None: nothing."""
        return compacted(self.log)

    def configured(self, number: int) -> tuple[LogConfig, Settings]:
        """What a broker of this scenario starts with that was given one of `CONFIGURED`."""
        log, settings = CONFIGURED[number]
        return msgspec.structs.replace(self.log, **log), msgspec.structs.replace(self.settings, **settings)

    def configuration(self) -> dict[str, Any]:
        """As a trace's header holds it."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @classmethod
    def from_configuration(cls, configuration: dict[str, Any]) -> "Scenario":
        """Back from a trace's header. Raises msgspec.ValidationError naming the field that does not fit."""
        return msgspec.convert(configuration, cls)
