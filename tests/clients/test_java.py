"""The Java client, org.apache.kafka:kafka-clients from Maven: a program of one file, run by `java` as it stands.

Run by `python -m tests.clients.foreign`, which fetches the jars to outside of the project and names their directory in
FENCEPOST_JAVA_CLIENTS.
"""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.java
PROGRAM = Path(__file__).parent / "java" / "Clients.java"
SECONDS = 150
SCENARIOS = [
    *(("acks", acks) for acks in ("0", "1", "all")),
    *(("compression", codec) for codec in ("none", "gzip", "snappy", "lz4", "zstd")),
    ("idempotent", ""),
    ("offsets", ""),
    ("admin", ""),
]


@pytest.fixture(scope="module")
def jars() -> str:
    return str(Path(os.environ["FENCEPOST_JAVA_CLIENTS"]) / "*")


@pytest.mark.parametrize(("scenario", "argument"), SCENARIOS, ids=[" ".join(each).strip() for each in SCENARIOS])
def test_it_is_served(cluster, topic, jars, scenario, argument):
    command = ["java", "-Xmx256m", "-cp", jars, str(PROGRAM), cluster.bootstrap, topic, scenario, argument]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (0, "served\n"), done.stderr
