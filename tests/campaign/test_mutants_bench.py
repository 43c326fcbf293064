"""The benchmark of the planted bugs: a median that doubles fails, and so does a bug that is missed now."""

import json

from tests.bench.mutants import compared, main

KEPT = {"mutants": [{"id": name, "found": True, "seconds": 1.0} for name in ("a", "b", "c")]}


def seen(**seconds):
    rows = [{"id": name, "found": took is not None, "seconds": took or 60.0} for name, took in seconds.items()]
    return {"mutants": rows}


def test_a_median_that_doubles_fails():
    assert compared(KEPT, seen(a=1.9, b=50.0, c=0.1)) == (True, "median 1.90 s, kept 1.00 s, over 3 planted bugs")
    good, words = compared(KEPT, seen(a=2.1, b=50.0, c=0.1))
    assert (good, "more than 2 times as long" in words) == (False, True)


def test_a_bug_that_is_missed_now_fails():
    assert compared(KEPT, seen(a=0.1, b=None)) == (False, "not found any more: b")


def test_bugs_that_nobody_has_timed_are_not_compared():
    assert compared(KEPT, seen(d=40.0))[0]
    assert compared(KEPT, seen(a=1.0, d=40.0))[0]


def test_against_a_table_that_was_twice_as_fast_the_command_fails(tmp_path, capsys):
    table = tmp_path / "table.json"
    assert main(["ack-before-isr", "--keep", "--table", str(table)]) == 0
    kept = json.loads(table.read_text())
    kept["mutants"][0]["seconds"] /= 1_000
    table.write_text(json.dumps(kept))
    assert main(["ack-before-isr", "--table", str(table)]) == 1
    assert "more than 2 times as long" in capsys.readouterr().out


def test_the_table_is_kept_where_it_is_asked_for(tmp_path, capsys):
    table = tmp_path / "table.json"
    assert main(["ack-before-isr", "--keep", "--table", str(table)]) == 0
    [row] = json.loads(table.read_text())["mutants"]
    assert (row["id"], row["found"]) == ("ack-before-isr", True)
    assert "nothing to compare with" in capsys.readouterr().out
