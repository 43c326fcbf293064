"""Bad input, each kind of it as it is typed: one line that names the thing and the remedy, exit code 2 or 3, and under
--json one document on standard output and nothing else."""

import gzip
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from campaign import replay as replaying
from campaign.mutants import registry
from campaign.saved import SAVED
from fencepost import main
from traces import render as rendering
from traces.reader import read
from traces.recorder import whole, write
from traces.schema import Step

KIP_101 = SAVED / "kip-101.jsonl"
OF_A_MODEL = SAVED / "model-kip-101.jsonl"
LINES = KIP_101.read_bytes().splitlines(keepends=True)


def typed(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def refused(*words: str, code: int = 2) -> str:
    """The one line; the same words under --json print one document that has it."""
    found, out, error = typed(*words)
    assert (found, out) == (code, "")
    assert error.endswith("\n")
    assert error.count("\n") == 1, error
    found, out, _ = typed(*words, "--json")
    document = json.loads(out)
    assert found == code
    assert (document["verdict"], document["error"]) == ("unknown", error.partition(": ")[2].strip())
    assert {"command", "seconds"} <= set(document)
    return error


def header(**changes: Any) -> bytes:
    return json.dumps({**json.loads(LINES[0]), **changes}).encode() + b"\n"


def with_a_fact_changed(path: Path) -> None:
    """As somebody would who also mends the digest."""
    trace, changed = read(KIP_101), []
    for line in trace.lines:
        if isinstance(line, Step) and any(fact["fact"] == "append" for fact in line.facts):
            facts = [{**fact, "batch": {**fact["batch"], "crc": 1}} for fact in line.facts if fact["fact"] == "append"]
            line = msgspec.structs.replace(line, facts=tuple(facts))
        changed.append(line)
    write(whole(trace.header, changed, trace.verdict), path)


# ------------------------------------------------------------ traces
SPOILT = {
    "truncated in a line": (b"".join(LINES)[:-40], "the last line is torn"),
    "truncated between lines": (b"".join(LINES[:61]), "the end is missing after 60 numbered lines"),
    "without a line": (b"".join(LINES[:50] + LINES[51:]), "1 line missing before it"),
    "a fact changed": (
        b"".join(LINES).replace(b'"batch":{"base_offset":0', b'"batch":{"base_offset":5', 1),
        "they were changed; take the file from its source again",
    ),
    "of another version": (header(version=99) + b"".join(LINES[1:]), "read it with the fencepost that wrote it"),
    "of an unknown bug": (header(mutant="nobody") + b"".join(LINES[1:]), "unknown mutant 'nobody'"),
    "a choice that is no number": (header(choices=[[["x"], "y"]]) + b"".join(LINES[1:]), "Expected `int`, got `str`"),
    "no JSON in a line": (b"".join([*LINES[:60], b"not json\n", *LINES[61:]]), "line 61: invalid JSON"),
    "an unknown line": (b"".join([*LINES[:60], b'{"line":"zzz"}\n', *LINES[61:]]), "line 61: Invalid value 'zzz'"),
    "not text": (b"\xff\xfe\x00\x01binary", "not a trace: the first line is not JSON"),
    "packed": (gzip.compress(b"".join(LINES)), "it is compressed; unpack it with gunzip first"),
    "empty": (b"", "it is empty; give a file that starts with a header line"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_trace_is_refused(kind, tmp_path):
    data, told = SPOILT[kind]
    path = tmp_path / "spoilt.jsonl"
    path.write_bytes(data)
    assert told in refused("replay", str(path))


@pytest.mark.parametrize("command", [("validate",), ("render",), ("shrink",), ("export", "--to", "itf")])
def test_every_command_of_a_trace_refuses_a_torn_one(command, tmp_path):
    path = tmp_path / "torn.jsonl"
    path.write_bytes(SPOILT["truncated in a line"][0])
    assert "the last line is torn" in refused(*command, str(path))


def test_a_trace_whose_fact_and_digest_were_edited_is_told_to_differ(tmp_path):
    with_a_fact_changed(tmp_path / "edited.jsonl")
    code, out, _ = typed("replay", str(tmp_path / "edited.jsonl"))
    assert code == 1
    assert "the replay differs from what was recorded" in out


def test_choices_that_were_changed_leave_the_replay_unknown_and_not_a_pass(tmp_path):
    path = tmp_path / "choices.jsonl"
    path.write_bytes(header(choices=[]) + b"".join(LINES[1:]))
    code, out, _ = typed("replay", str(path), "--json")
    document = json.loads(out)
    assert (code, document["verdict"], document["same"]) == (3, "unknown", False)
    told = typed("replay", str(path))[1]
    assert "or it was edited" in told


def test_another_commit_is_named_where_the_run_does_not_come_again(tmp_path):
    path = tmp_path / "older.jsonl"
    path.write_bytes(header(choices=[], commit="deadbeef") + b"".join(LINES[1:]))
    code, out, _ = typed("replay", str(path))
    assert code == 3
    assert "replay it with commit deadbeef, or search again" in out


def test_a_step_that_no_model_has_is_refused_by_what_steps_the_model(tmp_path):
    trace = read(OF_A_MODEL)
    lines = [
        msgspec.structs.replace(line, action=msgspec.structs.replace(line.action, name="fly")) if line.n == 3 else line
        for line in trace.lines
    ]
    path = tmp_path / "flies.jsonl"
    write(whole(trace.header, lines, trace.verdict), path)
    assert "has no action 'fly'" in refused("export", str(path), "--to", "itf")
    assert "has no action 'fly'" in refused("replay", str(path))


# ------------------------------------------------------------ what is typed
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("replay", "nowhere"), "File 'nowhere' does not exist; see `fencepost replay --help`"),
        (("replay", str(SAVED)), "is a directory; see"),
        (("replay",), "Missing argument 'TRACE'"),
        (("fuzz", "--processes", "0"), "0 is not in the range x>=1"),
        (("fuzz", "--seed", "-1"), "-1 is not in the range"),
        (("fuzz", "--budget", "soon"), "write 60s, 10m"),
        (("fuzz", "--workers", "nowhere"), "name it as tcp://HOST:8786"),
        (("fuzz", "--campaign", str(SAVED)), "is a directory"),
        (("explore", "--replicas", "77"), "77 is not in the range"),
        (("explore", "--memory", "lots"), "lots"),
        (("search", "--log", "2"), "give both, or neither"),
        (("mutants", "kip-100"), "there is kip-101"),
        (("storm", "--faults", "rain"), "there is no such failure"),
        (("export", str(KIP_101), "--to", "pdf"), "'pdf' is not one of 'itf', 'perfetto'"),
        (("check", "--out", str(KIP_101)), "is a file; see `fencepost check --help`"),
        (("export-model", "raft"), "there is no model 'raft'"),
        (("nonsense",), "No such command 'nonsense'; see `fencepost --help`"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(words, told):
    assert told in refused(*words)


def test_help_and_version_are_no_errors():
    assert typed("--help")[0] == 0
    assert typed("replay", "--help")[0] == 0
    assert typed("--version")[1].startswith("fencepost")


def test_a_bug_that_no_longer_applies_is_an_error_and_no_pass(monkeypatch):
    def stale(*_: object) -> None:
        raise registry.StaleMutant("kip-101: the seam it is planted at has moved; mend campaign/mutants")

    monkeypatch.setattr(replaying, "usable", stale)
    assert "the seam it is planted at has moved" in refused("replay", str(KIP_101))


# ------------------------------------------------------------ where results go
def test_a_picture_without_a_renderer_leaves_its_source(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "RENDERERS", ("no-such-program", "nor-this"))
    assert "pip install graphviz-pure" in refused("render", str(KIP_101), "-o", str(tmp_path / "x.svg"))
    assert (tmp_path / "x.gv").read_text(encoding="utf-8").startswith("digraph")


WRITERS = (
    ("render", str(KIP_101), "-o", "{}/x.svg"),
    ("export", str(KIP_101), "--to", "perfetto", "-o", "{}/x.json"),
    ("shrink", str(KIP_101), "--out", "{}/x.jsonl"),
)


@pytest.mark.parametrize("words", WRITERS, ids=lambda words: words[0])
def test_a_place_that_cannot_be_written_is_refused(words, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(*(word.format(tmp_path / "file") for word in words))


def limited(words: list[str]) -> "subprocess.CompletedProcess[str]":
    """As on a disk with room for 4 KiB a file."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    program = [sys.executable, "-c", "from fencepost import main; main()", *words]
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(program, cwd=root, preexec_fn=limit, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", WRITERS[:2], ids=lambda words: words[0])
def test_what_stood_there_outlives_a_full_disk(words, tmp_path):
    asked = [word.format(tmp_path) for word in words]
    target = Path(asked[-1])
    kept = target.with_suffix(".gv") if target.suffix == ".svg" else target
    kept.write_text("what was drawn before")
    result = limited(asked)
    assert result.returncode == 2
    assert "cannot be written: File too large" in result.stderr
    assert result.stderr.count("\n") == 1
    assert kept.read_text(encoding="utf-8") == "what was drawn before"
    assert list(tmp_path.iterdir()) == [kept]


def test_a_search_for_planted_bugs_goes_on_where_their_counterexamples_cannot_be_kept(tmp_path):
    out = tmp_path / "out"
    words = ["mutants", "ack-before-isr", "--processes", "1", "--budget", "60s", "--out", str(out), "--json"]
    document = json.loads(limited(words).stdout)
    assert (document["verdict"], document["found"]) == ("unknown", 1)
    assert "File too large" in document["unwritten"][0]
    assert document["mutants"][0]["trace"] is None
    assert list(out.iterdir()) == []


def test_a_search_keeps_what_an_earlier_one_wrote(tmp_path):
    words = ["fuzz", "--mutant", "ack-before-isr", "--processes", "1", "--budget", "60s", "--out", str(tmp_path)]
    first = json.loads(typed(*words, "--json")[1])
    kept = {Path(trace["path"]): Path(trace["path"]).read_bytes() for trace in first["traces"]}
    result = limited([*words, "--json"])
    again = json.loads(result.stdout)
    assert (result.returncode, again["verdict"]) == (1, "violated"), "what was found is told"
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == kept
    shutil.rmtree(tmp_path)
