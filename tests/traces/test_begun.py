"""Traces that begin on data: the model starts from what was told of it, and from nothing that it cannot be in."""

from typing import Any

import pytest

from invariants.step import Checker
from invariants.verdict import Violated
from tests.traces import telling as telling_module
from tests.traces.telling import MEMBERS, P, Telling
from traces import facts as f
from traces import quorum_facts as q
from traces.abstraction import DivergedError
from traces.beginnings import Unfit, whole
from traces.following import Follower


def batch(offset: int, epoch: int, crc: int, count: int = 1, **producer: int) -> f.Content:
    sent: dict[str, Any] = {"producer_id": -1, "producer_epoch": -1, "base_sequence": -1, **producer}
    return f.Content(base_offset=offset, record_count=count, leader_epoch=epoch, crc=crc, **sent)


A, B, C, OTHER = batch(0, 0, 0xA), batch(1, 1, 0xB, 2), batch(3, 2, 0xC), batch(3, 3, 0xD)


def log(*batches: f.Content, start: int = 0, high_watermark: int = 0) -> f.BeginReplica:
    return f.BeginReplica(partition=P, start=start, high_watermark=high_watermark, batches=batches)


def partition(isr: tuple[int, ...] = (1, 2), elr: tuple[int, ...] = (), **fields: Any) -> f.BeginPartition:
    version = {"leader_epoch": 3, "partition_epoch": 7}
    told: dict[str, Any] = {"leader": 1, **version, "broker_epochs": (10, 11, 12), **fields}
    return f.BeginPartition(partition=P, replicas=MEMBERS, isr=isr, elr=elr, **told)


LOGS = {1: log(A, B, C, high_watermark=4), 2: log(A, B, C, high_watermark=3), 3: log(A, B, OTHER, high_watermark=3)}


def began(logs: dict[int, f.BeginReplica] = LOGS, begun: f.BeginPartition | None = None) -> list[tuple[int, Any]]:
    return [*logs.items(), (0, begun or partition())]


def followed(told: list[tuple[int, Any]]) -> Follower:
    follower = Follower("survival")
    for node, fact in told:
        follower.fact(node or -1, fact)
    return follower


def diverges(told: list[tuple[int, Any]]) -> DivergedError:
    with pytest.raises(DivergedError) as caught:
        followed(told)
    return caught.value


def checked(told: list[tuple[int, Any]]) -> Checker:
    checker = Checker()
    for node, fact in told:
        checker.facts(f"n{node}" if node else "controller", 0, [fact])
    return checker


def goes_on() -> list[tuple[int, Any]]:
    """n1 comes back cleanly, is elected, and appends."""
    version: dict[str, Any] = {"partition": P, "leader_epoch": 4, "partition_epoch": 8, "isr": (1, 2)}
    return [
        (1, f.Restart(partition=P, log_end=4, high_watermark=4, tail_from=4, tail=())),
        (0, f.Register(partition=P, replica=1, broker_epoch=20)),
        (0, f.Elect(**version, leader=1)),
        (1, f.BecomeLeader(**version, start_offset=4)),
        (1, f.Append(partition=P, leader_epoch=4, batch=batch(4, 4, 0xE))),
    ]


def test_the_model_starts_from_what_was_told_and_goes_on() -> None:
    follower = followed([*began(), *goes_on()])
    state = follower.partitions[P].state
    assert [follower.partitions[P].ends(node) for node in MEMBERS] == [(5, 4), (4, 3), (4, 3)]
    assert state.log[1].buffer is state.log[2].buffer
    assert follower.end(0) is None
    wrong = [*began(), *goes_on()[:-1], (1, f.Append(partition=P, leader_epoch=4, batch=batch(3, 4, 0xE)))]
    assert "in the model at offset 4" in str(diverges(wrong))
    checker = checked([*began(), *goes_on()])
    assert checker.partitions[P].committed.end == 4


def test_what_a_broker_does_before_the_controllers_tell_waits() -> None:
    first, *rest = goes_on()
    follower = followed([*LOGS.items(), first, (0, partition()), *rest])
    assert follower.partitions[P].ends(1) == (5, 4)
    unheard = diverges([(1, first[1]), (0, partition())])
    assert unheard.outside


@pytest.mark.parametrize("seed", range(10))
def test_wherever_the_model_leads_a_trace_may_begin(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling_module, "NEVER", {*telling_module.NEVER, "elect_unclean"})
    telling = Telling(seed)
    telling.walk(300)
    state, newest = telling.state, telling.state.newest_leader_epoch
    logs = {}
    for node in MEMBERS:
        entries = list(state.log[node])
        batches = tuple(batch(offset, entry.epoch - 1, entry.value[0]) for offset, entry in enumerate(entries))
        logs[node] = log(*batches, high_watermark=state.high_watermark[node])
    told = partition(
        tuple(sorted(state.isr[newest])),
        tuple(sorted(state.elr[newest])),
        leader=state.leader[newest] if state.has_leader[newest] else -1,
        leader_epoch=newest - 1,
        partition_epoch=state.newest_partition_epoch - 1,
        enough=state.enough[newest],
    )
    follower = followed(began(logs, told))
    assert [follower.partitions[P].ends(node)[0] for node in MEMBERS] == [len(state.log[node]) for node in MEMBERS]


@pytest.mark.parametrize(
    ("logs", "broken"),
    [
        ({**LOGS, 2: log(A, B, high_watermark=3)}, "committed_in_eligible"),
        ({**LOGS, 2: log(A, B, OTHER)}, "committed_in_eligible"),
        ({**LOGS, 3: log(A, batch(1, 1, 0xF, 2))}, "same_epoch_same_log"),
        ({**LOGS, 2: log(A, B, C, high_watermark=9)}, "committed_in_eligible"),
    ],
)
def test_a_start_that_no_execution_leads_to_is_a_divergence(logs: dict[int, f.BeginReplica], broken: str) -> None:
    found = diverges(began(logs))
    assert not found.outside
    assert f"the model's property {broken} does not hold in the state that the trace begins with" in str(found)


def test_what_the_last_unclean_election_may_have_given_up_cannot_be_told() -> None:
    found = diverges(began({**LOGS, 3: log(A, B, OTHER, high_watermark=4)}))
    assert found.outside
    assert "that may not have seen the last unclean election" in str(found)


def test_a_broker_that_starts_late_tells_what_it_had() -> None:
    early = {node: LOGS[node] for node in (1, 3)}
    told = [*began(early), *goes_on()]
    assert followed([*told, (2, LOGS[2])]).partitions[P].ends(2) == (4, 3)
    assert followed(told).end(0) is None
    assert not diverges([*told, (2, log(A, B))]).outside
    assert diverges([*told, (2, LOGS[2]), (2, LOGS[2])]).outside


def test_every_controller_tells_the_same() -> None:
    told = began()
    assert followed([*told, told[-1]]).partitions[P].ends(1) == (4, 4)
    lie = (0, partition((1, 2, 3)))
    assert str(diverges([*told, lie])) == "it says isr is [1, 2, 3], in the model it is [1, 2]"
    checked([*told, told[-1]])
    with pytest.raises(Violated, match="a controller tells that orders-0 is"):
        checked([*told, lie])


def test_an_in_sync_replica_that_lacks_what_is_committed_is_found_by_the_step_checker() -> None:
    told = [*began({**LOGS, 2: log(A, B, high_watermark=3)}), *goes_on()]
    follows = (2, f.BecomeFollower(partition=P, leader_epoch=4, leader=1))
    checked([*began(), *goes_on(), follows])
    with pytest.raises(Violated, match="is missing from n2"):
        checked([*told, follows])


def test_logs_that_begin_after_offset_0_have_what_was_deleted_in_common() -> None:
    deleted = {1: log(B, C, start=1, high_watermark=4), 2: log(C, start=3, high_watermark=4)}
    follower = followed([*began(deleted), *goes_on()])
    assert [len(follower.partitions[P].state.log[node]) for node in (1, 2)] == [5, 4]
    assert checked([*began(deleted), *goes_on()]).partitions[P].committed.end == 4
    apart = {1: log(A, B, high_watermark=3), 2: log(batch(7, 1, 0xF), start=7)}
    assert diverges(began(apart)).outside
    with pytest.raises(Unfit, match="a log begins at 7, and no other tells of what was before"):
        whole(apart)


def test_logs_are_put_together_in_any_order_and_a_late_one_tells_of_nothing_older() -> None:
    logs = {2: log(C, start=3, high_watermark=4), 1: log(B, C, start=1, high_watermark=4), 3: log(C, start=3)}
    assert checked([*began(logs), *goes_on()]).partitions[P].committed.batches[1:] == [B, C]
    early = {1: logs[2]}
    late = [*began(early), *goes_on(), (2, logs[1])]
    assert diverges(late).outside
    with pytest.raises(Unfit, match="a log begins at 1, and what it has was taken for deleted by then"):
        checked(late)


def test_producers_go_on_where_they_were() -> None:
    sent: dict[str, Any] = {"producer_id": 5, "producer_epoch": 0}
    logs = {node: log(batch(0, 3, 0xA, 4, **sent, base_sequence=96), high_watermark=4) for node in MEMBERS}
    *before, _ = goes_on()
    version: dict[str, Any] = {"partition": P, "leader_epoch": 4}
    asks: dict[str, Any] = {**version, "offset": 5, "broker_epoch": 11}
    follower: dict[str, Any] = {**version, "leader": 1, "log_end": 5}
    for sequence, right in ((100, True), (101, False)):
        appended = batch(4, 4, 0xE, **sent, base_sequence=sequence)
        told = [
            *began(logs),
            *before,
            (1, f.Append(**version, batch=appended)),
            (2, f.BecomeFollower(**version, leader=1)),
            (2, f.Reconcile(**{**follower, "log_end": 4})),
            (2, f.ReceiveFetch(**follower, high_watermark=4, batches=(appended,))),
            (2, f.SendFetch(**asks, leader=1)),
            (1, f.Acknowledge(**asks, follower=2)),
            (1, f.AdvanceHighWatermark(**version, to=5, maximal_isr=(1, 2))),
        ]
        if right:
            checked(told)
        else:
            with pytest.raises(Violated, match="committed where sequence 100 is due"):
                checked(told)


# ---------------------------------------------------------------- the controllers
def found(*epochs: tuple[int, int], end: int, epoch: int = 3, committed: int = 0) -> q.QuorumBegin:
    starts = tuple(q.EpochStart(*each) for each in epochs)
    return q.QuorumBegin(epoch=epoch, voted=3001, committed=committed, log_end=end, epochs=starts)


def voters(*told: tuple[int, Any]) -> Follower:
    follower = Follower("survival", voters=(3001, 3002, 3003))
    for number, fact in told:
        follower.quorum_fact(f"controller-{number}", fact)
    return follower


def test_voters_begin_with_the_logs_they_found() -> None:
    told = [
        (1, found((1, 0), (3, 4), end=6, committed=5)),
        (1, q.QuorumRestart(epoch=3, voted=3001, log_start=0, log_end=6, last_epoch=3)),
        (2, found((3, 4), end=6)),
        (3, found((1, 0), end=4)),
        (1, q.AskPreVote(epoch=3, last_epoch=3, log_end=6)),
        (3, q.GrantPreVote(epoch=3, candidate=3001)),
    ]
    quorum = voters(*told).quorum
    assert quorum is not None
    assert [len(quorum.state.log[voter]) for voter in (3001, 3002, 3003)] == [6, 6, 4]
    assert [entry.epoch for entry in quorum.state.log[3002]] == [1, 1, 1, 1, 3, 3]
    behind = [
        *told[:4],
        (3, q.AskPreVote(epoch=3, last_epoch=1, log_end=4)),
        (1, q.GrantPreVote(epoch=3, candidate=3003)),
    ]
    with pytest.raises(DivergedError):
        voters(*behind)


def test_voters_whose_logs_cannot_both_be_are_found() -> None:
    with pytest.raises(DivergedError, match="have an epoch in common behind a place where they differ"):
        voters((1, found((1, 0), (3, 4), end=6)), (2, found((2, 0), (3, 4), end=6)))
    with pytest.raises(DivergedError, match="has told of its disk already"):
        voters((1, found((1, 0), end=2)), (1, found((1, 0), end=2)))
