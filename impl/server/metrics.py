"""A node's state as Prometheus metrics, under the names Kafka's own metrics have behind the JMX exporter.

One rule: nothing is kept for the metrics' sake. A scrape reads the node as it is at that moment, on its event loop, and
the counters of `traffic.py`; between two scrapes this costs nothing.

`kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions` is here
`kafka_server_replicamanager_underreplicatedpartitions`, and so on: lower case, underscores, `_total` for what only
grows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from impl.core.image import MetadataImage, PartitionImage
from impl.core.partition import Partition
from impl.core.types import NO_LEADER, NodeId, TopicPartition
from impl.server.traffic import LATENCY_BUCKETS_SECONDS, Traffic
from impl.wire.apis import ApiKey

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REPLICAS = "kafka_server_replicamanager"
CONTROLLER = "kafka_controller_kafkacontroller"
SOCKETS = "kafka_server_socketservermetrics"


class Observed(NamedTuple):
    """What of a node a scrape looks at."""

    image: Callable[[], MetadataImage]
    """The metadata as far as this node has read or written it."""
    partitions: Callable[[], Mapping[TopicPartition, Partition]]
    """Every partition with a log here; none on a controller."""
    controlling: Callable[[], bool] | None
    """Whether this is the active controller; None on a node that never is."""


class NodeCollector(Collector):
    """Reads one node. `connections` says how many are open."""

    def __init__(
        self,
        node: NodeId,
        cluster_id: str,
        observed: Observed,
        traffic: Traffic,
        connections: Callable[[], int],
    ) -> None:
        self._node = node
        self._cluster_id = cluster_id
        self._observed = observed
        self._traffic = traffic
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        about = InfoMetricFamily("fencepost_node", "Which node of which cluster this is")
        about.add_metric([], {"node_id": str(self._node), "cluster_id": self._cluster_id})
        yield about
        yield from self._sockets()
        yield from self._requests()
        if self._observed.controlling is not None:
            yield from self._controller(self._observed.controlling())
        partitions = self._observed.partitions()
        if self._observed.controlling is None or partitions:
            yield from self._replicas(partitions)
            yield from _logs(partitions)

    # ------------------------------------------------------------ the network
    def _sockets(self) -> Iterator[Metric]:
        traffic = self._traffic
        yield GaugeMetricFamily(f"{SOCKETS}_connection_count", "Open connections", self._connections())
        for name, text, value in (
            ("connection_creation", "Connections accepted", traffic.connections_made),
            ("connection_refused", "Connections refused by max.connections", traffic.connections_refused),
            ("incoming_byte", "Bytes of requests", traffic.bytes_in),
            ("outgoing_byte", "Bytes of replies", traffic.bytes_out),
            ("refused_request", "Requests and frames that could not be read", traffic.refused),
        ):
            yield CounterMetricFamily(f"{SOCKETS}_{name}", text, value)

    def _requests(self) -> Iterator[Metric]:
        counts = CounterMetricFamily(
            "kafka_network_requestmetrics_requests", "Requests answered, by API", labels=["request"]
        )
        times = HistogramMetricFamily(
            "kafka_network_requestmetrics_totaltime_seconds",
            "From the last byte of a request to its reply's being handed to the socket",
            labels=["request"],
        )
        bounds = [*map(str, LATENCY_BUCKETS_SECONDS), "+Inf"]
        for key, requests in sorted(self._traffic.requests.items()):
            name = [_name(key)]
            counts.add_metric(name, requests.count)
            times.add_metric(name, list(zip(bounds, accumulate(requests.buckets), strict=True)), requests.seconds)
        yield counts
        yield times

    # ------------------------------------------------------------ a broker
    def _replicas(self, partitions: Mapping[TopicPartition, Partition]) -> Iterator[Metric]:
        led = [partition for partition in partitions.values() if partition.leading]
        yield _gauge("partitioncount", "Partitions with a replica here", len(partitions))
        yield _gauge("leadercount", "Partitions led by this broker", len(led))
        yield _gauge(
            "underreplicatedpartitions",
            "Led partitions with fewer replicas in sync than there are",
            sum(len(partition.isr) < len(partition.replicas) for partition in led),
        )
        yield _gauge(
            "underminisrpartitioncount",
            "Led partitions with fewer replicas in sync than min.insync.replicas",
            sum(len(partition.isr) < partition.min_insync_replicas for partition in led),
        )
        traffic = self._traffic
        yield CounterMetricFamily(
            f"{REPLICAS}_isrshrinks", "In-sync sets this leader asked to shrink", traffic.isr_shrinks
        )
        yield CounterMetricFamily(
            f"{REPLICAS}_isrexpands", "In-sync sets this leader asked to grow", traffic.isr_expands
        )

    # ------------------------------------------------------------ a controller
    def _controller(self, active: bool) -> Iterator[Metric]:
        image = self._observed.image()
        yield GaugeMetricFamily(
            f"{CONTROLLER}_activecontrollercount", "1 on the active controller, 0 on the others", int(active)
        )
        fenced = sum(broker.fenced for broker in image.brokers.values())
        known = [partition for topic in image.topics.values() for partition in topic.partitions.values()]
        for name, text, value in (
            ("activebrokercount", "Registered brokers that are not fenced", len(image.brokers) - fenced),
            ("fencedbrokercount", "Registered brokers that are fenced", fenced),
            ("globaltopiccount", "Topics", len(image.topics)),
            ("globalpartitioncount", "Partitions", len(known)),
            ("offlinepartitionscount", "Partitions without a leader", _leaderless(known)),
        ):
            yield GaugeMetricFamily(f"{CONTROLLER}_{name}", text, value)
        yield GaugeMetricFamily(
            "kafka_server_raftmetrics_log_end_offset", "Offset of the next metadata record to be applied", image.offset
        )


def _logs(partitions: Mapping[TopicPartition, Partition]) -> Iterator[Metric]:
    """Per partition: where its log begins and ends, its high watermark, and who is in sync."""
    labels = ["topic", "partition"]
    starts = GaugeMetricFamily("kafka_log_log_logstartoffset", "First offset of the log", labels=labels)
    ends = GaugeMetricFamily("kafka_log_log_logendoffset", "Offset of the next record", labels=labels)
    marks = GaugeMetricFamily("kafka_cluster_partition_highwatermark", "The high watermark", labels=labels)
    epochs = GaugeMetricFamily("kafka_cluster_partition_leaderepoch", "The leader epoch", labels=labels)
    in_sync = GaugeMetricFamily(
        "kafka_cluster_partition_insyncreplicascount", "Replicas in sync, told by the leader", labels=labels
    )
    for name, partition in sorted(partitions.items()):
        label = [name.topic, str(name.index)]
        starts.add_metric(label, partition.log_start)
        ends.add_metric(label, partition.log_end)
        marks.add_metric(label, partition.high_watermark)
        epochs.add_metric(label, partition.leader_epoch)
        if partition.leading:
            in_sync.add_metric(label, len(partition.isr))
    yield from (starts, ends, marks, epochs, in_sync)


def registry(collector: NodeCollector) -> CollectorRegistry:
    """The collector, and the process's own memory, processor time and descriptors."""
    made = CollectorRegistry()
    made.register(collector)
    ProcessCollector(registry=made)
    return made


def page(made: CollectorRegistry) -> bytes:
    """What a scrape answers."""
    return generate_latest(made)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{REPLICAS}_{name}", text, value)


def _leaderless(partitions: Iterable[PartitionImage]) -> int:
    return sum(partition.leader == NO_LEADER for partition in partitions)


def _name(key: int) -> str:
    """`FETCH` as Kafka's metrics call it: `Fetch`."""
    return "".join(word.capitalize() for word in ApiKey(key).name.split("_"))
