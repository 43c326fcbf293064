"""The same choices are the same run; a run without faults is a cluster that works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from impl.sim.drivers import Recorded, Scripted, Seeded
from impl.sim.faults import KINDS
from impl.sim.network import DELIVER
from impl.sim.scenario import Scenario
from impl.sim.transport import Frame
from impl.sim.weights import Weights
from impl.sim.world import World
from tests.sim.recorded import run, scenario_of
from traces.recorder import encode

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = Scenario(horizon_ms=2_000)
SENDS = {("send", slot, client): 1 + (slot + client) % 2 for slot in range(0, 95, 3) for client in (1, 2)}


def test_nothing_happens_to_a_cluster_without_choices():
    outcome = World(SCENARIO, Recorded({})).run()
    assert outcome.healthy
    assert outcome.invoked == outcome.acknowledged == outcome.consumed == 0
    assert outcome.steps > 100


@pytest.mark.parametrize("wire", [False, True])
@pytest.mark.parametrize("partitions", [1, 3])
def test_without_faults_every_write_is_acknowledged_and_read_back(partitions, wire):
    outcome = World(Scenario(horizon_ms=2_000, partitions=partitions, wire=wire), Recorded(SENDS)).run()
    assert outcome.healthy
    assert outcome.acknowledged == outcome.invoked > 60
    # Once by the consumer as it comes, once by the auditor.
    assert outcome.consumed == 2 * outcome.acknowledged
    assert outcome.lost == outcome.disordered == ()
    assert outcome.given_up == 0


@pytest.mark.parametrize("seed", range(6))
def test_what_a_seeded_run_chose_replays_to_the_same_bytes(seed):
    scenario = scenario_of(seed)
    seeded = Seeded(seed, scenario.table())
    outcome, trace = run(scenario, seeded)
    again, replayed = run(scenario, Recorded(dict(trace.header.choices)))
    assert again == outcome
    assert encode(replayed) == encode(trace)
    assert outcome.steps > 200


@pytest.mark.parametrize("wire", [False, True])
def test_what_is_under_way_is_bytes_only_with_wire(wire):
    world = World(Scenario(wire=wire), Recorded(SENDS))
    world.start()
    frames = messages = 0
    for _ in range(400):
        world.advance(1)
        for _, what, _, _, packed in world._calendar.waiting():
            if what == DELIVER:
                frames += isinstance(packed, Frame)
                messages += not isinstance(packed, Frame)
    assert min(frames, messages) == 0
    assert (frames if wire else messages) > 100


def test_recording_changes_nothing():
    scenario = scenario_of(4)
    outcome, _ = run(scenario, Seeded(4, scenario.table()))
    assert World(scenario, Seeded(4, scenario.table())).run() == outcome


def test_another_process_with_another_hash_seed_writes_the_same_bytes():
    def digest(hash_seed):
        command = [sys.executable, "-m", "tests.sim.recorded", "5"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    assert digest("1") == digest("2") != ""


def test_a_scenario_comes_back_out_of_a_header():
    scenario = scenario_of(1).varied(99)
    _, trace = run(Scenario(horizon_ms=40), Recorded({}))
    assert Scenario.from_configuration(scenario.configuration()) == scenario
    assert Scenario.from_configuration(trace.header.configuration) == Scenario(horizon_ms=40)


def test_a_run_by_hand_is_a_run():
    script = Scripted(SCENARIO.table())
    world = World(SCENARIO, script)
    world.start()
    script.send(1, 0)
    script.fault("crash", 1, duration_ms=200)
    world.advance(100)
    assert not world.processes[1].alive
    world.advance(300)
    assert world.processes[1].alive
    outcome = world.finish()
    assert (outcome.acknowledged, outcome.healthy) == (1, True)
    horizon = Scenario(horizon_ms=400)
    assert World(horizon, Recorded(script.made)).run() == outcome


class Watcher:
    """Sees everything; raises at the `last`-th fact."""

    def __init__(self, last=10**9):
        self.seen = []
        self.faults = []
        self.ops = []
        self._last = last

    def facts(self, node, at, facts):
        self.seen += [(node, at, fact) for fact in facts]
        if len(self.seen) >= self._last:
            raise LookupError("enough")

    def fault(self, kind, targets, _detail):
        self.faults.append((kind, targets))

    def op(self, op):
        self.ops.append(op)


def test_an_observer_sees_every_kind_of_thing_and_may_end_the_run():
    scenario = Scenario(horizon_ms=2_000)
    weights = Weights(kinds=("crash",), fault=0.05, delay=0.1, send=0.5)
    watcher = Watcher()
    World(scenario, Seeded(1, scenario.table(), weights), observer=watcher).run()
    kinds = {type(fact).__name__ for _, _, fact in watcher.seen}
    assert {"CreatePartition", "BecomeLeader", "Append", "AdvanceHighWatermark", "ReceiveFetch", "Restart"} <= kinds
    assert {kind for kind, _ in watcher.faults} == {"crash"}
    assert {(op.operation, op.phase) for op in watcher.ops} >= {
        ("produce", "invoke"),
        ("produce", "ok"),
        ("consume", "ok"),
    }
    with pytest.raises(LookupError, match="enough"):
        World(scenario, Recorded(SENDS), observer=Watcher(last=50)).run()


def test_the_line_that_ends_a_run_is_in_its_trace():
    from impl.sim.recording import header
    from traces.recorder import Recorder

    recorder = Recorder(header(SCENARIO, {}))
    watcher = Watcher(last=40)
    with pytest.raises(LookupError):
        World(SCENARIO, Recorded(SENDS), observer=watcher, recorder=recorder).run()
    assert recorder.lines[-1].facts[-1] == watcher.seen[-1][2]


def test_causes_point_back_to_the_step_that_sent_the_message():
    _, trace = run(Scenario(horizon_ms=400), Recorded(SENDS))
    steps = {line.n: line for line in trace.lines if hasattr(line, "event")}
    caused = [line for line in steps.values() if line.cause is not None]
    assert len(caused) > 50
    for line in caused:
        sender = steps[line.cause]
        assert line.event.endswith(f"from {sender.node}") or "disconnected" in line.event
        assert sender.n < line.n
        assert sender.at <= line.at


def test_seeds_vary_the_scenario():
    assert len({SCENARIO.varied(seed).horizon_ms for seed in range(60)}) > 3
    assert {SCENARIO.varied(seed).wire for seed in range(60)} == {True, False}


class Once(Seeded):
    """Refuses to be asked the same thing twice, and anything beyond its question."""

    def __init__(self, *given):
        super().__init__(*given)
        self.asked = set()

    def choose(self, key, n):
        assert key not in self.asked
        self.asked.add(key)
        value = super().choose(key, n)
        assert 0 <= value < n
        return value


@pytest.mark.parametrize("seed", range(4))
def test_every_key_is_asked_once_in_a_storm_of_everything(seed):
    scenario = Scenario(horizon_ms=6_000, deletes=True)
    driver = Once(seed, scenario.table(), Weights(kinds=KINDS, fault=0.3, delay=0.3, send=0.5))
    World(scenario, driver).run()
    asked = {key[0] for key in driver.asked}
    assert asked >= {"fault", "send", "delete", "delay", "arrived", "survive"}
    assert asked <= {"fault", "send", "delete", "delay", "arrived", "survive", "lost", "bit", "away", "last delete"}


def test_a_run_goes_the_same_way_whoever_drives_the_unasked():
    scenario = Scenario(horizon_ms=1_000)
    seeded = Seeded(2, scenario.table())
    outcome = World(scenario, seeded).run()
    unused = {("fault", 10_000): 3, ("survive", "n1", "nowhere", 99): 1, ("delay", "n1>n2", 10_000, 0): 1}
    assert World(scenario, Recorded(seeded.made | unused)).run() == outcome


def test_an_operators_move_is_a_step_of_the_controller():
    table = SCENARIO.table()
    choices = {("fault", 5): table.encode("move", 2, 0), ("fault", 8): table.encode("move", 3, 0)}
    _, trace = run(Scenario(horizon_ms=400), Recorded(choices))
    moves = [line for line in trace.lines if getattr(line, "event", "").startswith("asked to move")]
    assert [(line.node, [type(fact).__name__ for fact in line.facts]) for line in moves] == [
        ("controller", ["Elect"])
    ] * 2
    causes = {line.cause for line in trace.lines if hasattr(line, "event")}
    assert {line.n for line in moves} <= causes, "what the move sent points back to it"


def test_a_trace_tells_where_each_log_ends():
    _, trace = run(Scenario(horizon_ms=400), Recorded(SENDS))
    ends = {}
    for line in trace.lines:
        for partition, end in getattr(line, "logs", {}).items():
            ends[line.node, partition] = end
    assert len(set(ends.values())) == 1
    assert {node for node, _ in ends} == {"n1", "n2", "n3"}
    [(log_end, epoch, watermark)] = set(ends.values())
    assert log_end == watermark > 5
    assert epoch == 0
