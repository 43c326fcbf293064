"""One node stays away while all else is well: everything goes on, or the run says what does not."""

import pytest

from campaign import trial
from campaign.mutants import usable
from campaign.trial import HEALS
from impl.core.events import ShutDown
from impl.host.broker import BrokerHost
from impl.sim.absence import CUT, CUT_FROM_BROKERS, DOWN, OF_BROKERS, PAUSED, absences
from impl.sim.calendar import Calendar
from impl.sim.drivers import Recorded, Seeded
from impl.sim.faults import KINDS as KINDS_OF_FAULT
from impl.sim.faults import STOP, STOPPED
from impl.sim.network import NEVER, Network
from impl.sim.producer import Producer
from impl.sim.roll_call import absentees
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from tests.sim.test_world import Watcher

SCENARIO = Scenario(horizon_ms=200, controllers=3)
SENDS = {("send", slot, client): 1 for slot in range(6) for client in (1, 2)}
KINDS = {DOWN: "crash", PAUSED: "pause", CUT: "isolate", CUT_FROM_BROKERS: "block"}


def away(scenario, process, way):
    return {("away",): 1 + absences(scenario).index((process, way))}


@pytest.mark.parametrize("who", absences(SCENARIO), ids=str)
def test_whoever_stays_away_the_others_go_on_and_he_comes_back(who):
    watcher = Watcher()
    world = World(SCENARIO, Recorded(SENDS | away(SCENARIO, *who)), observer=watcher)
    outcome = world.run()
    assert outcome.healthy
    assert not outcome.lost
    assert watcher.faults[0][0] == KINDS[who[1]]
    assert world.processes[who[0]].name in watcher.faults[0][1]
    assert all(process.alive for process in world.processes)


def test_without_the_choice_nobody_goes_and_nothing_else_is_sent():
    watcher = Watcher()
    quiet = World(SCENARIO, Recorded(SENDS), observer=watcher).run()
    busy = World(SCENARIO, Recorded(SENDS | away(SCENARIO, 2, DOWN))).run()
    assert watcher.faults == []
    assert quiet.invoked < busy.invoked


def test_a_controller_that_is_alone_is_never_away():
    assert {process for process, _ in absences(Scenario())} == {1, 2, 3}
    assert {process for process, _ in absences(SCENARIO)} == {1, 2, 3, *SCENARIO.controller_processes}


def test_where_more_may_fail_than_is_tolerated_nobody_is_asked_to_go_on():
    driver = Seeded(1, SCENARIO.table(), Weights((), 0, 0, 0.5, away=1))
    World(Scenario(horizon_ms=200, beyond=True), driver).run()
    assert ("away",) not in driver.made


def test_nobody_stays_away_where_what_that_is_made_of_may_not_come():
    assert Weights.swarm(1, KINDS_OF_FAULT).away > 0
    assert Weights.swarm(1, [kind for kind in KINDS_OF_FAULT if kind != "crash"]).away == 0


def test_a_partition_goes_on_without_nobody_whom_its_minimum_needs():
    """min.insync.replicas=3: with one broker away nothing can be committed, and nothing is asked for."""
    scenario = Scenario(horizon_ms=400)
    minimum = {("fault", 1): scenario.table().encode("minimum", 3)}
    driver = Recorded(SENDS | minimum | away(scenario, 2, DOWN))
    assert trial.run(scenario, driver).violated is None
    assert driver.made.keys() >= {("fault", 1), ("away",)}


def test_nobody_goes_while_a_leader_that_has_come_back_is_taken_for_what_it_was():
    """Its session is not over, and who is elected when it is may be the one that is away, with nobody to follow it."""
    scenario = Scenario(horizon_ms=200)
    crash = {("fault", 9): scenario.table().encode("crash", 1)}
    driver = Recorded(SENDS | crash | away(scenario, 2, CUT_FROM_BROKERS))
    assert trial.run(scenario, driver).violated is None
    assert driver.made.keys() >= {("fault", 9), ("away",)}


def test_what_a_leader_alone_has_acknowledged_may_be_gone_with_it():
    """n1 has not heard yet that n3 leads, and acknowledges what nobody will read."""
    scenario = Scenario(horizon_ms=20, controllers=3, acks=1)
    late = {("fault", 0): scenario.table().encode("move", 3), ("delay", "controller-2>n1", 0, 0): 6}
    driver = Recorded(late | {("jitter", "controller-3", 0): 1} | away(scenario, 1, CUT_FROM_BROKERS))
    assert trial.run(scenario, driver).violated is None
    assert ("away",) in driver.made


def stops_late(scenario):
    """In the last slot n1, which leads, is asked to stop; the controller hears of that when all are in sync."""
    late = {("fault", 9): scenario.table().encode(STOP, 1), ("delay", "n1>controller", 9, 0): 7}
    return SENDS | late


@pytest.mark.parametrize("way", OF_BROKERS)
def test_nobody_goes_before_whoever_was_asked_to_stop_is_back(way):
    """Leadership would pass to the node that is away, and may stay there: it hears no other broker."""
    scenario = Scenario(horizon_ms=200)
    watcher = Watcher()
    world = World(scenario, Recorded(stops_late(scenario) | away(scenario, 2, way)), observer=watcher)
    assert world.run().healthy, world.ails()
    assert [kind for kind, *_ in watcher.faults][:3] == [STOP, STOPPED, KINDS[way]]


class WhenTheyGo(Watcher):
    """Notes when each fault strikes."""

    def __init__(self):
        super().__init__()
        self.world = None
        self.times = []

    def fault(self, kind, targets, detail):
        super().fault(kind, targets, detail)
        self.times.append(self.world.now)


def test_nobody_goes_before_who_died_is_counted_on_again():
    """Until its former session is over the controller takes it for what it was, and nobody knows what it has lost."""
    scenario = Scenario(horizon_ms=200)
    watcher = WhenTheyGo()
    crash = {("fault", 9): scenario.table().encode("crash", 3)}
    watcher.world = world = World(scenario, Recorded(SENDS | crash | away(scenario, 2, DOWN)), observer=watcher)
    assert world.run().healthy, world.ails()
    assert [targets for _, targets in watcher.faults] == [("n3",), ("n2",)]
    died, went = watcher.times
    assert went - died > scenario.settings.broker_session_timeout_ms - scenario.settings.broker_heartbeat_interval_ms


def test_who_is_missed_is_told_with_the_reason():
    world = World(Scenario(horizon_ms=200), Recorded(SENDS))
    world.start()
    world.advance(1_000)
    assert absentees(world.nodes, world.faults.active(), world.now) == {}
    broker = world.processes[1]
    later = world.now + 1_000
    assert absentees([broker], world.faults.active(), later) == {"n1": "has yet to be heard by the controller"}
    assert absentees([broker], None, world.now) == {"n1": "has no controller"}
    world.faults.deaths.crash(1, 100)
    assert absentees(world.nodes, world.faults.active(), world.now) == {"n1": "has yet to come back"}


def test_a_controller_that_has_just_taken_over_has_yet_to_hear_everybody():
    """It gives every broker a fresh session, and knows nothing of them."""
    world = World(Scenario(horizon_ms=200), Recorded(SENDS))
    world.start()
    world.advance(1_000)
    world.faults.deaths.crash(0, 100)
    world.advance(100)
    while world.faults.active() is None:
        world.advance(1)
    assert absentees(world.nodes, world.faults.active(), world.now) == dict.fromkeys(
        ("n1", "n2", "n3"), "has yet to be heard by the controller"
    )
    world.advance(1_000)
    assert absentees(world.nodes, world.faults.active(), world.now) == {}


class NeverStops(BrokerHost):
    """Does not hear that it is to stop."""

    def handle(self, event, now):
        return [] if isinstance(event, ShutDown) else super().handle(event, now)


def test_whoever_does_not_stop_is_named():
    scenario = Scenario(horizon_ms=200, settle_ms_max=4_000)
    choices = stops_late(scenario) | away(scenario, 2, CUT_FROM_BROKERS)
    world = World(scenario, Recorded(choices), make_host=NeverStops)
    assert not world.run().healthy
    assert world.ails() == "4 s after all were in sync n1 has yet to stop as it was told"


@pytest.mark.parametrize(("share", "found"), [(0.0, False), (1.0, True)])
def test_it_finds_a_bug_that_nothing_else_finds(share, found):
    planted = usable("waits-for-the-lagging")
    verdicts = set()
    for seed in range(16):
        scenario = Scenario().varied(seed)
        choices = Seeded(seed, scenario.table(), Weights(("crash", "pause", "block"), 0.1, 0.1, 0.4, away=share))
        violated = trial.run(scenario, choices, planted).violated
        if violated is not None:
            verdicts.add(violated.invariant)
            assert "has heard no other broker for 15 s, and nothing else ails: " in violated.sentence
    assert verdicts == ({HEALS} if found else set())


@pytest.mark.parametrize("pause", [1, 3])
def test_a_producer_that_first_hears_of_the_next_topic_writes_to_that(pause):
    """It gives up what it sent to the topic of before: nobody lags behind what nobody has written."""
    scenario = Scenario(horizon_ms=20, settle_ms_max=4_000, clients=1, keys=1).remaking()
    choices = {("remake", 0): pause} | away(scenario, 2, CUT_FROM_BROKERS)
    world = World(scenario, Recorded(choices))
    outcome = world.run()
    assert world._absence is None, world.ails()
    assert outcome.healthy
    assert (outcome.invoked, outcome.acknowledged) == (2, 1)


class SendsNothingMore(Producer):
    """Once it has an answer it sends whatever comes next to nobody."""

    def flow(self, now, sends):
        if self._numbers[self.keys[0]] < 5:
            super().flow(now, sends)


def test_a_send_that_never_returns_is_named():
    scenario = Scenario(horizon_ms=200, settle_ms_max=4_000)
    choices = {("send", slot, 1): 1 for slot in range(3)} | away(scenario, 3, DOWN)
    world = World(scenario, Recorded(choices), make_producer=SendsNothingMore)
    outcome = world.run()
    assert not outcome.healthy
    assert world.ails().startswith("n3 has been down for 4 s, and nothing else ails: c1")


def test_what_a_long_cut_has_held_never_arrives():
    calendar = Calendar()
    network = Network(["a", "b"], calendar, Recorded({}))
    connection = network.open(0, 1, (0, 0))
    network.block(0, 1, 10_000)
    network.send(connection, 0, "held", 5)
    network.heal()
    network.lose_held(1, 20)
    assert not network.arrives(connection, 0)
    assert calendar.next(NEVER) == 21
