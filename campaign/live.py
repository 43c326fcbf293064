"""The live run: three real processes, a real client, and kill -9 in mid-stream.

One rule: nothing here decides whether the run was good. It drives, kills, restarts, reads everything back and returns
what was recorded and counted; `campaign.live_result.evidence` has that judged.

What happens: a controller and brokers start with short session timeouts; a topic is made (replication factor 3,
min.insync.replicas 2); idempotent producers with acks=all write `key:sequence` values. A third of the way through, the
leader of partition 0 is killed. The cluster elects, the clients go on, and the time until the first record is
acknowledged again is the failover time. At two thirds the broker is started again on its own directory; the run waits
until the in-sync set is whole, stops the producers, reads every record back, and stops the cluster cleanly.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from campaign.clients import History, Read, read_back
from campaign.conditions import wait_for
from campaign.live_result import READER, LiveResult, counted
from campaign.load import DEADLINE_SECONDS, Writer
from impl.server.cluster import Cluster, ClusterPlan

TOPIC = "live"
CONFIGURATION: Mapping[str, str] = {
    "broker.heartbeat.interval.ms": "200",
    "broker.session.timeout.ms": "1500",
    "replica.lag.time.max.ms": "3000",
    "replica.fetch.backoff.ms": "200",
    "min.insync.replicas": "2",
    "default.replication.factor": "3",
    "request.timeout.ms": "3000",
}
"""Timeouts short enough that a failover takes about two seconds."""
Progress = Callable[[float | None, str], None]


def live_run(
    directory: Path,
    *,
    brokers: int = 3,
    seconds: float = 15.0,
    kill: bool = True,
    partitions: int = 2,
    producers: int = 2,
    keys: int = 4,
    records_per_second: int = 400,
    configuration: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> LiveResult:
    """Run a cluster under `directory` for about `seconds`, and say what happened.

    `configuration` adds to, or replaces, Kafka configurations of the brokers. `records_per_second` is of one producer.
    Raises ServerError when the cluster cannot start, TimeoutError when it stops serving for good.
    """
    tell = progress or _silent
    began = time.monotonic()
    traces, histories = directory / "traces", directory / "histories"
    for path in (traces, histories):
        path.mkdir(parents=True, exist_ok=True)
    tell(0.0, "starting a controller and brokers")
    cluster = Cluster(_plan(directory / "data", traces, brokers, configuration or {}))
    cluster.start()
    try:
        make_topic(cluster.bootstrap, TOPIC, partitions, _replicas(brokers))
        drivers = _writers(cluster, histories, producers, partitions, keys, records_per_second)
        faults = History(histories / "faults.jsonl", "faults")
        killed, failover = _drive(cluster, drivers, faults, partitions, seconds, kill, tell)
        faults.close()
        tell(0.8, "reading everything back")
        records = _read_back(histories / f"{READER}.jsonl", cluster.bootstrap, partitions)
    finally:
        forced = cluster.stop()
    tell(1.0, "done")
    return counted(
        records,
        [driver.producer for driver in drivers],
        brokers=brokers,
        seconds=time.monotonic() - began,
        traces=tuple(sorted(traces.glob("*.jsonl"))),
        histories=tuple(sorted(histories.glob("*.jsonl"))),
        killed=killed,
        failover_seconds=failover,
        forced=tuple(forced),
    )


def _writers(
    cluster: Cluster, histories: Path, count: int, partitions: int, keys: int, records_per_second: int
) -> list[Writer]:
    return [
        Writer(
            histories / f"c{number}.jsonl",
            f"c{number}",
            TOPIC,
            cluster.bootstrap,
            partitions=partitions,
            keys=keys,
            records_per_second=records_per_second,
        )
        for number in range(1, count + 1)
    ]


def _plan(data: Path, traces: Path, brokers: int, configuration: Mapping[str, str]) -> ClusterPlan:
    replicas = _replicas(brokers)
    changed = {"default.replication.factor": str(replicas), "min.insync.replicas": str(min(2, replicas))}
    return ClusterPlan(
        data=data, brokers=brokers, port=0, configuration={**CONFIGURATION, **changed, **configuration}, trace=traces
    )


def _replicas(brokers: int) -> int:
    return min(3, brokers)


def make_topic(bootstrap: str, topic: str, partitions: int, replicas: int) -> None:
    """Create a topic and wait until every partition has a leader and a whole in-sync set."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(topic, partitions, replicas)])[topic].result(DEADLINE_SECONDS)
    wait_for(lambda: whole(admin, topic, partitions, replicas), DEADLINE_SECONDS, f"{topic} to have its leaders")


def leaders(admin: AdminClient, topic: str) -> dict[int, int]:
    """Partition to leader; -1 where it has none."""
    found = admin.list_topics(topic, timeout=DEADLINE_SECONDS).topics[topic].partitions
    return {partition: found[partition].leader for partition in sorted(found)}


def whole(admin: AdminClient, topic: str, partitions: int, replicas: int) -> bool:
    """Every partition has a leader, and all its replicas are in sync."""
    found = admin.list_topics(topic, timeout=DEADLINE_SECONDS).topics[topic].partitions
    return len(found) == partitions and all(
        partition.leader > 0 and len(partition.isrs) == replicas for partition in found.values()
    )


def _drive(
    cluster: Cluster,
    drivers: Sequence[Writer],
    faults: History,
    partitions: int,
    seconds: float,
    kill: bool,
    tell: Progress,
) -> tuple[int | None, float | None]:
    """Let the producers run for `seconds`; kill and restart in between. Returns the killed broker and failover time."""
    began = time.monotonic()
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    replicas = _replicas(len(cluster.brokers))
    killed = failover = None
    for driver in drivers:
        driver.start()
    try:
        _let_run(began + seconds / 3, drivers, began, seconds, tell)
        if kill:
            killed = leaders(admin, TOPIC)[0]
            failover = _kill(cluster, drivers, faults, admin, killed, tell)
            _let_run(began + seconds * 2 / 3, drivers, began, seconds, tell)
            faults.fault("restart", f"n{killed}")
            cluster.restart(killed)
            wait_for(lambda: whole(admin, TOPIC, partitions, replicas), DEADLINE_SECONDS, "the in-sync set to be whole")
        _let_run(began + seconds, drivers, began, seconds, tell)
    finally:
        for driver in drivers:
            driver.finish()
    return killed, failover


def _kill(
    cluster: Cluster, drivers: Sequence[Writer], faults: History, admin: AdminClient, victim: int, tell: Progress
) -> float:
    """kill -9 the leader; return how long it took until a record of its partitions was acknowledged again."""
    led = {partition for partition, leader in leaders(admin, TOPIC).items() if leader == victim}
    tell(1 / 3, f"kill -9 broker {victim}, leader of partition 0")
    cluster.kill(victim)
    killed_at = time.monotonic()
    faults.fault("crash", f"n{victim}")
    wait_for(
        lambda: all(leader not in (victim, -1) for leader in leaders(admin, TOPIC).values()),
        DEADLINE_SECONDS,
        f"a leader in place of broker {victim}",
    )
    before = [len(driver.producer.acknowledged) for driver in drivers]

    def acknowledged_again() -> bool:
        return any(
            record.partition in led
            for driver, count in zip(drivers, before, strict=True)
            for record in driver.producer.acknowledged[count:]
        )

    wait_for(acknowledged_again, DEADLINE_SECONDS, "a record to be acknowledged after the failover")
    return time.monotonic() - killed_at


def _let_run(until: float, drivers: Sequence[Writer], began: float, seconds: float, tell: Progress) -> None:
    """Let the producers work until that moment (monotonic seconds)."""
    while (now := time.monotonic()) < until:
        count = sum(len(driver.producer.acknowledged) for driver in drivers)
        tell(0.8 * min(1.0, (now - began) / seconds), f"{count} records acknowledged")
        # A pause of the driver, whose load runs in threads of its own: the run is timed by design.
        time.sleep(min(0.1, max(0.0, until - now)))


def _read_back(path: Path, bootstrap: str, partitions: int) -> list[Read]:
    history = History(path, READER)
    try:
        configuration = {"bootstrap.servers": bootstrap, "log_level": 0}
        return read_back(history, TOPIC, range(partitions), configuration, DEADLINE_SECONDS)
    finally:
        history.close()


def _silent(fraction: float | None, text: str) -> None:
    del fraction, text
