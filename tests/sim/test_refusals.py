"""A disk that refuses something: what it was is told, and what memory is worth after it."""

import pytest

from campaign import trial
from campaign.profiles import PROFILES
from impl.sim import faults
from impl.sim.drivers import Recorded
from impl.sim.files import SimFile, Trouble, input_output_error
from impl.sim.scenario import Scenario
from impl.sim.world import World
from tests.sim.test_faults import Watcher

SCENARIO = Scenario(horizon_ms=1_200, settle_ms_max=15_000)
SENDS = {("send", slot, client): 1 for slot in range(0, 40, 2) for client in (1, 2)}


def told(*fault_of_n2: int | str, scenario: Scenario = SCENARIO) -> list[str]:
    """The kinds of fault that an observer of n2 hears of, in order."""
    kind, second = fault_of_n2
    value = scenario.table().encode(str(kind), 2, int(second), 40)
    watcher = Watcher()
    World(scenario, Recorded(SENDS | {("fault", 5): value}), observer=watcher).run()
    return [kind for kind, targets in watcher.faults if targets == ("n2",)]


@pytest.mark.parametrize(
    ("kind", "second", "comes_of_it"),
    [
        (faults.SHORT_WRITE, 1, [faults.SHORT_WRITE, faults.CRASH]),
        (faults.INPUT_OUTPUT_ERROR, 1, [faults.INPUT_OUTPUT_ERROR, faults.POWER_LOSS]),
        (faults.READ_ERROR, 0, [faults.CRASH, faults.READ_ERROR]),
        (faults.DISK_FULL, 0, [faults.DISK_FULL, faults.CRASH]),
    ],
)
def test_a_refusal_is_told_as_what_it_is(kind, second, comes_of_it):
    assert told(kind, second)[:2] == comes_of_it


def test_what_comes_after_an_input_output_error_makes_nothing_good():
    disk = Trouble()
    file = SimFile(disk, segment=True)
    file.append(b"one")
    disk.fail_after(1, input_output_error)
    with pytest.raises(OSError, match="Input/output error"):
        file.sync()
    disk.full = True
    with pytest.raises(OSError, match="No space left"):
        file.append(b"two")
    assert disk.refused == faults.INPUT_OUTPUT_ERROR
    file.sync()
    assert file.unsynced() == 3


def durable(*placed: tuple[int, str, int, int]) -> trial.Trial:
    """A run of synced logs with faults of n1: slot, kind, second, duration."""
    scenario = PROFILES["durable"].scenario
    table = scenario.table()
    choices = {("fault", slot): table.encode(kind, 1, second, ms) for slot, kind, second, ms in placed}
    return trial.run(scenario, Recorded({("send", 3, 2): 1, **choices}))


def test_a_full_disk_hides_no_sync_that_failed():
    """What memory has of a file that could not be synced is not what the disk has, whatever stopped the broker then."""
    ran = durable(
        (0, faults.CRASH, 0, 40),
        (2, faults.INPUT_OUTPUT_ERROR, 1, 40),
        (3, faults.DISK_FULL, 0, 40),
        (4, faults.RECONFIGURE, 0, 40),
        (55, faults.POWER_LOSS, 0, 40),
    )
    assert ran.violated is None
    assert ran.healthy


@pytest.mark.parametrize("operation", range(1, 1 + faults.WRITES_MAX))
def test_a_start_that_cannot_sync_begins_anew_on_what_the_disk_has(operation):
    ran = durable(
        (20, faults.CRASH, 0, 40), (22, faults.INPUT_OUTPUT_ERROR, operation, 40), (60, faults.POWER_LOSS, 0, 40)
    )
    assert ran.violated is None
    assert ran.healthy


@pytest.mark.parametrize("change", range(1, 1 + faults.CHANGES_MAX))
def test_a_power_loss_in_the_middle_of_a_checkpoint_loses_nothing(change):
    assert told(faults.POWER_LOSS_MID_CHECKPOINT, change) == [faults.POWER_LOSS]
    assert durable((5, faults.POWER_LOSS_MID_CHECKPOINT, change, 40)).healthy


@pytest.mark.parametrize("change", [1, 5, 9, 14, 19, faults.CHANGES_OF_A_STOP_MAX])
def test_a_stop_may_be_cut_short(change):
    heard = told(faults.STOP_CUT_SHORT, change)
    assert heard in ([faults.STOP, faults.POWER_LOSS], [faults.STOP, faults.STOPPED])
    assert durable((5, faults.STOP_CUT_SHORT, change, 40)).healthy


def test_only_what_holds_no_records_counts():
    disk = Trouble()
    segment, checkpoint = SimFile(disk, segment=True), SimFile(disk)
    disk.fail_after(2, input_output_error, aside=True)
    for _ in range(3):
        segment.append(b"one")
        segment.sync()
    checkpoint.append(b"one")
    with pytest.raises(OSError, match="Input/output error"):
        checkpoint.sync()
