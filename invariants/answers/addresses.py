"""Whom clients are told of: the brokers that there are, and where each is to be found.

One rule: what a broker tells is held to what it has read itself, be that old news.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def wrong(node: str, reply: Any, known: Mapping[int, Any]) -> str:
    """What is wrong with the addresses in an answer (`DescribedTopics`); empty: nothing is. `known`: those whom the
    answering broker counts as registered and not fenced, each with its host, port and rack."""
    told = reply.brokers
    book = {each.node: each for each in told}
    if len(book) == len(told) == len(known) and _are_registered_so(told, known):
        return _lost_leader(node, reply.topics, known)
    for number in sorted(known.keys() - book.keys()):
        return f"{node} leaves n{number} out of the addresses it tells, whom it counts as registered and not fenced"
    for number in sorted(book.keys() - known.keys()):
        return f"{node} tells the address of n{number}, whom it does not count as registered, or counts as fenced"
    for each in told:
        registered = known[each.node]
        if not _is_same(each, registered):
            where = f"{each.host}:{each.port}"
            return f"{node} says that n{each.node} is at {where}, and it registered at {_at(registered)}"
    return f"{node} tells an address twice: {[each.node for each in told]}"


def _are_registered_so(told: Iterable[Any], known: Mapping[int, Any]) -> bool:
    for each in told:
        registered = known.get(each.node)
        if registered is None or not _is_same(each, registered):
            return False
    return True


def _is_same(one: Any, other: Any) -> bool:
    return bool(one.port == other.port and one.host == other.host and one.rack == other.rack)


def _lost_leader(node: str, topics: Iterable[Any], known: Mapping[int, Any]) -> str:
    for name, leader in _leaders(topics):
        if leader not in known:
            return f"{node} says that n{leader} leads {name}, and tells no address of it"
    return ""


def _leaders(topics: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for topic in topics:
        for partition in topic.partitions:
            if partition.leader >= 0:
                yield f"{topic.name}-{partition.index}", partition.leader


def _at(address: Any) -> str:
    return f"{address.host}:{address.port}" + ("" if address.rack is None else f" (rack {address.rack})")
