"""Held-out bugs and the mechanical sample: they change what they say, in one module, and never the tree."""

import ast
from hashlib import sha256
from textwrap import dedent
from typing import Any

import pytest

from campaign.mutants import MUTANTS
from tests.bench.held_out.__main__ import BUGS, SETS, main, told
from tests.bench.held_out.edit import EFFECTS, Edit, Moved, path_of, source_of
from tests.bench.held_out.planted import measured, probed, without
from tests.bench.mechanical import modules, shuffled
from tests.bench.mutations import changed, changes

SOURCE = dedent(
    '''
    LIMIT = 3 < 4

    class Log:
        """Its docstring has 1 number."""

        def __init__(self, end: int = 0) -> None:
            self.end = end
            self.open()

        def cut(self, to: int) -> int:
            assert to >= 0, f"{to} < 0"
            if to < self.end:
                self.end = to
            first = max(to, 1)
            return first
    '''
)


def test_every_held_out_bug_can_be_planted():
    for bug in BUGS.values():
        planted = bug.applied()
        assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(source_of(bug.module))), bug.id
        assert 1 <= bug.line() <= len(source_of(bug.module).splitlines())


def test_ids_are_told_apart_and_resemble_no_planted_bug():
    assert len(BUGS) == sum(len(area.BUGS) for areas in SETS.values() for area in areas.values())
    assert not BUGS.keys() & MUTANTS.keys()


def test_the_second_set_says_what_a_user_sees_of_each():
    second = [bug for area in SETS["second"].values() for bug in area.BUGS]
    assert len(second) == 40
    assert {bug.effect for bug in second} == set(EFFECTS)
    assert sum(bug.effect not in ("none", "slow") for bug in second) >= 30
    assert len({bug.title for bug in BUGS.values()}) == len(BUGS)


def test_the_third_set_says_what_a_user_sees_of_each():
    third = [bug for area in SETS["third"].values() for bug in area.BUGS]
    assert len(third) == 30
    assert {bug.effect for bug in third} <= set(EFFECTS) - {"none"}


@pytest.mark.parametrize(
    "bug",
    [bug for name in ("second", "third") for area in SETS[name].values() for bug in area.BUGS],
    ids=lambda bug: bug.id,
)
def test_a_bug_is_refused_once_its_lines_are_gone(bug, monkeypatch):
    gone = source_of(bug.module).replace(bug.old, "")
    monkeypatch.setattr("tests.bench.held_out.edit.source_of", lambda _module: gone)
    with pytest.raises(Moved, match=f"^{bug.id}: its lines are 0 times in {bug.module}; "):
        bug.applied()


def test_a_set_is_searched_in_an_order_by_chance_that_its_number_fixes(monkeypatch, capsys):
    def found(bug, *_):
        return {"id": bug.id, "found": True, "runs": 1, "seconds": 0.1, "invariant": "heals"}

    second = sorted(bug.id for area in SETS["second"].values() for bug in area.BUGS)
    monkeypatch.setattr("tests.bench.held_out.__main__.searched", found)
    monkeypatch.setattr("os.nice", lambda _by: 0)
    orders = []
    for number in ("1", "1", "2"):
        assert main(["--set", "second", "--order", number]) == 0
        orders.append([line.split()[0] for line in capsys.readouterr().out.splitlines()])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == second


@pytest.mark.parametrize("lines", ["no such lines", "self"])
def test_a_bug_whose_lines_are_not_there_once_is_refused(lines):
    with pytest.raises(Moved, match=r"^gone: its lines are \d+ times in impl\.core\.leader"):
        Edit("gone", "", "impl.core.leader", lines, "").applied()


def test_the_places_of_a_module():
    found = [(each.within, each.kind, each.before, each.after) for each in changes(ast.parse(SOURCE))]
    assert found == [
        ("Log.__init__", "removed", "self.open()", "pass"),
        ("Log.cut", "compared", "to < self.end", "to <= self.end"),
        ("Log.cut", "negated", "to < self.end", "not to < self.end"),
        ("Log.cut", "removed", "self.end = to", "pass"),
        ("Log.cut", "exchanged", "max(to, 1)", "min(to, 1)"),
        ("Log.cut", "off by one", "1", "2"),
        ("Log.cut", "off by one", "1", "0"),
    ]


def test_a_change_is_made_where_it_says_and_nowhere_else():
    was = ast.unparse(ast.parse(SOURCE)).splitlines()
    for number, change in enumerate(changes(ast.parse(SOURCE))):
        lines = changed(SOURCE, number).splitlines()
        differing = [(old, new) for old, new in zip(was, lines, strict=True) if old != new]
        assert len(differing) == 1, change
        assert differing[0][0].replace(change.before, change.after) == differing[0][1], change


def test_a_probe_fails_where_the_statement_is_reached():
    line = SOURCE.splitlines().index("            self.end = to") + 1
    scope: dict[str, Any] = {}
    exec(probed(SOURCE.replace("self.open()", "pass"), line), scope)
    log = scope["Log"](5)
    assert log.cut(7) == 7
    with pytest.raises(AssertionError, match="reached"):
        log.cut(2)


def test_the_sample_is_the_same_for_a_seed_and_another_for_another():
    assert "impl.core.leader" in modules()
    assert "impl.storage.cleaning.cleaner" not in modules()
    first = [(place.module, place.number) for place in shuffled(1)]
    assert first == [(place.module, place.number) for place in shuffled(1)]
    assert first != [(place.module, place.number) for place in shuffled(2)]
    assert sorted(first) == sorted((place.module, place.number) for place in shuffled(2))


def test_a_bug_is_found_by_the_search_and_the_tree_is_as_it_was():
    bug = BUGS["watermark-past-the-end"]
    before = sha256(path_of(bug.module).read_bytes()).hexdigest()
    result = measured(bug.module, bug.applied(), 0, 30.0, "mixed")
    assert result.invariant == "high_watermark_bound"
    assert result.failed is not None
    assert without(result.failed) is None
    assert sha256(path_of(bug.module).read_bytes()).hexdigest() == before
    row = {"id": bug.id, "found": True, "runs": result.runs, "seconds": result.seconds, "invariant": result.invariant}
    assert "found" in told(row)


def test_the_unchanged_broker_is_not_taken_for_a_bug():
    result = measured("impl.core.leader", source_of("impl.core.leader"), 0, 1.0, "mixed")
    assert result.invariant is None
    assert result.runs > 0


def test_a_module_no_run_can_start_with_is_a_failed_run():
    result = measured("impl.core.leader", "raise ValueError('not a broker')", 0, 1.0, "mixed")
    assert result.invariant == "no_exception"
    assert "not a broker" in str(result.sentence)
