"""A topic that is deleted and made again in a run: who uses it goes on in the new one; nothing of the old returns."""

import pytest

from campaign import trial
from campaign.mutants import usable
from impl.core.events import ReplyArrived, RequestArrived
from impl.core.labels import identified
from impl.core.messages import Fetched, FetchedPartition, Produce, Produced, ProducedPartition
from impl.core.types import NO_ERROR, Connection, ErrorCode, NodeId, Offset, TopicPartition
from impl.sim import topic_ends
from impl.sim.by_topic_id import read
from impl.sim.drivers import Recorded, Seeded
from impl.sim.names import KnownTopics
from impl.sim.process import Process
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.sim.world import World
from tests.sim.test_world import Watcher

SCENARIO = Scenario(horizon_ms=1_200).remaking()
SENDS = {("send", slot, client): 1 for slot in range(60) for client in (1, 2)}
P = TopicPartition("t", 0)
OLD, NEW = b"\1" * 16, b"\2" * 16


def run(scenario, choices):
    watcher = Watcher()
    world = World(scenario, Recorded(choices), observer=watcher)
    return world, world.run(), watcher


@pytest.mark.parametrize("pause", [1, 2, 3])
@pytest.mark.parametrize("wire", [False, True])
def test_what_is_acknowledged_after_it_is_made_again_is_read_back(pause, wire):
    scenario = Scenario(horizon_ms=1_200, wire=wire).remaking()
    world, outcome, watcher = run(scenario, SENDS | {("remake", 10): pause})
    assert outcome.healthy
    assert not outcome.lost
    labels = {op.partition for op in watcher.ops}
    present = world.auditor.labels()
    assert present is not None
    assert len(labels) == 2
    assert present < labels
    acknowledged = {op.partition for op in watcher.ops if op.operation == "produce" and op.phase == "ok"}
    assert acknowledged == labels


def test_what_a_consumer_has_deleted_it_asks_by_name_and_each_topic_is_judged_by_itself():
    scenario = Scenario(horizon_ms=2_400, deletes=True).remaking()
    sends = {("send", slot, client): 1 for slot in range(120) for client in (1, 2)}
    deletes = {("delete", slot, "c3"): 1 for slot in (20, 30, 80, 90, 100)}
    watcher = Watcher()
    world = World(scenario, Recorded(sends | deletes | {("remake", 45): 1}), observer=watcher)
    assert world.run().healthy
    assert {op.partition for op in watcher.ops if op.operation == "delete"} == {"t-0"}
    assert len({op.partition for op in watcher.ops if op.operation == "produce"}) == 2
    assert trial.run(scenario, Recorded(sends | deletes | {("remake", 45): 1})).violated is None


def test_without_the_choice_it_stays():
    _, outcome, watcher = run(SCENARIO, SENDS)
    assert outcome.healthy
    assert len({op.partition for op in watcher.ops}) == 1


def test_runs_without_such_topics_name_no_ids_and_ask_nothing():
    _, _, watcher = run(Scenario(horizon_ms=200), SENDS)
    assert {op.partition for op in watcher.ops} == {"t-0"}
    driver = Seeded(1, SCENARIO.table(), Weights((), 0, 0, 0.5, remake=1))
    World(Scenario(horizon_ms=200), driver).run()
    assert not [key for key in driver.made if key[0] == "remake"]


def test_brokers_that_are_down_meanwhile_come_back_right():
    table = SCENARIO.table()
    down = {("fault", 5): table.encode("crash", 3, 0, 700)}
    world, outcome, _ = run(SCENARIO, SENDS | down | {("remake", 10): 1})
    assert outcome.healthy
    assert topic_ends.ails(world, world.faults.active()[2]) == ""


def test_a_broker_that_takes_an_old_log_for_the_new_topics_is_found():
    table = SCENARIO.table()
    down = {("fault", 8): table.encode("crash", 3, 0, 200)}
    choices = SENDS | down | {("remake", 12): 1}
    assert trial.run(SCENARIO, Recorded(choices)).violated is None
    violated = trial.run(SCENARIO, Recorded(choices), usable("log-of-the-name")).violated
    assert violated is not None


def test_a_deletion_that_comes_late_leaves_nobody_without_a_topic():
    """Asked of a broker that is cut off, and again of another one: the first meets the topic that was made since."""
    scenario = Scenario(horizon_ms=200, clients=1, consumers=0, partitions=2, keys=1).remaking()
    table = scenario.table()
    faults = {("fault", 0): table.encode("isolate", 2, 1, 1_500), ("fault", 1): table.encode("pause", 3, 0, 200)}
    world, outcome, _ = run(scenario, faults | {("remake", 1): 1, ("send", 9, 1): 1})
    assert outcome.healthy
    decided = world.faults.active()[2].topics[P.topic].topic_id
    assert world.auditor.labels() == {identified(name, decided) for name in world.auditor.partitions}


def test_what_is_left_of_a_deleted_topic_is_told():
    world, _, _ = run(SCENARIO, SENDS)
    image = world.faults.active()[2]
    assert topic_ends.ails(world, image) == ""
    disk = world.processes[2].disk
    path = "old-0/partition.metadata"
    disk.make_directory("old-0")
    disk.write_file(path, disk.read_file("t-0/partition.metadata"))
    assert topic_ends.ails(world, image) == ""
    disk.write_file(path, b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ\n")
    assert topic_ends.ails(world, image) == "n2 has old-0 on its disk, of a topic that is deleted"
    assert topic_ends.ails(world, None) == "no controller decides"


def process_that_knows(topic_id):
    process = Process(9, "c1", NodeId(-1), 50)
    topics = KnownTopics()
    topics.learn("t", topic_id)
    process.topics = topics
    return process


def test_a_request_for_the_topic_before_is_one_for_a_topic_that_nobody_knows():
    event = RequestArrived(Connection(1), 1, Produce(acks=-1, timeout_ms=1, partitions=()))
    assert read(event, (("t", NEW),), process_that_knows(NEW)) is event
    produced = Produced((ProducedPartition(P, NO_ERROR, Offset(0), Offset(0)),))
    answer = read(ReplyArrived(NodeId(1), 1, produced), (("t", OLD),), process_that_knows(NEW))
    assert answer.reply.partitions[0].partition.topic == f"?{OLD.hex()}"


def test_an_answer_for_an_unknown_id_says_so_by_its_error():
    unknown = FetchedPartition(
        partition=TopicPartition(f"?{OLD.hex()}", 0),
        error=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        high_watermark=Offset(-1),
        log_start=Offset(-1),
    )
    event = ReplyArrived(NodeId(1), 1, Fetched((unknown,)))
    part = read(event, ((f"?{OLD.hex()}", OLD),), process_that_knows(OLD)).reply.partitions[0]
    assert (part.partition, part.error) == (P, ErrorCode.UNKNOWN_TOPIC_ID)


def test_labels_are_of_the_id():
    assert identified(P, OLD) == "t-0@01010101"
