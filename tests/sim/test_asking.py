"""An auditor who asks for offsets in a run: what he is told is judged, and bugs in it are found."""

import pytest

from campaign import trial
from campaign.mutants import usable
from impl.core.messages import EARLIEST, LATEST, MAX_TIMESTAMP
from impl.sim.asker import AGO_MS, QUESTIONS
from impl.sim.drivers import Recorded, Seeded
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from tests.sim.test_world import Watcher

SCENARIO = Scenario(horizon_ms=1_000, asks=True, partitions=2)
SENDS = {("send", slot, client): 1 for slot in range(50) for client in (1, 2)}
ASKS = {("ask", slot): 1 + slot % (2 * QUESTIONS) for slot in range(50)}


class Told:
    """A listener that keeps what brokers answer to those who ask for offsets."""

    def __init__(self):
        self.asked, self.listed = [], []

    def hears(self, _node, event, _now, _step):
        request = getattr(event, "request", None)
        if type(request).__name__ == "ListOffsets":
            self.asked += request.queries

    def answers(self, _node, sent, _now, _step):
        if type(sent.reply).__name__ == "ListedOffsets":
            self.listed += sent.reply.offsets


class Listening(Watcher):
    def __init__(self):
        super().__init__()
        self.listener = Told()


@pytest.mark.parametrize("wire", [False, True])
@pytest.mark.parametrize("remakes", [False, True])
def test_every_question_is_asked_and_answered(wire, remakes):
    scenario = Scenario(horizon_ms=1_000, asks=True, partitions=2, wire=wire)
    watcher = Listening()
    world = World(scenario.remaking() if remakes else scenario, Recorded(SENDS | ASKS), observer=watcher)
    assert world.run().healthy
    asked, listed = watcher.listener.asked, watcher.listener.listed
    assert len(asked) == len(listed) == len(ASKS)
    assert {EARLIEST, LATEST, MAX_TIMESTAMP} < {query.timestamp for query in asked}
    assert len({query.timestamp for query in asked}) > len(AGO_MS)
    assert {query.current_leader_epoch for query in asked} == {-1, 0}
    assert all(answer.error == 0 for answer in listed)
    assert max(answer.offset for answer in listed) > 5


def test_who_does_not_ask_is_not_asked_whether_he_does():
    driver = Seeded(1, SCENARIO.table(), Weights((), 0, 0, 0.5, ask=1))
    World(Scenario(horizon_ms=200), driver).run()
    assert not [key for key in driver.made if key[0] == "ask"]
    World(Scenario(horizon_ms=200, asks=True), driver).run()
    assert [key for key in driver.made if key[0] == "ask"]


def test_what_he_is_told_is_judged():
    choices = SENDS | ASKS | {("delay", "n2>n1", window, 0): 5 for window in range(50)}
    choices |= {("delay", "n3>n1", window, 0): 5 for window in range(50)}
    assert trial.run(SCENARIO, Recorded(choices)).violated is None
    violated = trial.run(SCENARIO, Recorded(choices), usable("latest-is-the-end")).violated
    assert violated is not None
    assert violated.invariant == "right_offset"
