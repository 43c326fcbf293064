"""The report says what it was given, on a page that needs no network; evidence stands only where something was done."""

import json

import pytest

from campaign.check import Check, headline
from campaign.commands import report as report_command
from campaign.evidence import TITLES, invariants
from campaign.exhibits import exhibit
from campaign.outcome import Outcome, Refused
from campaign.planted import planted
from campaign.progress import silent
from campaign.saved import SAVED, run_again
from invariants.answers.invariant import ANSWER_INVARIANTS
from invariants.catalogue import CATALOGUE, HEADLINE
from invariants.report.build import Evidence, Invariant, Report, Section, read_report, write_report

PROVED = Outcome(
    verdict="holds",
    document={"obligations": 7, "properties": [{"name": "one_leader_per_epoch", "verdict": "holds"}]},
    lines=("proved",),
)


def fuzzed(*broken: str, verdict: str = "holds") -> Outcome:
    document = {
        "seeds": 10,
        "events": 1000,
        "profile_about": "every write is synced",
        "traces": [{"invariant": name} for name in broken],
    }
    return Outcome(verdict=verdict, document=document, lines=("fuzzed",))


def a_report(**changes: object) -> Report:
    rows = invariants({"prove": PROVED, "fuzz": fuzzed()})
    fields = {
        "generated": "today",
        "commit": "abc",
        "machine": "here",
        "verdict": "holds",
        "seconds": 1.0,
        "invariants": rows,
        "sections": (
            Section(
                name="prove",
                command="fencepost prove",
                verdict="holds",
                seconds=1.0,
                headline="proved",
                figures=(("obligations", "7"),),
            ),
        ),
        "exhibits": (exhibit(run_again(SAVED / "kip-101.jsonl")),),
    }
    return Report(**{**fields, **changes})


def by_id(outcomes: dict[str, Outcome]) -> dict[str, Invariant]:
    return {row.id: row for row in invariants(outcomes)}


def test_an_arrow_is_drawn_only_where_something_was_done():
    rows = by_id({"prove": PROVED})
    assert [evidence.arrow for evidence in rows["epoch_fencing"].evidence] == ["proved"]
    assert rows["per_key_order"].evidence == (), "the model has no producers, so the proof says nothing of them"


def test_no_evidence_and_missing_properties_are_no_pass():
    rows = by_id({"prove": PROVED})
    assert rows["per_key_order"].verdict == "unknown"
    assert rows["no_committed_loss"].verdict == "unknown", "the proof given lacks the property"
    assert rows["epoch_fencing"].verdict == "holds"


def test_a_violation_counts_against_the_invariant_it_breaks_and_makes_others_unknown():
    rows = by_id({"prove": PROVED, "fuzz": fuzzed("epoch_fencing", verdict="violated")})
    assert rows["epoch_fencing"].verdict == "violated"
    assert rows["per_key_order"].verdict == "unknown"


@pytest.mark.parametrize(
    ("words", "verdict"),
    [(("holds",), "holds"), (("holds", "unknown"), "unknown"), (("unknown", "violated"), "violated"), ((), "unknown")],
)
def test_the_worst_evidence_decides(words, verdict):
    evidence = tuple(Evidence(arrow="fuzzed", verdict=word, figure="") for word in words)
    assert Invariant(id="i", title="t", statement="s", catches="c", evidence=evidence).verdict == verdict


def test_the_page_needs_no_network_and_shows_the_counterexample(tmp_path):
    page = write_report(a_report(), tmp_path).read_text(encoding="utf-8")
    assert "src=" not in page
    assert 'href="http' not in page
    assert "fencepost replay traces/saved/kip-101.jsonl" in page
    assert "<svg" in page


def test_text_from_outside_is_escaped(tmp_path):
    page = write_report(a_report(machine="<script>alert(1)</script>"), tmp_path).read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page


def test_the_json_is_the_same_report(tmp_path):
    report = a_report()
    write_report(report, tmp_path)
    assert read_report(tmp_path) == report
    plain = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {row["id"]: row["verdict"] for row in plain["invariants"]}["epoch_fencing"] == "holds"


def test_the_explorer_ends_at_the_violating_step():
    frames = exhibit(run_again(SAVED / "kip-101.jsonl")).frames
    assert frames[-1]["bad"]
    assert {replica["node"] for replica in frames[-1]["replicas"]} <= {"n1", "n2", "n3"}
    below = [replica["high_watermark"] for frame in frames for replica in frame["replicas"] if replica["log"]]
    assert max(below) > 0
    assert frames[-1]["stopped"]["here"]
    (differs,) = frames[-1]["model"]["differs"]
    assert differs.endswith(".log")
    assert all(not (frame["model"] or {"differs": ()})["differs"] for frame in frames[:-1])


def test_a_planted_bug_has_the_figures_of_the_last_table_and_what_this_check_saw(tmp_path):
    kept = [run_again(SAVED / "kip-101.jsonl")]
    (tmp_path / "mutants.json").write_text(
        '{"mutants": [{"id": "kip-101", "found": true, "seeds": 3, "seconds": 0.2}]}'
    )
    rows = {row.id: row for row in planted(kept, tmp_path)[0]}
    assert (rows["kip-101"].found, rows["kip-101"].seeds, rows["kip-101"].exhibit) == (True, 3, "kip-101")
    assert rows["kip-101"].replayed == "fails with it, passes without"
    assert rows["late-expand"].found is None, "nobody has searched, and nothing was replayed"
    (tmp_path / "mutants.json").write_text("torn")
    assert {row.id for row in planted(kept, tmp_path)[0]} == set(rows)


def test_what_a_check_finds_itself_stands_above_all_else_with_its_file(tmp_path):
    path = tmp_path / "found" / "durable-no_committed_loss-7.jsonl"
    path.parent.mkdir()
    path.write_bytes((SAVED / "kip-101.jsonl").read_bytes())
    check = Check(1.0, tmp_path, 0, silent, lambda _line: None)
    document = {"traces": [{"path": str(path)}, {"path": None}]}
    check.outcomes["fuzz"] = Outcome(verdict="violated", document=document, lines=("violated",))
    (kept,) = check._found()
    shown = exhibit(kept)
    assert shown.command == f"fencepost replay {path}"
    page = write_report(a_report(found=(shown,)), tmp_path).read_text(encoding="utf-8")
    assert page.index("Found in this run") < page.index("What must hold</h2>")
    assert "Found in this run" not in write_report(a_report(), tmp_path).read_text(encoding="utf-8")


def test_a_search_that_was_not_finished_is_no_pass():
    explored = {"bounds": "3 replicas", "reduced": False, "distinct_states": 7, "depth": 2, "complete": False}
    rows = by_id({"explore": Outcome(verdict="unknown", document=explored, lines=("unknown",))})
    assert rows["no_committed_loss"].verdict == "unknown"
    done = {**explored, "complete": True}
    rows = by_id({"explore": Outcome(verdict="holds", document=done, lines=("holds",))})
    assert rows["no_committed_loss"].verdict == "holds"


def test_what_is_no_pass_says_why_in_its_first_line():
    lines = ("8 runs of profile durable", "covered: 3 of 4", "unknown: 1 runs did what the model does not speak of")
    told = headline(Outcome(verdict="unknown", document={}, lines=lines))
    assert told == "8 runs of profile durable; unknown: 1 runs did what the model does not speak of"
    assert headline(Outcome(verdict="holds", document={}, lines=lines)) == lines[0]


def test_every_invariant_of_the_catalogue_has_a_card_and_what_was_done_for_it():
    rows = by_id({"prove": PROVED, "prove quorum": PROVED, "fuzz": fuzzed()})
    assert set(rows) == set(CATALOGUE)
    assert [evidence.arrow for evidence in rows["one_leader"].evidence] == ["proved", "fuzzed"]
    assert [evidence.arrow for evidence in rows["stable_read"].evidence] == ["fuzzed"]
    assert sum(row.headline for row in rows.values()) == len(HEADLINE)
    assert set(TITLES) == set(CATALOGUE), "each in plain words"


def test_of_a_live_run_only_what_was_judged_there_has_a_row():
    document = {"step_violation": None, "lines": 7, "anomalies": {}, "acknowledged": 3, "read": 3, "killed": 1}
    rows = by_id({"live": Outcome(verdict="holds", document={**document, "history": "holds"}, lines=("live",))})
    judged = {name for name, row in rows.items() if row.evidence}
    assert {"no_committed_loss", "log_matching", "one_leader"} <= judged
    unseen = {each.id for each in ANSWER_INVARIANTS} | {"deletion_due", "last_resort"}
    assert not judged & unseen, "nobody wrote the answers of a live run down"
    assert all(rows[name].verdict == "unknown" for name in unseen)


def test_a_directory_without_a_report_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(Refused, match="fencepost check --out"):
        report_command.run(tmp_path)
    (tmp_path / "report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(Refused, match="is not a report"):
        report_command.run(tmp_path)
