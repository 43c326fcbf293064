"""A process of the cluster with a bug in it: `python -m campaign.storm.planted CONFIGURATION`.

One rule: nothing of this is in the broker. The bug is put where the simulated runs put it, in the class that the host
makes its core of, and which one is said in the environment by whoever starts the cluster.
"""

import functools
import os
import sys
from typing import Any

from campaign.mutants import usable
from impl.host.broker import BrokerHost
from impl.host.controller import ControllerHost
from impl.server import process

MUTANT = "FENCEPOST_PLANTED"
PROGRAM = "campaign.storm.planted"


def plant(name: str) -> None:
    """From now on this process's hosts have the bug."""
    found = usable(name)
    planted: Any = process
    planted.BrokerHost = functools.partial(BrokerHost, make_broker=found.broker)
    planted.ControllerHost = functools.partial(ControllerHost, make_controller=found.controller)


if __name__ == "__main__":
    plant(os.environ[MUTANT])
    sys.exit(process.main(sys.argv[1:]))
