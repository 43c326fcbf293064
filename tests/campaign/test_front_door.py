"""The commands as typed: exit codes, one JSON document, one line for bad input and never a traceback."""

import json

import msgspec
import pytest
from click.testing import CliRunner

from campaign.saved import SAVED
from fencepost import main
from traces.reader import read
from traces.recorder import whole, write
from traces.schema import Step

KIP_101 = str(SAVED / "kip-101.jsonl")
MODEL_KIP_101 = str(SAVED / "model-kip-101.jsonl")


def typed(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("trace", [KIP_101, MODEL_KIP_101])
def test_a_violation_exits_with_1_and_a_clean_replay_with_0(trace):
    assert typed("replay", trace)[0] == 1
    assert typed("replay", trace, "--clean")[0] == 0


def test_json_is_one_document_and_nothing_else():
    code, out, _ = typed("replay", KIP_101, "--json")
    document = json.loads(out)
    assert (code, document["command"], document["verdict"]) == (1, "replay", "violated")
    assert document["invariant"] == "no_committed_loss"
    assert document["same"] is True
    assert document["seconds"] >= 0


def test_validate_names_the_first_divergence():
    code, out, _ = typed("validate", KIP_101, "--json")
    divergence = json.loads(out)["first_divergence"]
    assert code == 1
    assert divergence["action"] == "reconcile", "it takes its log for confirmed, and nobody was asked"
    assert divergence["conjunct"]
    assert "has not told yet where" in divergence["words"]
    assert f"in words: {divergence['words']}" in typed("validate", KIP_101)[1]


def test_what_the_model_does_not_speak_of_is_unknown(tmp_path):
    """Of a partition whose making the trace does not tell, nobody knows where it began."""
    trace = read(SAVED / "ack-before-isr.jsonl")
    lines = [
        msgspec.structs.replace(line, facts=tuple(each for each in line.facts if each["fact"] != "create_partition"))
        if isinstance(line, Step)
        else line
        for line in trace.lines
    ]
    path = tmp_path / "begins-later.jsonl"
    write(whole(trace.header, lines), path)
    code, out, _ = typed("validate", str(path), "--json")
    assert (code, json.loads(out)["verdict"]) == (3, "unknown")


def test_render_draws_and_keeps_the_source(tmp_path):
    out = tmp_path / "drawing.svg"
    assert typed("render", KIP_101, "-o", str(out))[0] == 0
    assert "<svg" in out.read_text(encoding="utf-8")
    assert out.with_suffix(".gv").exists()


def test_shrinking_what_is_minimal_keeps_its_length(tmp_path):
    code, out, _ = typed("shrink", KIP_101, "--out", str(tmp_path / "s.jsonl"), "--json")
    document = json.loads(out)
    assert code == 0
    assert document["steps"] <= document["steps_before"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fuzz", "--mutant", "nobody"), "there is no such planted bug; there is "),
        (("fuzz", "--profile", "stormy"), "there is no such profile; there is durable"),
        (("prove", "raft"), "there is no model 'raft'"),
        (("prove", "--variant", "kip-0"), "replication has no variant 'kip-0'"),
        (("prove", "--replicas", "none"), "give a number from 1, or `any`"),
        (("search", "--log", "2"), "give both, or neither"),
        (("render", KIP_101, "-o", "x.pdf"), "cannot draw a .pdf"),
        (("shrink", MODEL_KIP_101), "has no choices to run again"),
        (("report", "nowhere"), "fencepost check --out nowhere"),
        (("serve", "--config", "no.such=1"), "unknown configuration no.such"),
        (("fuzz", "--budget", "soon"), "write 60s, 10m"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words, told):
    code, _, error = typed(*words)
    assert code == 2
    assert told in error
    assert "Traceback" not in error


def test_planted_bugs_are_listed():
    code, out, _ = typed("fuzz", "--mutant", "list", "--json")
    assert code == 0
    assert {"kip-101", "kip-279"} <= {mutant["id"] for mutant in json.loads(out)["mutants"]}
