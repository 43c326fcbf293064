"""server.properties: Kafka's own file starts us; what is wrong with one is a line that names it."""

from pathlib import Path

import pytest

from impl.server.configuration import TABLES, network_config, settings, without_effect
from impl.server.errors import ConfigurationError
from impl.server.kafka_names import BOOLEANS, NUMBERS, REFUSED, WORDS
from impl.server.properties import gather, placement, read

KAFKAS_OWN = r"""
# The Kafka 4 distribution's config/server.properties, without its comments.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "server.properties"
        path.write_text(text, encoding="latin-1")
        return path

    return write


def test_kafkas_own_file_is_taken_whole(file):
    placed = placement(gather([str(file(KAFKAS_OWN))]))
    assert (placed.data, placed.host, placed.port) == (Path("kraft-combined-logs"), "127.0.0.1", 9092)
    assert network_config(placed.configuration).request_bytes_max == 104_857_600
    assert "num.io.threads" in without_effect(placed.configuration)
    assert "socket.request.max.bytes" not in without_effect(placed.configuration)


def test_the_syntax_is_javas(file):
    text = (
        "! a comment\n"
        "  min.insync.replicas : 2\n"
        "num.partitions 3\n"
        "log.dirs = one\\\n"
        "    /two\n"
        "broker.rack=caf\\u00e9 \\\n"
        "   au lait\n"
        "auto.create.topics.enable=fal\\\n"
        "se\n"
    )
    assert read(file(text)) == {
        "min.insync.replicas": "2",
        "num.partitions": "3",
        "log.dirs": "one/two",
        "broker.rack": "café au lait",
        "auto.create.topics.enable": "false",
    }


def test_what_comes_later_wins(file):
    path = str(file("min.insync.replicas=2\nnum.partitions=3\n"))
    found = gather(["min.insync.replicas=1", path, "num.partitions = 5"])
    assert found == {"min.insync.replicas": "2", "num.partitions": "5"}
    assert settings(1, "c", placement(found).configuration).num_partitions == 5


def test_the_listener_says_where_broker_1_listens():
    placed = placement(
        {
            "listeners": "CONTROLLER://:9300,PLAIN://127.0.0.2:9200",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAIN:PLAINTEXT",
        }
    )
    assert (placed.host, placed.port) == ("127.0.0.2", 9200)


WRONG = {
    "unknown": ("min.insync.replica=2", "unknown configuration min.insync.replica: did you mean min.insync.replicas?"),
    "not a number": ("num.partitions=many", "num.partitions=many is not a whole number"),
    "not a number, without effect": ("num.io.threads=eight", "num.io.threads=eight is not a number"),
    "not a word, without effect": ("log.cleaner.enable=1", "log.cleaner.enable=1 is not true or false"),
    "out of range": ("message.max.bytes=-1", "message.max.bytes=-1 is out of range: 0 to"),
    "twice": ("num.partitions=1\nnum.partitions=2", "line 2: num.partitions is given as 1 and as 2; leave one"),
    "a bad escape": ("log.dirs=\\u12", "line 1: \\u12"),
    "TLS": ("ssl.keystore.location=x", "ssl.keystore.location=x is not built here"),
    "an authorizer": ("authorizer.class.name=X", "authorizer.class.name=X is not built here"),
    "a TLS listener": ("listeners=SSL://:9093", "listener SSL asks for SSL: only PLAINTEXT is served"),
    "a mapped listener": (
        "listeners=X://:9093\nlistener.security.protocol.map=X:SASL_SSL",
        "listener X asks for SASL_SSL: only PLAINTEXT is served",
    ),
    "TLS between brokers": ("security.inter.broker.protocol=SSL", "security.inter.broker.protocol=SSL: only PLAINTEXT"),
    "no such listener": (
        "listeners=PLAINTEXT://:9092\ninter.broker.listener.name=X",
        "inter.broker.listener.name=X is none of the listeners (PLAINTEXT)",
    ),
    "no listener": ("listeners=9092", "listeners=9092: 9092 is no listener; write NAME://HOST:PORT"),
    "no port": ("listeners=PLAINTEXT://:99999", "is no listener"),
    "two listeners": ("listeners=PLAINTEXT://:1,B://:2\nlistener.security.protocol.map=B:PLAINTEXT", "one listener"),
    "another address": ("advertised.listeners=PLAINTEXT://far.example:9092", "clients are told 127.0.0.1:9092"),
    "no role": ("process.roles=broker,zookeeper", "zookeeper is no role"),
    "two ids": ("node.id=1\nbroker.id=2", "node.id=1 contradicts broker.id=2"),
    "another id": ("node.id=7", "node.id=7: serve numbers its brokers from 1"),
    "a directory twice": ("log.dirs=a,b,a", "log.dirs=a,b,a: name each directory once"),
    "metadata elsewhere": ("log.dirs=a,b\nmetadata.log.dir=c", "metadata.log.dir=c: these contradict each other"),
    "directories that differ": ("log.dir=a\nlog.dirs=b", "log.dir=a, log.dirs=b: these contradict each other"),
    "timeouts that contradict": (
        "broker.heartbeat.interval.ms=10000",
        "broker.heartbeat.interval.ms=10000 contradicts broker.session.timeout.ms=9000",
    ),
    "waits that contradict": (
        "replica.lag.time.max.ms=100",
        "replica.fetch.wait.max.ms=500 contradicts replica.lag.time.max.ms=100",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_one_line_that_names_it(file, text, words):
    with pytest.raises(ConfigurationError) as caught:
        placement(gather([str(file(text))]))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_line_must_not_contradict_the_file(file):
    given = gather([str(file("listeners=PLAINTEXT://:9200\nlog.dirs=there\n"))])
    with pytest.raises(ConfigurationError, match="--port 9300 contradicts listeners, which says 9200"):
        placement(given, port=9300)
    with pytest.raises(ConfigurationError, match=r"--data here contradicts log\.dirs, which says there"):
        placement(given, data=Path("here"))
    assert placement(given, port=9200, data=Path("there")).port == 9200


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        gather([str(tmp_path / "none.properties")])


def test_no_name_has_two_meanings():
    sets = [NUMBERS, BOOLEANS, WORDS, REFUSED]
    assert len(frozenset().union(*sets)) == sum(map(len, sets))
    assert not REFUSED & {name for table in TABLES for name in table}


def test_brokers_keep_logs_in_every_directory_given(file):
    placed = placement(gather([str(file("log.dirs=first, second\nmetadata.log.dir=first\n"))]))
    assert (placed.data, placed.more_data) == (Path("first"), (Path("second"),))
