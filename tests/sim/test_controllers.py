"""Three controllers in the simulated world: each fault hits them, runs repeat, the cluster outlives any of them."""

import pytest

from campaign.mutants import usable
from impl.sim import faults
from impl.sim.drivers import Recorded, Scripted, Seeded
from impl.sim.faults import CONTROLLER_PROCESS, FaultTable
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from impl.storage.log_config import LogConfig
from invariants.step.quorum import QuorumChecker
from invariants.verdict import Violated
from tests.sim.recorded import run
from traces.recorder import encode

SCENARIO = Scenario(controllers=3, horizon_ms=100_000, log=LogConfig(flush_messages=1))
CONTROLLERS = SCENARIO.controller_processes


class Watcher:
    """Keeps what voters told, and judges it."""

    def __init__(self):
        self.checker = QuorumChecker(lambda node: f"controller-{node - 3000}")
        self.told = []
        self.faults = []

    def quorum(self, node, _at, facts):
        self.told += [(node, fact) for fact in facts]
        self.checker.facts(node, facts)

    def facts(self, node, at, facts):
        pass

    def fault(self, kind, targets, _detail):
        self.faults.append((kind, targets))

    def op(self, op):
        pass

    def winners(self):
        return [node for node, fact in self.told if type(fact).__name__ == "Win"]


class Run:
    """A cluster of three and three, steered by hand."""

    def __init__(self):
        self.script = Scripted(SCENARIO.table())
        self.watcher = Watcher()
        self.world = World(SCENARIO, self.script, observer=self.watcher)
        self.world.start()

    @property
    def active(self):
        """Numbers of the processes whose controllers decide."""
        processes = self.world.processes
        return [index for index in CONTROLLERS if processes[index].alive and processes[index].host.controller.active]

    def name(self, index):
        return self.world.processes[index].name

    def hit(self, kind, first, second=0, duration_ms=1_500):
        self.script.fault(kind, first, second, duration_ms)
        self.world.advance(40)


@pytest.fixture
def cluster():
    return Run()


def test_controllers_are_named_and_numbered(cluster):
    assert [cluster.name(index) for index in CONTROLLERS] == ["controller-1", "controller-2", "controller-3"]
    assert [process.name for process in cluster.world.nodes] == [
        "controller-1",
        "n1",
        "n2",
        "n3",
        "controller-2",
        "controller-3",
    ]
    assert len(cluster.active) == 1


def test_the_table_of_a_single_controller_begins_as_that_of_several():
    """Up to what was there first: recorded runs hold these numbers."""
    single = FaultTable(brokers=3, clients=2, partitions=1)
    several = FaultTable(brokers=3, clients=2, partitions=1, controllers=(0, 8, 9))
    same = next(at for at, action in enumerate(single.actions) if action[0] == faults.INPUT_OUTPUT_ERROR)
    assert several.actions[:same] == single.actions[:same]
    more = several.actions[same:]
    assert len(set(several.actions)) == len(several.actions)
    for controller in (0, 8, 9):
        hit = {kind for kind, *targets in more if controller in targets}
        assert hit >= {faults.POWER_LOSS, faults.CRASH_MID_WRITE, faults.ISOLATE, faults.BREAK, faults.BLOCK}


@pytest.mark.parametrize(
    ("kind", "second"),
    [(faults.CONTROLLER_CRASH, 0), (faults.POWER_LOSS, 0), (faults.PAUSE, 0), (faults.ISOLATE, 0)],
)
def test_another_decides_when_the_active_controller_is_gone(cluster, kind, second):
    (active,) = cluster.active
    cluster.hit(kind, active, second)
    cluster.world.advance(1_400)
    assert cluster.watcher.winners()[-1] != cluster.name(active)
    cluster.world.faults.heal()
    cluster.world.advance(2_000)
    assert len(cluster.active) == 1
    assert cluster.world.finish().healthy


def test_a_blackout_takes_no_decision_back(cluster):
    cluster.hit(faults.BLACKOUT, 0, duration_ms=700)
    assert cluster.world.finish().healthy
    kinds = [type(fact).__name__ for _, fact in cluster.watcher.told]
    assert kinds.count("QuorumRestart") == 6


def test_leadership_of_a_partition_moves_whoever_decides(cluster):
    (active,) = cluster.active
    cluster.hit(faults.CONTROLLER_CRASH, active)
    cluster.world.advance(1_400)
    moved = len([kind for kind, _ in cluster.watcher.faults if kind == faults.MOVE])
    cluster.hit(faults.MOVE, 2, 0, 40)
    assert len([kind for kind, _ in cluster.watcher.faults if kind == faults.MOVE]) == moved + 1


@pytest.mark.parametrize("wire", [False, True])
def test_a_run_of_three_controllers_repeats_to_the_byte(wire):
    scenario = Scenario(controllers=3, horizon_ms=3_000, wire=wire, log=LogConfig(flush_messages=1))
    table = scenario.table()
    seeded = Seeded(11, table, Weights(table.kinds, 0.1, 0.2, 0.2))
    outcome, trace = run(scenario, seeded)
    again, replayed = run(scenario, Recorded(dict(trace.header.choices)))
    assert again == outcome
    assert encode(replayed) == encode(trace)
    assert b'"fact":"win"' in encode(trace)


def test_what_a_voter_may_not_do_is_seen():
    """The invariants are judged on what runs: with a bug planted, some seed of a few breaks one."""
    planted = usable("cuts-too-much").quorum
    broken = []
    for seed in range(60):
        scenario = Scenario(controllers=3, horizon_ms=2_000, log=LogConfig(flush_messages=1))
        world = World(scenario, Seeded(seed, scenario.table()), observer=Watcher(), make_quorum=planted)
        try:
            world.run()
        except Violated as violated:
            broken.append(violated.invariant)
    assert "no_cut_below_commit" in broken


def test_the_first_process_is_a_controller_in_any_case():
    assert Scenario().controller_processes == (CONTROLLER_PROCESS,)
    assert Scenario(clients=1, consumers=2, controllers=3).controller_processes == (0, 8, 9)
