"""Ways of changing voters that do not hold: before a record of the leader's own epoch is committed, and two at once.

One rule: each differs from the model's own action in the guard that it leaves out.
"""

from model.design import Variant
from model.language import Replica, action, ghost, require
from model.quorum.voter_leader import change, has_own_commit, no_change_pending, write
from model.quorum.voter_state import VotersState, in_force


@action
def add_before_own_commit(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A new leader adds a voter at once."""
    require(s.leading[leader] and voter not in in_force(s, leader))
    require(no_change_pending(s, leader))
    with ghost:
        change(s, leader)
    write(s, leader, in_force(s, leader) | {voter})


@action
def remove_before_own_commit(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A new leader removes a voter at once."""
    require(s.leading[leader] and voter in in_force(s, leader))
    require(any(r != voter and r in in_force(s, leader) for r in Replica))
    require(no_change_pending(s, leader))
    with ghost:
        change(s, leader)
    write(s, leader, in_force(s, leader) - {voter})


@action
def remove_before_last_change(s: VotersState, leader: Replica, voter: Replica) -> None:
    """A leader removes a voter while its last change is not committed."""
    require(s.leading[leader] and voter in in_force(s, leader))
    require(any(r != voter and r in in_force(s, leader) for r in Replica))
    require(has_own_commit(s, leader))
    with ghost:
        change(s, leader)
    write(s, leader, in_force(s, leader) - {voter})


VARIANTS = (
    Variant(
        id="change-before-own-commit",
        sentence="A leader changes the voters before it has committed a record of its own epoch.",
        replaces={"add_voter": add_before_own_commit, "remove_voter": remove_before_own_commit},
    ),
    Variant(
        id="two-changes-at-once",
        sentence="A leader changes the voters while its last change is not committed.",
        replaces={"remove_voter": remove_before_last_change},
    ),
)
