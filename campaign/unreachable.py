"""What no run of the world can reach, and why: so that a cell which stays empty elsewhere means something.

One rule: a cell is called unreachable for a reason that is in the code of the broker or of the world, told here; that
it was never seen is no reason. Whatever is reached all the same fails a test (`tests/campaign/test_coverage.py`).
"""

from impl.sim import faults
from traces.abstraction import START

ACTIONS = {
    "elect_none": "a controller that finds nobody to elect leaves a partition as it is",
    "leader_loses_power": "a broker registers anew only once it is fenced, and who is fenced leads nothing; "
    "it takes one failing log directory of several, and a simulated broker has one",
    "resume": "a broker is fenced before it registers anew, so that who comes back leads in a new epoch only",
    "roll_back": "a leader never takes a proposal back (docs/decisions/0004-no-rollback.md)",
}
"""Of the model, and not of this broker or this world."""

_ONLY_AFTER = {
    "expand_isr": ("acknowledge",),
    "advance_high_watermark": ("acknowledge", "append", "become_leader", "learn_isr"),
}
"""Told in the same step as the action before it."""
_ONLY_BEFORE = {
    START: ("elect",),
    "flush": ("lose_power", "member_loses_power"),
}
"""The first leader is elected when a partition is made; that all is on disk is told when a broker comes back."""

_OF_CONTROLLERS = frozenset(
    {
        faults.CONTROLLER_CRASH,
        faults.BLACKOUT,
        faults.POWER_LOSS,
        faults.CRASH_MID_WRITE,
        faults.POWER_LOSS_MID_WRITE,
        faults.PAUSE,
        faults.BREAK,
        faults.BLOCK,
        faults.LAG,
        faults.ISOLATE,
        faults.MINIMUM,
        faults.INPUT_OUTPUT_ERROR,
        faults.DISK_FULL,
        faults.SLOW_DISK,
        faults.LOST_WRITE,
        faults.MISDIRECTED_WRITE,
        faults.BIT_FLIP,
        faults.CLOCK_JUMP,
        faults.CLOCK_DRIFT,
    }
)


def may_fail(kind: str, role: str) -> bool:
    """Whether the world has such a fault for such a process."""
    if role == "controller":
        return kind in _OF_CONTROLLERS
    if role == "client":
        return kind == faults.BREAK
    return kind not in (faults.CONTROLLER_CRASH, faults.MINIMUM)


def may_be_taken(action: str) -> bool:
    return action not in ACTIONS


def may_follow(before: str, action: str) -> bool:
    """Whether the one may come right before the other in a partition."""
    if before in ACTIONS or action in ACTIONS:
        return False
    after = _ONLY_AFTER.get(action)
    if after is not None and before not in after:
        return False
    only = _ONLY_BEFORE.get(before)
    return only is None or action in only
