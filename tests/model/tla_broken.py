"""Models that have no TLA+ rendering, each for one reason.

What the language itself would refuse is marked unchecked, as a word would be that it learns before its printer does.
"""

from model.design import Model, Python
from model.language import Cell, LeaderEpoch, Log, ModelState, Replica, ReplicaSet, Table, action, initial, require
from model.syntax import ATTRIBUTE, load


class State(ModelState):
    newest: Cell[LeaderEpoch]
    log: Table[Replica, Log]


def unchecked(function: Python) -> Python:
    """Marks an action without asking whether it is one of the language."""
    setattr(function, ATTRIBUTE, load(function, "action"))
    return function


def majority_of_two(count: int) -> bool:
    """No word of the language, and no definition."""
    return count > 1


@initial
def created(s: State, members: ReplicaSet) -> None:
    """The first epoch, of some members."""
    require(any(r in members for r in Replica))
    s.newest = 0


@initial
def nobody(s: State) -> None:
    """No members."""
    s.newest = 0


@action
def init(s: State, r: Replica) -> None:
    """Has a name that every module has."""
    require(len(s.log[r]) == 0)
    s.newest += 1


@unchecked
def count(s: State, r: Replica) -> None:
    """Uses a word that is none."""
    require(majority_of_two(len(s.log[r])))
    s.newest += 1


@unchecked
def cut(s: State, r: Replica) -> None:
    """Has a slice without an end."""
    s.log[r] = s.log[r][1:]


def model_of(step: Python, first: Python = created) -> Model:
    return Model(name="broken", state=State, initial=first, actions=(step,), macros=(), safety=(), variants=())


UNKNOWN_WORD = model_of(count)
CLASH = model_of(init)
NO_MEMBERS = model_of(cut, nobody)
OPEN_SLICE = model_of(cut)
