"""Following `survival`: whatever the model does is followed when told, and lies about it are found."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from tests.traces.telling import KAFKA_EPOCH, P, Telling
from traces import facts as f
from traces.abstraction import DivergedError
from traces.following import Follower


def followed(told: list[tuple[int, Any]], **settings: Any) -> Follower:
    follower = Follower("survival", **settings)
    for node, fact in told:
        follower.fact(node or -1, fact)
    return follower


def diverges(told: list[tuple[int, Any]], **settings: Any) -> DivergedError:
    with pytest.raises(DivergedError) as caught:
        followed(told, **settings)
    return caught.value


@pytest.mark.parametrize("seed", range(12))
def test_any_execution_of_the_model_is_followed_to_the_state_it_leads_to(seed: int) -> None:
    telling = Telling(seed)
    telling.walk(400)
    follower = followed(telling.told)
    ours, theirs = follower.partitions[P].state, telling.state
    for name in ("log", "high_watermark", "leader_epoch", "leading", "isr", "elr", "broker_epoch", "maximal_isr"):
        assert dict(getattr(ours, name)) == dict(getattr(theirs, name)), name
    assert ours.newest_partition_epoch == theirs.newest_partition_epoch
    assert follower.end(0) is None


def test_the_walks_take_every_action_that_a_broker_tells() -> None:
    taken: Counter[str] = Counter()
    for seed in (*range(20), 26):
        telling = Telling(seed)
        telling.walk(400)
        taken += followed(telling.told).partitions[P].taken
    assert set(Telling(0).machine.parameters) - set(taken) == {"flush", "roll_back"}


@pytest.mark.parametrize("seed", range(6))
def test_every_decision_may_be_told_twice(seed: int) -> None:
    telling = Telling(seed)
    telling.walk(150)
    twice = [(node, fact) for node, fact in telling.told for _ in range(1 if node else 2)]
    assert followed(twice).partitions[P].taken == followed(telling.told).partitions[P].taken


def _changes(fact: Any) -> list[Any]:
    changed = []
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if type(value) is bool and name != "clean":
            changed.append(msgspec.structs.replace(fact, **{name: not value}))
        elif type(value) is int and name not in UNSEEN:
            changed.append(msgspec.structs.replace(fact, **{name: value + 1}))
        elif isinstance(value, tuple) and name in ("isr", "elr", "maximal_isr"):
            other = value[1:] if value else (1,)
            changed.append(msgspec.structs.replace(fact, **{name: other}))
    return changed


UNSEEN = {"offset", "high_watermark", "diverging_epoch", "diverging_end", "last_fetched_epoch", "tail_from"}
"""Any value, or any lower one, could have happened as well."""
ALWAYS_SEEN = {"isr", "elr", "maximal_isr", "partition_epoch", "log_end", "start_offset"}
"""Others could have happened as well, where nothing that follows shows which it was."""


def test_a_changed_field_of_a_decision_or_of_a_registration_is_noticed() -> None:
    noticed: set[tuple[str, str]] = set()
    missed: set[tuple[str, str]] = set()
    for seed in range(3):
        telling = Telling(seed)
        telling.walk(120)
        for place, (node, fact) in enumerate(telling.told):
            for changed in _changes(fact):
                told = [*telling.told[:place], (node, changed), *telling.told[place + 1 :]]
                field = next(n for n in fact.__struct_fields__ if getattr(fact, n) != getattr(changed, n))
                try:
                    followed(told)
                except DivergedError:
                    noticed.add((type(fact).__name__, field))
                else:
                    missed.add((type(fact).__name__, field))
    assert {field for _, field in missed}.isdisjoint(ALWAYS_SEEN)
    for field in ("elr", "enough", "isr", "leader_epoch", "partition_epoch", "broker_epoch"):
        assert any(seen == field for _, seen in noticed), field


# ---------------------------------------------------------------- by hand
def begun() -> list[tuple[int, Any]]:
    """n1 leads epoch 0 with one record, which n2 and n3 have copied."""
    batch = f.Content(0, 1, 0, 0xA, -1, -1, -1)
    members = {"partition": P, "leader_epoch": 0}
    told: list[tuple[int, Any]] = [
        (0, f.CreatePartition(partition=P, replicas=(1, 2, 3), isr=(1, 2, 3), leader=1)),
        (1, f.BecomeLeader(**members, partition_epoch=0, isr=(1, 2, 3), start_offset=0)),
        (1, f.Append(**members, batch=batch)),
    ]
    probe = {"offset": 0, "last_fetched_epoch": -1, "diverging_epoch": -1, "diverging_end": -1, "log_end": 1}
    for node in (2, 3):
        told += [
            (node, f.BecomeFollower(**members, leader=1)),
            (1, f.AnswerProbe(**members, **probe)),
            (node, f.Reconcile(**members, leader=1, log_end=0)),
            (node, f.SendFetch(**members, leader=1, offset=0, broker_epoch=KAFKA_EPOCH)),
            (1, f.Acknowledge(**members, follower=node, offset=0, broker_epoch=KAFKA_EPOCH)),
            (1, f.AnswerFetch(**members, follower=node, offset=0, log_end=1, high_watermark=0)),
            (node, f.ReceiveFetch(**members, leader=1, log_end=1, high_watermark=0, batches=(batch,))),
        ]
    return told


def lost(node: int, log_end: int) -> tuple[int, Any]:
    return node, f.Restart(partition=P, log_end=log_end, high_watermark=0, tail_from=log_end, tail=(), clean=False)


def member_loses(node: int, isr: tuple[int, ...], broker_epoch: int = 40) -> tuple[int, Any]:
    version = {"partition": P, "leader_epoch": 0, "partition_epoch": 1}
    return 0, f.MemberLosesPower(**version, isr=isr, replica=node, broker_epoch=broker_epoch)


def test_a_broker_that_is_back_does_nothing_before_it_is_registered() -> None:
    early = (2, f.BecomeFollower(partition=P, leader_epoch=0, leader=1))
    assert "acts before the controller has told that it registered" in str(diverges([*begun(), lost(2, 0), early]))
    assert followed([*begun(), lost(2, 0), member_loses(2, (1, 3)), early]).partitions[P].ends(2) == (0, 0)


def test_a_broker_that_says_it_stopped_cleanly_has_all_of_its_log() -> None:
    clean = (0, f.Register(partition=P, replica=2, broker_epoch=40))
    found = diverges([*begun(), lost(2, 0), clean])
    assert str(found) == "n2 registers as stopped cleanly, and has come back with 0 of its 1 records"


def test_nothing_that_was_synced_is_lost() -> None:
    found = diverges([*begun(), lost(2, 0), member_loses(2, (1, 3))], synced=True)
    assert found.conjunct == "on_disk(s, replica, kept, high_watermark)"


def test_a_member_that_lost_power_leaves_the_in_sync_set() -> None:
    found = diverges([*begun(), lost(2, 0), member_loses(2, (1, 2, 3))])
    assert str(found) == "it says isr is [1, 2, 3], in the model it is [1, 3]"


def test_an_older_registration_proves_nothing() -> None:
    told = [*begun(), lost(2, 0), member_loses(2, (1, 3))]
    counted = {"partition": P, "leader_epoch": 0, "follower": 2, "offset": 0}
    followed([*told, (1, f.Acknowledge(**counted, broker_epoch=KAFKA_EPOCH))])
    assert "has no registration 30" in str(diverges([*told, (1, f.Acknowledge(**counted, broker_epoch=30))]))
    assert diverges([*told, (1, f.Acknowledge(**counted, broker_epoch=40))]).conjunct.startswith("0 <= offset")


def test_a_later_registration_of_a_process_finds_what_the_earlier_found() -> None:
    """The registration of the process before it arrives late: two of them, and one broker that has come back."""
    again = (0, f.LosePower(partition=P, replica=2, broker_epoch=50))
    follower = followed([*begun(), lost(2, 1), member_loses(2, (1, 3)), again, *reconciles(2, 1)])
    assert follower.partitions[P].ends(2) == (1, 0)


def reconciles(node: int, log_end: int) -> list[tuple[int, Any]]:
    told = {"partition": P, "leader_epoch": 0, "leader": 1}
    return [(node, f.BecomeFollower(**told)), (node, f.Reconcile(**told, log_end=log_end))]


def test_a_broker_that_tells_of_no_log_shows_what_it_has() -> None:
    registered = [*begun(), member_loses(2, (1, 3))]
    assert followed(registered).partitions[P].ends(2) is None
    for log_end in (0, 1):
        assert followed([*registered, *reconciles(2, log_end)]).partitions[P].ends(2) == (log_end, 0)
    assert str(diverges([*registered, *reconciles(2, 2)])) == "it says log_end is 2, in the model it is 1"


def test_a_disk_that_was_replaced_is_another_replica_under_the_same_registration() -> None:
    """Whoever had the old disk does nothing more; the new one begins as a replica that nobody has seen."""
    told = [*begun(), member_loses(2, (1, 3)), *reconciles(2, 0)]
    partition = followed(told, synced=True).partitions[P]
    (gone,) = partition.former
    assert partition.former == {gone: 2}
    assert (len(partition.state.log[gone]), len(partition.state.log[2])) == (1, 0)
    assert partition.registrations[2] == {40: 0}
    assert 40 not in partition.registrations[gone]
    asks = {"partition": P, "leader_epoch": 0, "offset": 0, "broker_epoch": 40}
    on = [(2, f.SendFetch(**asks, leader=1)), (1, f.Acknowledge(**asks, follower=2))]
    assert followed([*told, *on], synced=True).partitions[P].state.acknowledged[1, 2] == 0
    further = (2, f.SendFetch(**{**asks, "offset": 1}, leader=1))
    assert diverges([*told, further], synced=True).action == "send_fetch"


def test_a_leader_that_takes_the_new_disk_for_the_old_one_is_outside_the_model() -> None:
    """It has not heard yet that the member was taken out, and waits for it: more than it must."""
    told = [*begun(), member_loses(2, (1, 3)), *reconciles(2, 0)]
    asks = {"partition": P, "leader_epoch": 0, "offset": 0, "broker_epoch": 40}
    batch = f.Content(0, 1, 0, 0xA, -1, -1, -1)
    version = {"partition": P, "leader_epoch": 0}
    told += [(2, f.SendFetch(**asks, leader=1)), (1, f.Acknowledge(**asks, follower=2))]
    told += [(1, f.AnswerFetch(**version, follower=2, offset=0, log_end=1, high_watermark=0))]
    told += [(2, f.ReceiveFetch(**version, leader=1, log_end=1, high_watermark=0, batches=(batch,)))]
    for node, registration in ((2, 40), (3, KAFKA_EPOCH)):
        asked = {**asks, "offset": 1, "broker_epoch": registration}
        told += [(node, f.SendFetch(**asked, leader=1)), (1, f.Acknowledge(**asked, follower=node))]
    advance = (1, f.AdvanceHighWatermark(**version, to=1, maximal_isr=(1, 2, 3)))
    found = diverges([*told, advance], synced=True)
    assert found.outside
    assert "n1 counts n2 with its new disk for what it was with the old one" in str(found)
    heard = {"partition": P, "leader_epoch": 0, "partition_epoch": 1, "isr": (1, 3)}
    commits = (1, f.AdvanceHighWatermark(**version, to=1, maximal_isr=(1, 3)))
    assert followed([*told, (1, f.LearnIsr(**heard)), commits], synced=True).partitions[P].ends(1) == (1, 1)


def test_a_replaced_disk_whose_replica_is_elected_before_it_shows_is_outside_the_model() -> None:
    elected = (0, f.ElectUnclean(**version(1, 2, (2,)), leader=2))
    leads = (2, f.BecomeLeader(**version(1, 2, (2,)), start_offset=0))
    found = diverges([*begun(), member_loses(2, (1, 3)), elected, leads], synced=True)
    assert found.outside
    assert "the disk was replaced, which is outside the model survival" in str(found)


def test_who_does_not_say_under_which_registration_is_outside() -> None:
    unsaid = (1, f.Acknowledge(partition=P, leader_epoch=0, follower=2, offset=0))
    assert diverges([*begun(), unsaid]).outside


def test_a_decision_told_otherwise_the_second_time_diverges() -> None:
    version = {"partition": P, "leader_epoch": 0, "partition_epoch": 1, "enough": True}
    told = [*begun(), (0, f.Fence(**version, isr=(1, 2), removed=3))]
    followed([*told, told[-1]])
    found = diverges([*told, (0, f.Fence(**version, isr=(1, 3), removed=2))])
    assert "told before was fence (leader_epoch 0, partition_epoch 1, isr (1, 2)" in str(found)


# ---------------------------------------------------------------- members that come and go
def version(epoch: int, partition_epoch: int, isr: tuple[int, ...], **fields: Any) -> dict[str, Any]:
    return {"partition": P, "leader_epoch": epoch, "partition_epoch": partition_epoch, "isr": isr, **fields}


def test_replicas_are_added_and_taken_out() -> None:
    told = [
        *begun(),
        (0, f.AddReplicas(**version(0, 1, (1, 2, 3)), added=(4,), replicas=(1, 2, 3, 4))),
        (4, f.BecomeFollower(partition=P, leader_epoch=0, leader=1)),
        (4, f.Reconcile(partition=P, leader_epoch=0, leader=1, log_end=0)),
        (4, f.SendFetch(partition=P, leader_epoch=0, leader=1, offset=0, broker_epoch=70)),
        (0, f.Reassign(**version(1, 2, (1, 3)), leader=1, removed=2, replicas=(1, 3, 4))),
        (2, f.DeleteReplica(partition=P)),
        (0, f.AddReplicas(**version(1, 3, (1, 3)), added=(2,), replicas=(1, 2, 3, 4))),
        (2, f.BecomeFollower(partition=P, leader_epoch=1, leader=1)),
    ]
    refinement = followed(told).partitions[P]
    assert refinement.machine.members >= {1, 2, 3, 4}
    assert (refinement.ends(2), refinement.ends(3)) == ((0, 0), (1, 0))
    assert refinement.state.broker_epoch[2] == 0


def test_a_member_that_deletes_its_log_is_found() -> None:
    told = [*begun(), (3, f.DeleteReplica(partition=P)), (0, f.Fence(**version(0, 1, (1, 2)), removed=3))]
    assert "in the model it is" in str(diverges(told))


def test_a_leader_of_an_epoch_that_is_over_counts_a_replica_that_is_gone() -> None:
    asks = {"partition": P, "leader_epoch": 0, "offset": 1, "broker_epoch": KAFKA_EPOCH}
    expansion = f.ExpandIsr(**version(0, 1, (1, 2, 3)), follower=2, broker_epoch=KAFKA_EPOCH)
    told = [
        *begun(),
        (0, f.Fence(**version(0, 1, (1, 3)), removed=2)),
        (1, f.LearnIsr(**version(0, 1, (1, 3)))),
        (2, f.SendFetch(**asks, leader=1)),
        (0, f.Reassign(**version(1, 2, (1, 3)), leader=3, removed=2, replicas=(1, 3))),
        (2, f.DeleteReplica(partition=P)),
        (1, f.Acknowledge(**asks, follower=2)),
        (1, expansion),
    ]
    state = followed(told).partitions[P].state
    gone = min(state.maximal_isr[1])
    assert gone < 0
    assert sorted(state.maximal_isr[1]) == [gone, 1, 3]
    assert state.acknowledged[1, gone] == 1
    stranger = [*told[:-1], (1, msgspec.structs.replace(expansion, broker_epoch=KAFKA_EPOCH + 1))]
    assert diverges(stranger).action == "expand_isr"


def test_a_minimum_that_changes_decides_anew_who_is_eligible() -> None:
    told = [
        *begun(),
        (0, f.Fence(**version(0, 1, (1, 2, 3), enough=False), removed=-1)),
        (0, f.Fence(**version(0, 2, (1, 2), elr=(3,), enough=False), removed=3)),
        (0, f.Fence(**version(0, 3, (1, 2)), removed=-1)),
    ]
    assert followed(told).partitions[P].state.elr[1] == frozenset()
    kept = [*told[:-1], (0, f.Fence(**version(0, 3, (1, 2), elr=(3,)), removed=-1))]
    assert str(diverges(kept)) == "it says elr is [3], in the model it is []"


def test_a_deleted_partition_is_told_of_by_those_who_have_yet_to_hear() -> None:
    told = [
        *begun(),
        (0, f.DeletePartition(partition=P)),
        (0, f.CreatePartition(partition=P, replicas=(1, 2), isr=(1, 2), leader=2)),
        (1, f.Append(partition=P, leader_epoch=0, batch=f.Content(1, 1, 0, 0xB, -1, -1, -1))),
        (1, f.DeleteReplica(partition=P)),
        (1, f.BecomeFollower(partition=P, leader_epoch=0, leader=2)),
    ]
    follower = followed(told)
    assert follower.partitions[P].ends(1) == (0, 0)
    assert follower.walk.total() > follower.partitions[P].walk.total()
