"""What nodes answer in a simulated run is judged: planted bugs are seen, and nothing else is."""

import pytest

from campaign import trial
from campaign.hearing import Hearing
from campaign.mutants import MUTANTS
from campaign.profiles import PROFILES, seeded
from campaign.wishes import known, wishes
from impl.core.admin_messages import AlterReassignments, Reassignment
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.image import BrokerImage, MetadataImage
from impl.core.metadata import PartitionRecord, RegisterBrokerRecord, TopicRecord
from impl.core.partition import Partition
from impl.core.types import LeaderEpoch, NodeId, PartitionEpoch, TopicPartition
from impl.sim.drivers import Recorded
from impl.sim.scenario import SIMULATED, Scenario
from invariants.answers.invariant import ANSWER_IDS, ANSWER_INVARIANTS
from invariants.step import Checker
from invariants.step.ghost import Partition as Ghost

SEEDS = 30
FIRST = {"flushed-when-it-is-quiet": 90, "deletes-with-the-news": 50}
"""Where the first seeds show nothing: seldom does an operator set flush.ms of a log that is written to for long, or a
client delete what was the last to be written."""


def broken(mutant):
    found = set()
    first = FIRST.get(mutant, 0)
    for seed in range(first, first + SEEDS):
        scenario, choices = seeded(PROFILES["mixed"], seed)
        violated = trial.run(scenario, choices, MUTANTS[mutant]).violated
        if violated is not None and violated.invariant in ANSWER_IDS:
            return {violated.invariant}
    return found


@pytest.mark.parametrize("invariant", ANSWER_INVARIANTS, ids=lambda each: each.id)
def test_each_invariant_of_answers_catches_its_bug(invariant):
    assert broken(invariant.breaks) == {invariant.id}


class ServesWhatIsDeleted(Partition):
    """A replica that is taken out of its partition goes on serving consumers who wait."""

    __slots__ = ()

    def refusal(self, asked):
        self.deleted = False
        return super().refusal(asked)


class Serving(Broker):
    partition_class = ServesWhatIsDeleted


def test_a_replica_that_is_none_any_more_answers_nobody_well():
    """A consumer waits at a broker that an operator takes out of the partition, sooner or later."""
    scenario = Scenario(horizon_ms=600)
    bug = MUTANTS["kip-101"]._replace(id="serves-what-is-deleted", broker=Serving, controller=Controller)
    told = []
    for slot in range(3, 15):
        choices = Recorded({("fault", slot): scenario.table().encode("reassign", 1)})
        assert trial.run(scenario, choices).violated is None
        violated = trial.run(scenario, choices, bug).violated
        if violated is not None:
            told.append(violated.sentence)
    assert told
    assert all("answers a Fetch of t-0 without an error, and" in sentence for sentence in told)


def registered(*nodes, fenced=()):
    """An image with these brokers."""
    image = MetadataImage()
    for node in nodes:
        record = RegisterBrokerRecord(broker=node, broker_epoch=1, incarnation=b"", host="h", port=1)
        image.brokers[node] = BrokerImage(record)
        image.brokers[node].fenced = node in fenced
    return image


@pytest.mark.parametrize(
    ("replicas", "possible"),
    [((1, 2), True), ((1, 3), True), ((3,), False), ((1, 4), False), ((1, 1), False), ((), False)],
    ids=["both there", "one there", "nobody there", "one not registered", "one twice", "none"],
)
def test_what_an_operator_may_not_be_refused_are_replicas_that_are_there(replicas, possible):
    request = AlterReassignments((Reassignment(TopicPartition("t", 0), replicas),), 0, True)
    [wish] = wishes(request, registered(1, 2, 3, fenced=(3,)))
    assert wish.possible is possible


@pytest.mark.parametrize(("removing", "replicas"), [((), "1 2"), ((NodeId(2),), "1 2")])
def test_a_replica_that_is_to_go_is_there_until_it_has_gone(removing, replicas):
    image = MetadataImage()
    image.apply(TopicRecord("t", bytes(16)))
    both = (NodeId(1), NodeId(2))
    image.apply(
        PartitionRecord(
            partition=TopicPartition("t", 0),
            replicas=both,
            isr=both,
            leader=both[0],
            leader_epoch=LeaderEpoch(0),
            partition_epoch=PartitionEpoch(0),
            removing=removing,
        )
    )
    assert known(image) == {"replicas of t-0": replicas}


def test_sought_alone_the_run_ends_with_the_first_wrong_answer():
    scenario = Scenario(horizon_ms=4_000)
    choices = {("send", slot, 1): 1 for slot in range(100)}
    bug = MUTANTS["moves-when-all-have-all"]
    whole = trial.run(scenario, Recorded(choices), bug)
    cut = trial.run(scenario, Recorded(choices), bug, seeking="watermark_due")
    assert whole.violated == cut.violated
    assert whole.at == cut.at
    assert cut.events < whole.events


def test_a_log_says_nothing_of_producers_once_what_stood_for_its_records_is_given_up():
    """What compaction has taken out, later records stood for; an unclean election may have given up those."""
    checker = Checker()
    partition = checker.partitions["t-0"] = Ghost("t-0", compacted=True)
    hearing = Hearing(checker)
    hearing._broker = Broker(SIMULATED, host="h", port=1, incarnation=b"1" * 16, logs=())
    known = []
    for epoch in (-1, 3):
        partition.last_unclean = epoch
        known.append(hearing._standing(TopicPartition("t", 0)).knows_producers)
    assert known == [True, False]
