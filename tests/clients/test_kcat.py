"""kcat, which is librdkafka as Debian packages it: lists, produces and consumes."""

import subprocess

import pytest

pytestmark = pytest.mark.kcat
SECONDS = 60


def kcat(cluster, *arguments, given=""):
    command = ["kcat", "-b", cluster.bootstrap, *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_what_kcat_produces_kcat_consumes(cluster, topic, codec):
    lines = "".join(f"k{number % 3}:value {number}\n" for number in range(100))
    kcat(cluster, "-P", "-t", topic, "-K:", "-z", codec, "-X", "acks=all", given=lines)
    assert kcat(cluster, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-K:") == lines
    assert kcat(cluster, "-C", "-t", topic, "-o", "42", "-c", "1", "-q", "-f", "%p %o %s") == "0 42 value 42"


def test_kcat_lists_brokers_and_topics(cluster, topic):
    listing = kcat(cluster, "-L", "-t", topic)
    assert "3 brokers:" in listing
    assert f'topic "{topic}" with 1 partitions:' in listing
