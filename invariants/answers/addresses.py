"""Whom clients are told of: the brokers that there are, and where each is to be found.

One rule: what a broker tells is held to what it has read itself, be that old news.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Address(NamedTuple):
    """Where a registered broker is."""

    host: str
    port: int
    rack: str | None


def wrong(node: str, reply: Any, known: Mapping[int, Address]) -> str:
    """What is wrong with the addresses in an answer (`DescribedTopics`); empty: nothing is. `known`: those whom the
    answering broker counts as registered and not fenced."""
    told = [(each.node, (each.host, each.port, each.rack)) for each in reply.brokers]
    book = dict(told)
    if len(book) == len(told) and book == known:
        return _lost_leader(node, reply.topics, known)
    for number in sorted(known.keys() - book.keys()):
        return f"{node} leaves n{number} out of the addresses it tells, whom it counts as registered and not fenced"
    for number in sorted(book.keys() - known.keys()):
        return f"{node} tells the address of n{number}, whom it does not count as registered, or counts as fenced"
    for number, address in told:
        if address != known[number]:
            where = f"{address[0]}:{address[1]}"
            return f"{node} says that n{number} is at {where}, and it registered at {_at(known[number])}"
    return f"{node} tells an address twice: {[number for number, _ in told]}"


def _lost_leader(node: str, topics: Iterable[Any], known: Mapping[int, Address]) -> str:
    for name, leader in _leaders(topics):
        if leader not in known:
            return f"{node} says that n{leader} leads {name}, and tells no address of it"
    return ""


def _leaders(topics: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for topic in topics:
        for partition in topic.partitions:
            if partition.leader >= 0:
                yield f"{topic.name}-{partition.index}", partition.leader


def _at(address: Address) -> str:
    return f"{address.host}:{address.port}" + ("" if address.rack is None else f" (rack {address.rack})")
