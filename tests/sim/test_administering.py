"""An operator at his desk in a run: his orders are carried out, what he is told is judged, and bugs in it are found."""

import pytest

from campaign import trial
from campaign.mutants import usable
from impl.core.admin_messages import AlteredConfigs, DescribedResources, ReplacedConfigs
from impl.core.topic_configs import KEYS
from impl.sim.administrator import ORDERS
from impl.sim.drivers import Recorded, Seeded
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from impl.storage.log_config import LogConfig
from tests.sim.test_world import Watcher

PLAIN = LogConfig(flush_messages=1)
SCENARIO = Scenario(horizon_ms=2_000, administers=True, partitions=2, log=PLAIN)
SENDS = {("send", slot, client): 1 for slot in range(100) for client in (1, 2)}
EACH_IN_TURN = {("administer", 1 + 2 * number): 1 + number for number in range(len(ORDERS))}


class Told:
    """A listener that keeps what brokers answer to him."""

    def __init__(self):
        self.altered, self.described = [], []

    def hears(self, _node, _event, _now, _step):
        pass

    def answers(self, node, sent, _now, _step):
        if isinstance(sent.reply, AlteredConfigs | ReplacedConfigs) and not node.is_controller:
            self.altered += sent.reply.resources
        elif isinstance(sent.reply, DescribedResources):
            self.described.append(sent.reply.resources)


class Listening(Watcher):
    def __init__(self):
        super().__init__()
        self.listener = Told()


@pytest.mark.parametrize("wire", [False, True])
def test_every_order_is_carried_out_and_every_question_answered(wire):
    scenario = Scenario(horizon_ms=2_000, administers=True, partitions=2, log=PLAIN, wire=wire)
    watcher = Listening()
    assert World(scenario, Recorded(SENDS | EACH_IN_TURN), observer=watcher).run().healthy
    told = watcher.listener
    assert len(told.altered) == sum(1 if order.also is None else 2 for order in ORDERS if order is not None)
    assert all(outcome.error == 0 for outcome in told.altered)
    assert len(told.described) == len(ORDERS)
    assert all(len(of_topic.configs) == len(KEYS) for of_topic, _of_brokers in told.described)
    own = [{c.name for c in of_topic.configs if c.source == 1} for of_topic, _of_brokers in told.described]
    assert {"min.insync.replicas", "segment.bytes"} in own
    assert set() in own


def test_whatever_he_orders_the_run_holds_and_the_model_follows():
    for first in range(0, len(ORDERS), 3):
        choices = {key: 1 + (value + first) % len(ORDERS) for key, value in EACH_IN_TURN.items()}
        assert trial.run(SCENARIO, Recorded(SENDS | choices)).violated is None


def test_where_nobody_administers_nobody_is_asked_whether_he_does():
    driver = Seeded(1, SCENARIO.table(), Weights((), 0, 0, 0.5, administer=1))
    World(Scenario(horizon_ms=200), driver).run()
    assert not [key for key in driver.made if key[0] == "administer"]
    World(Scenario(horizon_ms=200, administers=True), driver).run()
    assert [key for key in driver.made if key[0] == "administer"]


def test_what_is_replaced_goes():
    """What he sets first he replaces by something else; the broker that he asks then says it is still there."""
    choices = {("administer", 1): 2, ("administer", 5): 4}
    assert trial.run(SCENARIO, Recorded(choices)).violated is None
    violated = trial.run(SCENARIO, Recorded(choices), usable("replaced-and-added-to")).violated
    assert violated is not None
    assert violated.invariant == "told_as_set"
    assert "says that segment.bytes of t is 500" in violated.sentence
    assert "by then it was set to nothing" in violated.sentence
