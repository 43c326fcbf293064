"""One live three-broker cluster for every client's tests, and topics to use it with."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import AdminClient

from campaign.live import make_topic
from impl.server.cluster import Cluster, ClusterPlan

BROKERS = 3


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers and a controller, as `fencepost serve` runs them."""
    configuration = {"min.insync.replicas": "2", "default.replication.factor": "3"}
    plan = ClusterPlan(data=tmp_path_factory.mktemp("cluster"), brokers=BROKERS, port=0, configuration=configuration)
    with Cluster(plan) as running:
        yield running


@pytest.fixture(scope="session")
def admin(cluster: Cluster) -> AdminClient:
    return AdminClient({"bootstrap.servers": cluster.bootstrap})


@pytest.fixture(scope="session")
def new_topic(cluster: Cluster) -> Callable[..., str]:
    """Makes a topic of its own for each caller, replicated three times."""
    numbers = itertools.count()

    def make(partitions: int = 1) -> str:
        name = f"topic-{next(numbers)}"
        make_topic(cluster.bootstrap, name, partitions, BROKERS)
        return name

    return make


@pytest.fixture
def topic(new_topic: Callable[..., str]) -> str:
    return new_topic()
