"""Steps of `survival` for scenarios: what takes several of the model's actions, as one line."""

from model.reading_values import Call


def follow(follower: int, leader: int, epoch: int) -> list[Call]:
    """A follower learns an epoch and is reconciled with its leader; its log is a prefix of the leader's."""
    return [
        ("become_follower", {"replica": follower, "epoch": epoch}),
        ("answer_probe", {"leader": leader}),
        ("reconcile", {"follower": follower}),
    ]


def lead(leader: int, epoch: int, partition_epoch: int) -> Call:
    return ("become_leader", {"replica": leader, "epoch": epoch, "partition_epoch": partition_epoch})


def append(leader: int, value: int = 0) -> Call:
    return ("append", {"leader": leader, "value": value})


def commit(leader: int, to: int) -> Call:
    return ("advance_high_watermark", {"leader": leader, "to": to})


def show(follower: int, leader: int, offset: int, broker_epoch: int = 0) -> list[Call]:
    """A follower's fetch shows its leader a position."""
    counted = {"leader": leader, "follower": follower, "offset": offset, "broker_epoch": broker_epoch}
    return [("send_fetch", {"follower": follower}), ("acknowledge", counted)]


def copy(follower: int, leader: int, log_end: int, high_watermark: int = 0) -> list[Call]:
    """A follower fetches and receives the leader's log up to `log_end`."""
    received = {"follower": follower, "log_end": log_end, "high_watermark": high_watermark}
    return [
        ("send_fetch", {"follower": follower}),
        ("answer_fetch", {"leader": leader, "follower": follower}),
        ("receive_fetch", received),
    ]


def lose_power(action: str, replica: int, known: int, enough: bool | None = None) -> Call:
    """A broker loses power and comes back with nothing; the newest epoch it knows of is `known`."""
    parameters = {"replica": replica, "known": known, "kept": 0, "high_watermark": 0}
    return (action, parameters if enough is None else {**parameters, "enough": enough})
