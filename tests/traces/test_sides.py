"""Both sides of a trace: they agree until the execution leaves the model, and then differ in what did the harm."""

from pathlib import Path

import pytest

from tests.traces.execution import PARTITION, Execution, begun, content, simulated
from traces.reader import read
from traces.sides import Sides
from traces.storyteller import tell

ROOT = Path(__file__).resolve().parents[2]
SAVED = sorted((ROOT / "traces" / "saved").glob("*.jsonl"))
BROKERS = [path for path in SAVED if not path.stem.startswith("model-") and path.stat().st_size < 600_000]


def followed(path: Path) -> tuple[Sides, list[str]]:
    """The sides after the last line, and every difference that there was before the model stopped."""
    trace = read(path)
    sides = Sides.of(trace, tell(trace).partition)
    early = []
    for line in trace.lines:
        sides.line(line)
        if sides.stopped is None and sides.model is not None:
            for node, model in sides.model.replicas.items():
                told = sides.told.replicas.get(node)
                if told is not None and not told.away and told != model:
                    early.append(f"line {line.n}: {node} tells {told}, the model has {model}")
            if sides.told.decided != sides.model.decided:
                early.append(f"line {line.n}: {sides.told.decided}, in the model {sides.model.decided}")
    return sides, early


ONE_ID_FOR_TWO = "id-of-the-name"
"""Two topics have one id there, which is the bug: both sides speak of two partitions as of one."""


TOLD_APART = [path for path in BROKERS if path.stem != ONE_ID_FOR_TWO]


@pytest.mark.parametrize("path", TOLD_APART, ids=lambda path: path.stem)
def test_the_two_sides_agree_until_the_model_stops(path):
    assert followed(path)[1] == []


def test_where_two_topics_have_one_id_the_second_begins_again_and_the_model_does_not():
    _, differences = followed(ROOT / "traces" / "saved" / f"{ONE_ID_FOR_TWO}.jsonl")
    assert len(differences) == 1
    assert "Decided(leader=2, leader_epoch=0" in differences[0]


def test_of_an_older_design_the_step_that_does_the_harm_is_the_one_refused():
    sides, _ = followed(ROOT / "traces" / "saved" / "kip-101.jsonl")
    assert sides.stopped is not None
    assert sides.stopped.action == "truncate"
    assert sides.stopped.conjunct
    assert sides.model is not None
    node = sides.stopped.node
    assert len(sides.model.replicas[node].cells) > len(sides.told.replicas[node].cells)


def test_a_variant_of_the_model_stands_beside_the_model_as_it_is():
    sides, _ = followed(ROOT / "traces" / "saved" / "model-survival-elr-kept.jsonl")
    assert sides.stopped is None, "the model takes every one of these steps, and decides otherwise"
    assert sides.model is not None
    assert (sides.told.decided, sides.model.decided) != (None, None)
    assert sides.told.decided.elr == (2,)
    assert sides.model.decided.elr == ()


def test_a_node_that_is_down_is_said_to_be_until_it_leads_or_follows_again():
    run = begun(Execution(simulated()))
    run.append(1, 0, 0)
    run.fault("crash", "n1")
    run.elect(2, 1, 1, (1, 2, 3))
    run.restart(1, 1, 0, 0, content(0))
    run.follow(1, 1, 2)
    sides = Sides.of(run.recorder.trace(), PARTITION)
    seen: list[bool] = []
    for line in run.recorder.trace().lines:
        sides.line(line)
        if "n1" in sides.told.replicas and (not seen or seen[-1] != sides.told.replicas["n1"].away):
            seen.append(sides.told.replicas["n1"].away)
    assert seen == [False, True, False]
