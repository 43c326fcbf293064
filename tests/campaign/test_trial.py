"""One judged run: what it reports, what it survives, and that its trace runs again to the same bytes."""

import re
from copy import deepcopy

import msgspec
import pytest

from campaign import trial
from campaign.mutants import MUTANTS, Mutant
from campaign.profiles import PROFILES, seeded
from campaign.replay import replay
from campaign.steps import steps_of
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.partition import Partition
from impl.sim.drivers import Recorded
from impl.sim.ledger import Outcome
from impl.sim.scenario import Scenario
from invariants.step import Checker, FullChecker, Violated
from traces import facts as f
from traces.reader import read
from traces.recorder import Recorder, encode, write
from traces.schema import VERSION, Header, Op
from traces.trace import Trace, TraceError

DURABLE = PROFILES["durable"]
SENDS = {("send", slot, 1): 1 for slot in range(0, 40, 4)}
SHORT = msgspec.structs.replace(DURABLE.scenario, horizon_ms=1_000)


def test_a_run_without_faults_is_healthy():
    ran = trial.run(SHORT, Recorded(SENDS))
    assert ran.violated is None
    assert ran.healthy
    assert ran.facts > 100
    assert ran.simulated_ms >= 1_000


def test_a_producer_that_the_broker_lost_track_of_where_nothing_was_lost_is_a_failure():
    """What a broker does not know again it refuses: nothing stands twice, and the producer begins anew."""
    fine = Outcome(
        steps=1, simulated_ms=1, invoked=1, acknowledged=1, consumed=1, healthy=True, lost=(), disordered=(), given_up=0
    )
    trial.nothing_lost(fine)
    with pytest.raises(Violated, match="told once that what it sent before is not known, and had to begin anew"):
        trial.nothing_lost(msgspec.structs.replace(fine, given_up=1))


def test_a_deposed_leader_may_have_lost_track_until_it_hears():
    def tells(*facts):
        judges.facts("n1", 0, facts)

    def gives_up(at):
        told = {"client": "c1", "process": 0, "id": at, "operation": "produce", "partition": "t-0"}
        judges.op(Op(n=0, at=at, phase="unknown", error="OUT_OF_ORDER_SEQUENCE_NUMBER", **told))

    judges = trial.Judges(None)
    isr = (1, 2, 3)
    tells(f.CreatePartition(partition="t-0", replicas=isr, isr=isr, leader=1))
    tells(f.BecomeLeader(partition="t-0", leader_epoch=0, partition_epoch=0, isr=isr, start_offset=0))
    gives_up(1)
    assert not judges.misled
    judges.facts("controller", 2, [f.Elect(partition="t-0", leader=2, leader_epoch=1, partition_epoch=1, isr=isr)])
    gives_up(3)
    gives_up(3)
    assert judges.misled == {("c1", 3)}
    tells(f.BecomeFollower(partition="t-0", leader_epoch=1, leader=2))
    gives_up(4)
    assert judges.misled == {("c1", 3)}
    fine = Outcome(
        steps=1, simulated_ms=1, invoked=1, acknowledged=1, consumed=1, healthy=True, lost=(), disordered=(), given_up=1
    )
    trial.nothing_lost(fine, misled=1)
    with pytest.raises(Violated, match="told once"):
        trial.nothing_lost(msgspec.structs.replace(fine, given_up=2), misled=1)


def test_a_run_may_be_left_early():
    whole = trial.run(SHORT, Recorded(SENDS))
    part = trial.run(SHORT, Recorded(SENDS), until=200)
    assert part.at == 200
    assert part.events < whole.events
    assert not part.healthy


class Clumsy(Partition):
    __slots__ = ()

    def count_set(self, maximal_isr):  # noqa: ARG002 - it looks at nothing
        raise AssertionError("never")


def test_an_exception_of_the_broker_is_a_failed_run():
    class ClumsyBroker(Broker):
        partition_class = Clumsy

    mutant = Mutant("clumsy", "", "", (), ClumsyBroker, Controller)
    ran = trial.run(SHORT, Recorded(SENDS), mutant)
    assert ran.violated == Violated(trial.NO_EXCEPTION, "AssertionError: never")


def failing_run() -> Trace:
    mutant = MUTANTS["ack-before-isr"]
    scenario, choices = seeded(DURABLE, 5)
    assert trial.run(scenario, choices, mutant).violated is not None
    _, trace = trial.record(scenario, choices.made, mutant, seed=5)
    return trace


def test_a_recorded_run_replays_to_the_same_bytes(tmp_path):
    trace = failing_run()
    path = tmp_path / "found.jsonl"
    write(trace, path)
    again = replay(read(path))
    assert again.same
    assert encode(again.trace) == path.read_bytes()
    assert again.invariant == trace.verdict.invariant == "no_committed_loss"
    assert re.search(r"acknowledged (to c\d )?at offset 0 by n1", again.sentence)
    assert trace.verdict.at_line == len(trace.lines) - 1
    assert again.steps == steps_of(trace)


def test_without_the_bug_the_same_choices_break_nothing():
    clean = replay(failing_run(), clean=True)
    assert clean.invariant is None
    assert not clean.same


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (Header(version=VERSION, origin="live"), "a trace of origin 'live' has no choices"),
        (
            Header(version=VERSION, origin="simulated", configuration={"brokers": "three"}),
            "its configuration is not understood",
        ),
        (
            Header(version=VERSION, origin="simulated", configuration=SHORT.configuration(), mutant="kip-0"),
            "unknown mutant 'kip-0'; known are .*kip-101",
        ),
    ],
)
def test_a_trace_that_cannot_be_run_again_is_refused(header, words):
    with pytest.raises(TraceError, match=words):
        replay(Recorder(header).trace())


class Both:
    """Tells two checkers, and notes what each says first."""

    def __init__(self, deletions, tombstone):
        self.checkers = (
            Checker(trial.may_repeat, one_clock=True, deletions=deletions, tombstone=tombstone, may_be_unclean=False),
            FullChecker(
                trial.may_repeat,
                one_clock=True,
                deletions=deepcopy(deletions),
                tombstone=tombstone,
                may_be_unclean=False,
            ),
        )
        self.said = [None, None]

    @property
    def judged(self):
        return self.checkers[0].judged

    @property
    def partitions(self):
        return self.checkers[0].partitions

    def replica(self, partition, node):
        return self.checkers[0].replica(partition, node)

    def _tell(self, what, *arguments):
        for place, checker in enumerate(self.checkers):
            try:
                getattr(checker, what)(*arguments)
            except Violated as violated:
                self.said[place] = violated
        if any(self.said):
            raise Violated("any", "one of the two has said something")

    def facts(self, *arguments):
        self._tell("facts", *arguments)

    def fault(self, *arguments):
        self._tell("fault", *arguments)

    def op(self, *arguments):
        self._tell("op", *arguments)


@pytest.mark.parametrize("mutant", [None, *MUTANTS])
def test_the_incremental_checker_says_what_the_full_one_says(mutant, monkeypatch):
    """On random runs, sound and broken: at the same fact, in the same words."""
    both = []

    def one(_may_repeat, one_clock, deletions, tombstone, may_be_unclean):
        assert one_clock
        assert not may_be_unclean
        both.append(Both(deletions, tombstone))
        return both[-1]

    monkeypatch.setattr(trial, "Checker", one)
    planted = None if mutant is None else MUTANTS[mutant]
    for seed in range(8):
        scenario, choices = seeded(DURABLE, seed)
        trial.run(msgspec.structs.replace(scenario, horizon_ms=2_500), choices, planted, until=2_500)
    assert len(both) == 8
    for each in both:
        assert each.said[0] == each.said[1]
    assert sum(each.judged for each in both) > 100
    if mutant is None:
        assert not any(each.said[0] for each in both)
    if mutant in ("ack-before-isr", "reads-uncommitted"):
        assert any(each.said[0] for each in both)


def test_power_stays_on_in_the_profile_that_says_so():
    assert {kind for kind in PROFILES["crashes"].kinds if "power" in kind or kind == "blackout"} == set()
    assert PROFILES["crashes"].scenario == PROFILES["default"].scenario == Scenario()


def test_seeds_differ_in_cluster_and_weights():
    runs = [seeded(DURABLE, seed) for seed in range(100)]
    assert {kind for _, choices in runs for kind in choices.weights.kinds} == set(DURABLE.kinds)
    assert len({scenario.horizon_ms for scenario, _ in runs}) > 3
    assert seeded(DURABLE, 5)[1].weights == seeded(DURABLE, 5)[1].weights
