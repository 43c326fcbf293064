"""Clients that keep a live cluster busy while things are done to it, each in a thread of its own.

One rule: what a client does is in its history file and nowhere else; whether it was right is said by who reads that.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException

from campaign.clients import History, RecordingConsumer, RecordingProducer

POLL_SECONDS = 0.02
DEADLINE_SECONDS = 60.0
PATIENT: Mapping[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 5,
    # Look for the new leader often: by default librdkafka waits up to a second between two looks.
    "reconnect.backoff.max.ms": 200,
    "retry.backoff.ms": 50,
    "retry.backoff.max.ms": 200,
    "message.timeout.ms": int(DEADLINE_SECONDS * 1000),
    "log_level": 0,
}
"""A producer that goes on through a failover and loses nothing by itself."""


class Client:
    """A thread that does one thing again and again until it is told to finish."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.history = History(path, name)
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Stop, wait for what is in flight, close the history. Raises what the thread raised."""
        self._stopping.set()
        self._thread.join()
        self.history.close()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work(self._stopping.is_set)
        except BaseException as error:
            self._error = error

    def _work(self, stopping: Callable[[], bool]) -> None:
        """Until `stopping()`."""
        raise AssertionError(f"a subclass says what {self.name} does until {stopping}")


class Writer(Client):
    """A producer at a steady pace, round robin over its keys; the values of a key are numbered from 0."""

    def __init__(
        self,
        path: Path,
        name: str,
        topic: str,
        bootstrap: str,
        *,
        partitions: int,
        keys: int,
        records_per_second: int,
        configuration: Mapping[str, Any] = PATIENT,
    ) -> None:
        super().__init__(path, name)
        chosen = {**configuration, "bootstrap.servers": bootstrap, "client.id": name}
        self.producer = RecordingProducer(self.history, topic, chosen)
        self._keys = [(number % partitions, f"{name}-k{number}") for number in range(keys)]
        self._pause = 1.0 / records_per_second
        self.gave_up: list[str] = []
        """Why the library gave up for good, each time that it did."""

    def _work(self, stopping: Callable[[], bool]) -> None:
        started = time.monotonic()
        sent = 0
        while not stopping():
            due = int((time.monotonic() - started) / self._pause)
            while sent < due:
                partition, key = self._keys[sent % len(self._keys)]
                # A new library is a new producer, and order is only promised within one.
                key = f"{key}{'+' * len(self.gave_up)}"
                self.producer.send(partition, key, f"{key}:{sent // len(self._keys)}")
                sent += 1
            try:
                self.producer.poll(POLL_SECONDS)
            except KafkaException as error:
                self.gave_up.append(error.args[0].str())
                self.producer.begin_again()
        with contextlib.suppress(KafkaException):
            self.producer.finish(DEADLINE_SECONDS)


class Reader(Client):
    """A consumer that follows all partitions from the beginning while others write."""

    def __init__(
        self, path: Path, name: str, topic: str, bootstrap: str, *, partitions: int, configuration: Mapping[str, Any]
    ) -> None:
        super().__init__(path, name)
        chosen = {**configuration, "bootstrap.servers": bootstrap, "client.id": name}
        self.consumer = RecordingConsumer(self.history, topic, range(partitions), chosen)

    def _work(self, stopping: Callable[[], bool]) -> None:
        while not stopping():
            self.consumer.poll(POLL_SECONDS)
        self.consumer.close()
