"""Runs followed by the model as they happen: what leaves it is found, kept, shrunk and told; what is sound does not."""

import msgspec
import pytest

from campaign import trial
from campaign.commands.fuzz import beside_the_model
from campaign.lockstep import REFINES
from campaign.mutants import MUTANTS, Mutant
from campaign.profiles import PROFILES, seeded
from campaign.replay import replay
from campaign.shrinking import shrink_run
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.partition import Partition
from invariants.verdict import Violated
from traces.validate import validate

DURABLE = PROFILES["durable"]


def planted(partition: type[Partition]) -> Mutant:
    class PlantedBroker(Broker):
        partition_class = partition

    return Mutant("planted", "", "", (), PlantedBroker, Controller)


class AnswersShort(Partition):
    """Its facts do not say what it did: a harmless lie that no invariant looks at."""

    __slots__ = ()

    def answer(self, asked, replica, max_bytes, out):
        part = super().answer(asked, replica, max_bytes, out)
        if out and type(out[-1]).__name__ == "AnswerFetch":
            out[-1] = msgspec.structs.replace(out[-1], log_end=out[-1].log_end + 1)
        return part


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_sound_runs_are_executions_of_the_model(profile):
    for seed in range(6):
        scenario, choices = seeded(PROFILES[profile], seed)
        ran = trial.run(scenario, choices)
        assert (ran.violated, ran.divergence) == (None, None), f"seed {seed} of {profile}"
        # What is beyond the promise is beyond the model: such a run is judged, and not followed.
        assert (ran.coverage.walk.total() > 50) is not scenario.beyond, f"seed {seed} of {profile}"


def test_a_lie_that_breaks_no_invariant_leaves_the_model():
    scenario, choices = seeded(DURABLE, 3)
    ran = trial.run(scenario, choices, planted(AnswersShort))
    assert ran.violated is not None
    assert ran.violated.invariant == REFINES
    assert "answer_fetch: it says log_end is" in ran.violated.sentence
    assert ran.divergence is not None
    assert ran.divergence.fact["fact"] == "answer_fetch"
    assert ran.divergence.model["replica"]["leading"]
    followed = trial.run(scenario, seeded(DURABLE, 3)[1], planted(AnswersShort), seeking="no_committed_loss")
    assert followed.violated is None


def test_a_run_that_leaves_the_model_shrinks_and_replays_like_any_other(monkeypatch):
    lying = planted(AnswersShort)._replace(id="answers-short")
    monkeypatch.setitem(MUTANTS, "answers-short", lying)
    scenario, choices = seeded(DURABLE, 3)
    trial.run(scenario, choices, lying)
    found = shrink_run(scenario, choices.made, lying, 3)
    assert (found.invariant, found.choices) == (REFINES, 0)
    again = replay(found.trace)
    assert (again.invariant, again.sentence, again.same) == (REFINES, found.sentence, True)
    assert replay(found.trace, clean=True).invariant is None
    divergence = validate(found.trace).divergence
    assert divergence.action == "answer_fetch"
    assert divergence.line == len(found.trace.lines) - 1
    beside = beside_the_model(found)
    assert beside[0].strip().startswith("the fact:  fact answer_fetch")
    assert beside[1].strip().startswith("the model: leader_epoch 0")


def test_an_invariant_says_more_than_that_the_model_was_left():
    for seed in range(10):
        scenario, choices = seeded(DURABLE, seed)
        ran = trial.run(scenario, choices, MUTANTS["late-expand"])
        if ran.violated is not None and ran.violated.invariant != REFINES:
            assert ran.divergence is not None
            return
    pytest.fail("10 runs of late-expand broke no invariant")


@pytest.mark.parametrize("mutant", ["late-expand", "ack-before-isr", "eager-shrink", "decision-forgotten"])
def test_planted_bugs_leave_the_model(mutant):
    for seed in range(40):
        scenario, choices = seeded(DURABLE, seed)
        if trial.run(scenario, choices, MUTANTS[mutant], seeking=REFINES).violated is not None:
            return
    pytest.fail(f"40 runs of {mutant} were all executions of the model")


def test_what_the_model_does_not_speak_of_is_no_violation():
    class Mumbles(Partition):
        """It does not say under which registration it fetches."""

        __slots__ = ()

        def count(self, *arguments, **named):
            super().count(*arguments, **named)
            out = next(each for each in (*arguments, *named.values()) if isinstance(each, list))
            for place, effect in enumerate(out):
                if type(effect).__name__ == "Acknowledge":
                    out[place] = msgspec.structs.replace(effect, broker_epoch=-1)

    scenario, choices = seeded(DURABLE, 3)
    ran = trial.run(scenario, choices, planted(Mumbles))
    assert ran.violated is None
    assert ran.divergence is not None
    assert ran.divergence.outside


def test_a_checker_that_finds_something_ends_the_run(monkeypatch):
    monkeypatch.setattr(trial.Checker, "facts", _breaks)
    ran = trial.run(*seeded(DURABLE, 3))
    assert ran.violated == Violated("epoch_fencing", "at once")


def _breaks(*_):
    raise Violated("epoch_fencing", "at once")
