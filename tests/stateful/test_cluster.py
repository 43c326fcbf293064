"""The invariants under whatever Hypothesis thinks of, on four clusters, and the planted bug that it must find.

Sharded into classes because pytest-xdist splits whole tests only. `--hypothesis-profile quick`, `ci` or `long`.
"""

import msgspec
import pytest
from hypothesis import Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import run_state_machine_as_test

from campaign.mutants import MUTANTS
from campaign.replay import replay
from campaign.shrinking import shrink_run
from impl.sim import faults
from impl.sim.scenario import Scenario
from invariants.verdict import Violated
from tests.stateful.machine import DURABLE, Cluster, ClusterWithPower
from traces.reader import parse, read

FOUND_IS_SHRUNK_BY_US = (Phase.explicit, Phase.reuse, Phase.generate)
"""Our own delta debugging shrinks what is found, in a second where Hypothesis takes minutes."""


class Durable(ClusterWithPower):
    """flush.messages=1: nothing is lost, whatever fails."""


class DurableOverTheWire(ClusterWithPower):
    """Every message becomes Kafka's bytes and is read again."""

    scenario = msgspec.structs.replace(DURABLE, wire=True)


class TwoPartitions(ClusterWithPower):
    scenario = msgspec.structs.replace(DURABLE, partitions=2)


class WithoutSync(Cluster):
    """Kafka's default: processes die, and the power stays on."""

    scenario = msgspec.structs.replace(DURABLE, log=Scenario().log)


def sharded(machine):
    case = machine.TestCase
    case.settings = settings(stateful_step_count=40, phases=FOUND_IS_SHRUNK_BY_US)
    return case


TestDurable = sharded(Durable)
TestDurableOverTheWire = sharded(DurableOverTheWire)
TestTwoPartitions = sharded(TwoPartitions)
TestWithoutSync = sharded(WithoutSync)


def test_workers_share_one_database_of_examples():
    """A directory: what one process has found another has at once. Profiles with fixed examples keep none."""
    mine = settings.get_profile("long").database
    theirs = DirectoryBasedExampleDatabase(mine.path)
    try:
        mine.save(b"shared", b"example")
        assert set(theirs.fetch(b"shared")) == {b"example"}
    finally:
        mine.delete(b"shared", b"example")
    assert set(theirs.fetch(b"shared")) == set()
    assert settings.get_profile("ci").database is None


def test_the_planted_kip_101_is_found_and_saved_as_a_trace(tmp_path):
    class Planted(ClusterWithPower):
        mutant = "kip-101"
        found = tmp_path

    search = settings(max_examples=2_000, stateful_step_count=40, phases=FOUND_IS_SHRUNK_BY_US, derandomize=True)
    with pytest.raises(Violated) as caught:
        run_state_machine_as_test(Planted, settings=search)
    (path,) = tmp_path.glob("hypothesis-kip-101-*.jsonl")
    assert f"fencepost replay {path}" in caught.value.__notes__[0]
    again = replay(read(path))
    assert again.same
    assert again.invariant in MUTANTS["kip-101"].invariants
    assert again.steps < 40
    assert replay(read(path), clean=True).invariant is None


def test_what_the_rules_find_is_shrunk_as_a_campaign_shrinks_it(tmp_path):
    """Rules by hand: pauses and slow messages that have no part in it, and one send that is acknowledged too soon."""

    class Planted(Cluster):
        mutant = "ack-before-isr"
        found = tmp_path

    machine = Planted()
    machine.fault(faults.PAUSE, 3)
    machine.slow_message(1, 2, 3)
    machine.wait(5)
    machine.move(1, 0)
    machine.slow_message(2, 3, 2)
    with pytest.raises(Violated):
        machine.send(2, 1, 8)
    machine.teardown()
    (path,) = tmp_path.iterdir()
    trace = read(path)
    made = machine._drawn.made
    assert len(trace.header.choices) < len(made)
    assert {key[0] for key, _ in trace.header.choices} == {"send"}
    again = shrink_run(msgspec.structs.replace(DURABLE, horizon_ms=10_000), made, MUTANTS["ack-before-isr"])
    assert parse(again.data, "again").header.choices == trace.header.choices
    assert replay(trace).same
