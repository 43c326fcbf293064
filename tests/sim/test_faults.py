"""Each kind of fault does what its name says, seen from outside: by facts, by clients, by what is on the disks."""

import pytest

from campaign.profiles import PROFILES
from impl.sim import faults
from impl.sim.drivers import Scripted, Seeded
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from impl.storage.log_config import LogConfig

SYNCED = LogConfig(flush_messages=1)
LAZY = LogConfig()
NODES = (1, 2, 3)


class Watcher:
    """Keeps facts by kind, with time and node."""

    def __init__(self):
        self.seen = []
        self.faults = []

    def facts(self, node, at, facts):
        self.seen += [(at, node, fact) for fact in facts]

    def fault(self, kind, targets, _detail):
        self.faults.append((kind, targets))

    def op(self, op):
        pass

    def kinds(self, *names, node=None, after=0):
        return [
            fact for at, who, fact in self.seen if type(fact).__name__ in names and at >= after and node in (None, who)
        ]


class Surviving:
    """Of everything that is not synced, on every node, this much survives a power loss."""

    def __init__(self, value):
        self.made = {}
        self._value = value

    def choose(self, key, _n):
        return self._value if key[0] == "survive" else 0


class Run:
    """A cluster of three up and running, with one partition, steered by hand."""

    def __init__(self, log=LAZY, kept=0, choices=None):
        self.scenario = Scenario(horizon_ms=100_000, consumers=0, log=log)
        self.script = Scripted(self.scenario.table(), choices or Surviving(kept))
        self.watcher = Watcher()
        self.world = World(self.scenario, self.script, observer=self.watcher)
        self.world.start()
        # Until the clients have found the topic.
        self.world.advance(200)

    def write(self, batches=8):
        """Batches of the first client, each given the time to be acknowledged."""
        before = len(self.world.ledger.acknowledged)
        for _ in range(batches):
            self.script.send(1, 0)
            self.world.advance(60)
        return len(self.world.ledger.acknowledged) - before

    def leader(self):
        return self.watcher.kinds("CreatePartition", "Elect", "FailOver")[-1].leader

    def followers(self):
        return [node for node in NODES if node != self.leader()]


def test_a_process_crash_of_every_node_keeps_all_that_was_written():
    run = Run()
    assert run.write() > 0
    for node in NODES:
        run.script.fault(faults.CRASH, node, duration_ms=200)
    run.world.advance(1_000)
    outcome = run.world.finish()
    assert outcome.healthy
    assert outcome.lost == ()


@pytest.mark.parametrize(
    ("log", "kept", "lossy"), [(LAZY, 0, True), (LAZY, 1, False), (SYNCED, 0, False), (SYNCED, 4, False)]
)
def test_power_loss_everywhere_takes_what_was_not_synced_and_only_that(log, kept, lossy):
    run = Run(log, kept)
    assert run.write() > 0
    run.script.fault(faults.BLACKOUT, duration_ms=200)
    run.world.advance(1_000)
    outcome = run.world.finish()
    assert bool(outcome.lost) == lossy
    assert run.watcher.faults == [(faults.POWER_LOSS, ("controller", "n1", "n2", "n3"))]


def test_a_torn_tail_is_cut_back_to_whole_batches():
    run = Run(kept=4)
    assert run.write() > 4
    run.script.fault(faults.POWER_LOSS, run.followers()[0], duration_ms=200)
    node = f"n{run.followers()[0]}"
    before = run.world.now
    run.world.advance(400)
    [restart] = run.watcher.kinds("Restart", node=node, after=before)
    ends = {0} | {batch.base_offset + batch.record_count for batch in contents(run.watcher)}
    assert 0 < restart.log_end < max(ends)
    assert restart.log_end in ends


class Spoiling(Surviving):
    """All that is not synced survives, changed."""

    def choose(self, key, n):
        return {"survive": 1, "lost": n - 1}.get(key[0], 0)


@pytest.mark.parametrize("lying", [True, False])
def test_what_a_lying_disk_kept_back_is_not_changed(lying):
    """Its node has counted that as synced, and believes it: only a bit that rots is another then."""
    run = Run(SYNCED if lying else LAZY, choices=Spoiling(0))
    victim = run.followers()[0]
    disk = run.world.processes[victim].disk
    disk.lying = lying
    assert run.write() > 4
    held = {path: bytes(file.content()) for path, file in disk.segments().items()}
    run.script.fault(faults.BIT_FLIP, victim, duration_ms=1_500)
    run.world.advance(400)
    assert run.watcher.faults[0] == (faults.BIT_FLIP, (f"n{victim}",))
    assert all(file.unsynced() == 0 for file in disk.segments().values())
    left = {path: bytes(file.content()) for path, file in disk.segments().items()}
    assert (left == held) == lying
    assert any(left.values())


def contents(watcher):
    return [fact.batch for fact in watcher.kinds("Append")]


@pytest.mark.parametrize("kind", [faults.CRASH_MID_WRITE, faults.POWER_LOSS_MID_WRITE])
@pytest.mark.parametrize("write", range(1, faults.WRITES_MAX + 1))
def test_a_node_cut_down_in_the_middle_of_a_step_comes_back_and_nothing_is_lost(kind, write):
    run = Run(SYNCED)
    victim = run.leader()
    run.write(2)
    run.script.fault(kind, victim, write, 200)
    run.write(6)
    noted = {faults.CRASH_MID_WRITE: faults.CRASH, faults.POWER_LOSS_MID_WRITE: faults.POWER_LOSS}[kind]
    assert run.watcher.faults == [(noted, (f"n{victim}",))]
    assert run.watcher.kinds("Restart", node=f"n{victim}", after=1)
    outcome = run.world.finish()
    assert outcome.healthy
    assert outcome.lost == outcome.disordered == ()


def test_a_step_that_was_cut_short_tells_no_facts():
    run = Run(SYNCED)
    victim = run.leader()
    run.write(1)
    run.script.fault(faults.CRASH_MID_WRITE, victim, 1, 1_500)
    run.world.advance(20)
    before = run.world.now
    run.script.send(1, 0)
    run.world.advance(200)
    assert not run.world.processes[victim].alive
    assert run.watcher.kinds("Append", node=f"n{victim}", after=before) == []


def test_a_leader_that_pauses_long_is_replaced_and_wakes_as_a_zombie():
    run = Run()
    leader = run.leader()
    run.write(2)
    run.script.fault(faults.PAUSE, leader, duration_ms=1_500)
    run.world.advance(20)
    paused = run.world.now
    assert run.write(40) > 0
    assert [at for at, node, _ in run.watcher.seen if node == f"n{leader}" and paused < at < paused + 1_450] == []
    assert run.leader() != leader
    run.world.advance(500)
    assert run.watcher.kinds("BecomeFollower", node=f"n{leader}", after=paused)


def test_an_isolated_leader_is_replaced_and_what_is_written_meanwhile_survives():
    run = Run()
    leader = run.leader()
    run.write(2)
    run.script.fault(faults.ISOLATE, leader, 1, 1_500)
    assert run.write(40) > 0
    assert run.leader() != leader
    outcome = run.world.finish()
    assert outcome.healthy
    assert outcome.lost == outcome.disordered == ()


def test_a_one_way_partition_stops_one_direction_only():
    run = Run()
    run.write(1)
    leader, follower = run.leader(), run.followers()[0]
    run.script.fault(faults.BLOCK, leader, follower, 1_500)
    run.world.advance(40)
    blocked = run.world.now
    run.write(15)
    assert run.watcher.kinds("ReceiveFetch", node=f"n{follower}", after=blocked) == []
    assert any(follower not in fact.isr for fact in run.watcher.kinds("AlterPartition"))
    assert run.leader() == leader
    run.world.advance(1_500)
    assert set(run.watcher.kinds("AlterPartition")[-1].isr) == set(NODES)


def test_a_move_gives_the_leadership_to_the_broker_named():
    run = Run()
    for target in run.followers():
        run.script.fault(faults.MOVE, target, 0)
        run.world.advance(100)
        assert run.leader() == target
    before = len(run.watcher.kinds("Elect"))
    run.script.fault(faults.MOVE, run.leader(), 0)
    run.world.advance(100)
    assert len(run.watcher.kinds("Elect")) == before, "a leader is not moved to itself"


def test_without_a_controller_a_cluster_goes_on_and_the_controller_remembers():
    run = Run()
    run.write(1)
    before = run.world.now
    run.script.fault(faults.CONTROLLER_CRASH, duration_ms=700)
    assert run.write(8) > 0
    assert run.watcher.kinds("Elect", "FailOver", "Fence", after=before) == []
    run.world.advance(1_500)
    assert run.world.finish().healthy
    assert len(run.watcher.kinds("CreatePartition")) == 1


def test_a_broken_connection_is_opened_again_and_costs_nothing():
    run = Run()
    run.write(1)
    leader, follower = run.leader(), run.followers()[0]
    before = run.world.network.connection(follower, leader)
    run.script.fault(faults.BREAK, min(leader, follower), max(leader, follower))
    assert run.write(4) > 0
    assert run.world.network.connection(follower, leader).identity > before.identity
    assert run.world.finish().lost == ()


def test_a_broker_that_is_stopped_hands_over_and_comes_back_as_it_was():
    run = Run()
    assert run.write() > 0
    leader = run.leader()
    run.script.fault(faults.STOP, leader, duration_ms=40)
    run.world.advance(1_500)
    [back] = run.watcher.kinds("Restart", node=f"n{leader}")
    assert back.clean
    assert [fact.removed for fact in run.watcher.kinds("FailOver")] == [leader]
    assert [fact.replica for fact in run.watcher.kinds("Register")] == [leader]
    assert run.watcher.kinds("LosePower", "MemberLosesPower") == []
    assert [kind for kind, _ in run.watcher.faults] == [faults.STOP, faults.STOPPED]
    assert run.world.finish().healthy


def test_a_replica_is_taken_out_and_put_in_again():
    run = Run()
    assert run.write() > 0
    follower = run.followers()[0]
    run.script.fault(faults.REASSIGN, follower)
    run.world.advance(300)
    assert [fact.removed for fact in run.watcher.kinds("Reassign")] == [follower]
    assert len(run.watcher.kinds("DeleteReplica", node=f"n{follower}")) == 1
    # With two replicas left nobody else is taken out.
    run.script.fault(faults.REASSIGN, run.leader())
    run.world.advance(100)
    assert len(run.watcher.faults) == 1
    run.script.fault(faults.REASSIGN, follower)
    run.world.advance(500)
    assert run.watcher.kinds("AlterPartition")[-1].isr == NODES
    outcome = run.world.finish()
    assert (outcome.healthy, outcome.lost) == (True, ())


@pytest.mark.parametrize(("kind", "again"), [(faults.REASSIGN_ANEW, 1), (faults.REASSIGN_GIVEN_UP, 3)])
def test_an_operator_changes_his_mind_before_who_is_added_is_in_sync(kind, again):
    """n3 is out, and is being put in: then in the place of n1, or not after all."""
    run = Run()
    run.script.fault(faults.REASSIGN, 3)
    run.world.advance(300)
    run.script.fault(kind, 3)
    run.world.advance(500)
    assert [named for named, _ in run.watcher.faults] == [faults.REASSIGN, faults.REASSIGN, kind]
    assert [fact.removed for fact in run.watcher.kinds("Reassign")] == [3, again]
    staying = {2, 3} if again == 1 else {1, 2}
    assert set(run.watcher.kinds("Reassign")[-1].replicas) == staying
    outcome = run.world.finish()
    assert (outcome.healthy, outcome.lost) == (True, ())


def test_a_mind_is_not_changed_where_nothing_is_under_way():
    run = Run()
    run.script.fault(faults.REASSIGN_ANEW, 3)
    run.world.advance(300)
    assert [kind for kind, _ in run.watcher.faults] == [faults.REASSIGN]
    assert [fact.removed for fact in run.watcher.kinds("Reassign")] == [3]


def test_another_minimum_decides_what_is_committed():
    run = Run()
    run.script.fault(faults.MINIMUM, 3)
    run.script.fault(faults.CRASH, run.followers()[0], duration_ms=1_500)
    run.world.advance(1_200)
    before = run.world.now
    assert run.write(3) == 0
    assert not run.watcher.kinds("AdvanceHighWatermark", after=before)
    run.script.fault(faults.MINIMUM, 1)
    run.world.advance(300)
    assert [fact.enough for fact in run.watcher.kinds("Fence")][-1]
    assert run.watcher.kinds("AdvanceHighWatermark", after=before)
    assert run.world.finish().healthy


def test_what_makes_no_sense_now_is_left_out():
    run = Run()
    run.script.fault(faults.CRASH, 1, duration_ms=1_500)
    run.world.advance(20)
    for kind in (faults.CRASH, faults.POWER_LOSS, faults.PAUSE):
        run.script.fault(kind, 1, duration_ms=40)
    run.script.fault(faults.CRASH_MID_WRITE, 1, 1)
    run.world.advance(100)
    assert run.watcher.faults == [("crash", ("n1",))]


def test_faults_done_by_hand_happen_at_once():
    run = Run()
    faulty = run.world.faults
    faulty.deaths.crash(2, down_ms=5_000)
    assert not run.world.processes[2].alive
    run.world.advance(100)
    faulty.deaths.restart(2)
    run.world.advance(1)
    assert run.world.processes[2].alive
    faulty.isolate(1, 1_500, with_clients=True)
    faulty.pause(3, 5_000)
    run.world.advance(1_000)
    faulty.heal()
    assert run.write(30) > 0
    assert run.world.finish().healthy


@pytest.mark.parametrize("wire", [False, True])
@pytest.mark.parametrize("kind", PROFILES["durable"].kinds)
def test_a_synced_cluster_survives_a_storm_of_each_kind(kind, wire):
    scenario = Scenario(horizon_ms=3_000, log=SYNCED, wire=wire)
    weights = Weights(kinds=(kind,), fault=0.1, delay=0.1, send=0.3)
    outcome = World(scenario, Seeded(5, scenario.table(), weights)).run()
    assert outcome.healthy
    assert outcome.acknowledged > 10
    assert outcome.lost == outcome.disordered == ()
    assert outcome.given_up == 0
