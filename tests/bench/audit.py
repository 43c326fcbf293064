"""The history checker on Apache Kafka: three real nodes, kill -9 in mid-stream, everything acknowledged read back.

    python -m tests.bench.audit --kafka DIR            # about a minute
    python -m tests.bench.audit --kafka DIR --seconds 300 --kills 10

The same clients and the same judge as for our own live runs: what is said of our broker is only worth something if the
judge is silent on a broker that many rely on. The exit status is 1 where the history violates an invariant.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from campaign.clients import History, read_back
from campaign.live import make_topic
from campaign.load import PATIENT, Reader, Writer
from invariants.history import judge, verdict
from invariants.history.judge import Judgement
from invariants.verdict import Verdict, Violated
from tests.bench.kafka import KafkaCluster, NoKafka, running
from traces.merge import merge
from traces.schema import Op

TOPIC = "audit"
PARTITIONS = 3
READBACK = "reader"
SECONDS = 120.0


def clients(directory: Path, bootstrap: str) -> list[Writer | Reader]:
    made: list[Writer | Reader] = [
        Writer(
            directory / f"c{number}.jsonl",
            f"c{number}",
            TOPIC,
            bootstrap,
            partitions=PARTITIONS,
            keys=6,
            records_per_second=200,
            configuration=PATIENT,
        )
        for number in (1, 2)
    ]
    reader = directory / "r1.jsonl"
    made.append(Reader(reader, "r1", TOPIC, bootstrap, partitions=PARTITIONS, configuration={"log_level": 0}))
    return made


def let_work(seconds: float) -> None:
    """The run is timed by design: the clients work in threads of their own."""
    time.sleep(seconds)  # nothing to wait for but the time


def disturb(cluster: KafkaCluster, seconds: float, kills: int) -> None:
    """Kill one node after the other at even distances, and start each again before the next."""
    pause = seconds / (2 * kills + 1)
    for number in range(kills):
        node = number % len(cluster.ports) + 1
        let_work(pause)
        cluster.kill(node)
        let_work(pause)
        cluster.launch(node)
    let_work(pause)
    cluster.wait_until_whole()


def audit(cluster: KafkaCluster, directory: Path, seconds: float, kills: int) -> tuple[Judgement, Verdict]:
    make_topic(cluster.bootstrap, TOPIC, PARTITIONS, min(3, len(cluster.ports)))
    working = clients(directory, cluster.bootstrap)
    for client in working:
        client.start()
    try:
        disturb(cluster, seconds, kills)
    finally:
        for client in working:
            client.finish()
    history = History(directory / f"{READBACK}.jsonl", READBACK)
    try:
        configuration = {"bootstrap.servers": cluster.bootstrap, "log_level": 0}
        read_back(history, TOPIC, range(PARTITIONS), configuration, SECONDS)
    finally:
        history.close()
    trace = merge(sorted(directory.glob("*.jsonl")))
    judgement = judge([line for line in trace.lines if isinstance(line, Op)], final=READBACK)
    return judgement, verdict(judgement)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", type=Path, help="where Kafka's jars are")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--kills", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fencepost-audit-") as scratch:
        directory = Path(scratch) / "histories"
        directory.mkdir()
        try:
            with running(Path(scratch), options.nodes, options.kafka) as cluster:
                judgement, said = audit(cluster, directory, options.seconds, options.kills)
        except NoKafka as reason:
            print(f"Apache Kafka cannot be started: {reason}", file=sys.stderr)
            return 2
    print(f"{judgement.acknowledged} acknowledged, {judgement.read} read, {options.kills} nodes killed: {said}")
    return int(isinstance(said, Violated))


if __name__ == "__main__":
    sys.exit(main())
