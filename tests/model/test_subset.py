"""What the model language refuses, when the module loads: file, line, and what to write instead."""

import importlib.util
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from model.language import OutsideSubset
from model.syntax import of

HEADER = """
from model.language import (
    Cell, Entry, Ghost, LeaderEpoch, Log, ModelState, Offset, Replica, ReplicaSet, Table,
    action, conjunct, definition, ghost, implies, initial, known, macro, require, safety,
)

NO_EPOCH = -1
PAIR = (1, 2)

class State(ModelState):
    newest: Cell[LeaderEpoch]
    epoch: Table[Replica, LeaderEpoch]
    counted: Table[tuple[Replica, Replica], Offset]
    log: Table[Replica, Log]
    members: Table[Replica, ReplicaSet]
    wrote: Ghost[Table[Replica, Offset]]

@definition
def written(s: State, r: Replica) -> int:
    return s.wrote[r]

@action
def grow(s: State, r: Replica) -> None:
    require(s.epoch[r] < s.newest)
    s.epoch[r] += 1
    with ghost:
        s.wrote[r] = len(s.log[r])

"""
NUMBER = itertools.count()

Load = Callable[[str], ModuleType]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Writes a model module and loads it."""

    def loaded(source: str) -> ModuleType:
        name = f"model_under_test_{next(NUMBER)}"
        file = tmp_path / f"{name}.py"
        file.write_text(HEADER + source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        finally:
            del sys.modules[name]
        return module

    return loaded


STATEMENTS = [
    ("if s.newest > 0:\n        s.newest = 0", "`If`", "x if condition else y"),
    ("for r in Replica:\n        s.epoch[r] = 0", "`For`", "{key: value for key in Domain}"),
    ("while s.newest > 0:\n        s.newest -= 1", "`While`", "table comprehension"),
    ("try:\n        s.newest = 0\n    except ValueError:\n        s.newest = 1", "`Try`", "require"),
    ("assert s.newest > 0", "`Assert`", "require"),
    ("x = s.newest", "an assignment to `x`", "a variable of the state"),
    ("s.newest = s.epoch[a] = 0", "a chained assignment", "one assignment per line"),
    ("s.newest *= 2", "`Mult=`", "+= or -="),
    ("s.nothing = 1", "the variable `nothing`", "one that State declares"),
    ("s.epoch = 1", "an assignment to the whole table `epoch`", "s.table[key] = value"),
    ("s.epoch[a, b] = 1", "`s.epoch[a, b]`", "1 key(s): Replica"),
    ("s.counted[a] = 1", "`s.counted[a]`", "2 key(s): Replica, Replica"),
    ("s.epoch = {r: 0 for r in Offset}", "this comprehension for `epoch`", "over each of its keys: Replica"),
    ("s.epoch = {r: 0 for r in Replica if r == a}", "this comprehension for `epoch`", "without `if`"),
    ("s.epoch[a] = {r: 0 for r in Replica}", "a comprehension for one key", "s.table = {"),
    ("s.newest = 1\n    require(s.newest == 1)", "`require` after an assignment", "before the first assignment"),
    ("s.wrote[a] = 1", "an assignment to ghost variable `wrote`", "ghosts under `with ghost:`"),
    ("with ghost:\n        s.newest = 1", "`newest`, no ghost,", "all others outside"),
    ("with open('x'):\n        s.newest = 1", "`with`", "`with ghost:`"),
    ("s.newest = s.wrote[a]", "a read of ghost variable `wrote`", "what the protocol itself knows"),
    ("s.newest = written(s, a)", "a call of `written`, which reads ghosts,", "`with ghost:`"),
    ("s.newest: int = 1", "`AnnAssign`", "a plain assignment"),
    ("del s.newest", "`Delete`", "default value"),
]
EXPRESSIONS = [
    ("s.newest * 2", "`Mult`", "+ and -"),
    ("1.5", "the constant 1.5", "ints and bools"),
    ("'text'", "the constant 'text'", "ints and bools"),
    ("unheard_of", "the name `unheard_of`", "a parameter, a loop variable"),
    ("PAIR", "the name `PAIR`", "an int constant"),
    ("Replica", "the domain `Replica` as a value", "all(... for x in Replica)"),
    ("s", "the whole state `s`", "one of its variables"),
    ("abs(s.newest)", "a call of `abs`", "marked @definition"),
    ("grow(s, a)", "a call of `grow`", "marked @definition"),
    ("len(s.log[a], 1)", "`len(s.log[a], 1)`", "exactly 1 positional"),
    ("min(s.newest, 1, 2)", "`min(s.newest, 1, 2)`", "exactly 2 positional"),
    ("max(s.newest, default=1)", "default=1", "exactly 2 positional"),
    ("s.newest is a", "`Is`", "== or !="),
    ("all([True])", "`all` of a value", "all(... for x in Domain"),
    ("all(x for x in (1, 2))", "a loop over `(1, 2)`", "Replica, LeaderEpoch"),
    ("any(x for x, y in Replica)", "a loop over tuples", "one name per loop"),
    ("(lambda: 1)()", "a call of `lambda: 1`", "@definition"),
    ("[r for r in Replica]", "`ListComp`", "all(... for ...)"),
    ("{r for r in Replica}", "`SetComp`", "a set expression"),
    ("{a: 1}", "`Dict`", "{key: value for key in Domain}"),
    ("(a, b)", "a tuple", "a one-entry log"),
    ("s.log[a][::2]", "the slice `s.log[a][::2]`", "log[:end]"),
    ("s.log[a][1:]", "the slice `s.log[a][1:]`", "log[:end]"),
    ("s.log[a].size", "the attribute `size`", "an entry's epoch or value"),
    ("(x := 1)", "`NamedExpr`", "@definition"),
    ("f'{a}'", "`JoinedStr`", "no text"),
    ("~s.newest", "`UnaryOp`", "an expression of the model language"),
]


def refusal(load: Load, source: str) -> OutsideSubset:
    with pytest.raises(OutsideSubset) as caught:
        load(source)
    return caught.value


@pytest.mark.parametrize(("statement", "found", "remedy"), STATEMENTS)
def test_a_statement_outside_the_subset_is_refused_at_its_line(
    load: Load, statement: str, found: str, remedy: str
) -> None:
    refused = refusal(load, f"@action\ndef step(s: State, a: Replica, b: Replica) -> None:\n    {statement}\n")
    assert found in refused.found
    assert remedy in refused.remedy
    assert refused.line >= HEADER.count("\n") + 3
    assert str(refused).startswith(f"{refused.file}:{refused.line}: ")


@pytest.mark.parametrize(("expression", "found", "remedy"), EXPRESSIONS)
def test_an_expression_outside_the_subset_is_refused(load: Load, expression: str, found: str, remedy: str) -> None:
    refused = refusal(
        load, f"@action\ndef step(s: State, a: Replica, b: Replica) -> None:\n    s.newest = {expression}\n"
    )
    assert found in refused.found
    assert remedy in refused.remedy


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("@action\ndef step(s: State, a: int) -> None:\n    s.newest = 1\n", "parameter `a` over `int`"),
        ("@action\ndef step(s: State, a) -> None:\n    s.newest = 1\n", "parameter `a` over `nothing`"),
        (
            "@action\ndef step(s: State, a: Replica = 0) -> None:\n    s.newest = 1\n",
            "a default, keyword-only or starred",
        ),
        ("@action\ndef step(a: Replica) -> None:\n    require(a == 1)\n", "a first parameter that is no state"),
        ("@safety\ndef holds(s: State) -> bool:\n    s.newest = 1\n    return True\n", "more than one statement"),
        ("@safety\ndef holds(s: State) -> bool:\n    s.newest = 1\n", "`Assign`"),
        ("@macro\ndef both(s: State, r: Replica) -> None:\n    s.newest = 1\n", "`s.newest = 1` in a macro"),
        ("@macro\ndef both(s: State, r: Replica) -> None:\n    grow(s)\n", "`grow(s)`"),
        ("@conjunct(at=lambda e: (e,))\ndef c(s: State) -> bool:\n    return True\n", "this `at`"),
    ],
)
def test_a_function_of_another_shape_than_its_role_is_refused(load: Load, source: str, found: str) -> None:
    assert found in refusal(load, source).found


def test_what_the_language_has_is_accepted(load: Load) -> None:
    module = load(
        """
@definition
def longest(a: Log, b: Log) -> int:
    return max(len(a), len(b))

@action
def step(s: State, a: Replica, kept: ReplicaSet) -> None:
    require(a in kept and not s.newest == NO_EPOCH and implies(s.newest > 1, known(s.newest)))
    require(all(s.log[a][o].epoch <= s.newest < 9 for o in range(len(s.log[a]))))
    require(any(r != a for r in Replica if r in s.members[a] - {a} | kept & s.members[a]))
    s.log[a] = s.log[a] + (Entry(s.newest, 1),)
    s.counted = {(x, y): -1 if x == a else s.counted[x, y] for x in Replica for y in Replica}
    s.newest += longest(s.log[a], s.log[a][:1]) - 1
    with ghost:
        s.wrote[a] = written(s, a) + 1

@macro
def twice(s: State, r: Replica) -> None:
    grow(s, r)
    grow(s, r)

@conjunct(at=lambda s, r: (s.log[r][0],))
def written_is_held(s: State) -> bool:
    return all(s.wrote[r] <= len(s.log[r]) for r in Replica)
"""
    )
    step, conjunct = of(module.step), of(module.written_is_held)
    assert step is not None
    assert conjunct is not None
    assert len(step.requires) == 5
    assert step.writes(ghosts=False) == {"log", "counted", "newest"}
    assert step.writes(ghosts=True) == {"log", "counted", "newest", "wrote"}
    assert conjunct.uses_ghosts
    assert conjunct.trigger is not None
