"""Well-behaved clients beside an attack: a producer and a consumer whose histories are judged when it is over."""

from pathlib import Path

from campaign.clients import History, read_back
from campaign.live import make_topic
from campaign.load import PATIENT, Reader, Writer
from invariants.history import judge, verdict
from invariants.history.judge import Judgement
from invariants.verdict import Verdict
from traces.merge import merge
from traces.schema import Op

PARTITIONS = 2
READER = "reader"
SECONDS = 60.0


class Bystanders:
    """Started before the attack, finished after it."""

    def __init__(self, directory: Path, bootstrap: str, replicas: int, topic: str) -> None:
        self._directory = directory
        self._bootstrap = bootstrap
        self._topic = topic
        make_topic(bootstrap, topic, PARTITIONS, replicas)
        self.writer = Writer(
            directory / "writer.jsonl",
            "writer",
            topic,
            bootstrap,
            partitions=PARTITIONS,
            keys=4,
            records_per_second=200,
            configuration=PATIENT,
        )
        self.reader = Reader(
            directory / "follower.jsonl",
            "follower",
            topic,
            bootstrap,
            partitions=PARTITIONS,
            configuration={"log_level": 0},
        )

    def __enter__(self) -> "Bystanders":
        self.writer.start()
        self.reader.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.writer.finish()
        self.reader.finish()

    def served(self) -> tuple[int, int]:
        """How many records are acknowledged, and how many were read."""
        return len(self.writer.producer.acknowledged), self.reader.consumer.read

    def judged(self) -> tuple[Judgement, Verdict]:
        """Everything read back, and what the history checker says of it all. After the end."""
        history = History(self._directory / f"{READER}.jsonl", READER)
        try:
            configuration = {"bootstrap.servers": self._bootstrap, "log_level": 0}
            read_back(history, self._topic, range(PARTITIONS), configuration, SECONDS)
        finally:
            history.close()
        trace = merge(sorted(self._directory.glob("*.jsonl")))
        judgement = judge([line for line in trace.lines if isinstance(line, Op)], final=READER)
        return judgement, verdict(judgement)
