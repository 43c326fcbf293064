"""kafkajs and @platformatic/kafka from npm, as far as they go without consumer groups.

Run by `python -m tests.clients.foreign`, which installs the packages outside of the project and names their directory
in FENCEPOST_NODE_CLIENTS.
"""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.node
HERE = Path(__file__).parent / "node"
SECONDS = 90
CLIENTS = ("kafkajs", "platformatic")
SCENARIOS = [
    *(("acks", acks) for acks in ("0", "1", "-1")),
    *(("compression", codec) for codec in ("none", "gzip", "snappy", "lz4", "zstd")),
    ("idempotent", ""),
    ("offsets", ""),
    ("admin", ""),
]


@pytest.fixture(scope="module")
def packages() -> Path:
    return Path(os.environ["FENCEPOST_NODE_CLIENTS"])


def lacks(client: str, scenario: str, argument: str) -> bool:
    """@platformatic/kafka takes zstd from Node, which has it since 22.15."""
    if (client, scenario, argument) != ("platformatic", "compression", "zstd"):
        return False
    asked = subprocess.run(
        ["node", "-p", "typeof require('zlib').zstdCompressSync"], capture_output=True, text=True, check=True
    )
    return asked.stdout.strip() != "function"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("scenario", "argument"), SCENARIOS, ids=[" ".join(each).strip() for each in SCENARIOS])
def test_it_is_served(cluster, topic, packages, client, scenario, argument):
    command = ["node", str(HERE / f"{client}.mjs"), cluster.bootstrap, topic, scenario, argument]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "NODE_CLIENTS": str(packages)},
    )
    if lacks(client, scenario, argument):
        assert "zstd is not available in Node" in done.stderr
    else:
        assert (done.returncode, done.stdout) == (0, "served\n"), done.stderr
