"""Partitions that are deleted and made anew under the same name: which of them a node tells of.

One rule: a node tells of the partition it knew until it has told that its replica is deleted; the controllers tell of
the one that exists. Where labels say of which topic id a partition is, there is no question (`traces.topic_labels`).
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

from traces.topic_labels import is_identified

T = TypeVar("T")


class Generations(Generic[T]):
    """What is known of each partition. `current` is by name; `deleted` keeps those that are no more."""

    def __init__(self) -> None:
        self.current: dict[str, T] = {}
        self.deleted: list[T] = []
        self.gone: dict[str, T] = {}
        """Of those, by label, the ones that no other will ever be called."""
        self.former: dict[tuple[str, int], T] = {}
        """By name and node: one that is no more, while the node has yet to hear."""

    def of(self, partition: str, node: int) -> T | None:
        """The one that this node tells of."""
        if self.former:
            former = self.former.get((partition, node))
            if former is not None:
                return former
        return self.known(partition)

    def known(self, partition: str) -> T | None:
        """The one of this label: which there is, or, where there can be no other, which there was."""
        return self.current.get(partition) or self.gone.get(partition)

    def delete(self, partition: str, members: Iterable[int]) -> None:
        """The partition is no more; these nodes have a replica of it, and have yet to hear."""
        gone = self.current.pop(partition)
        self.deleted.append(gone)
        if is_identified(partition):
            self.gone[partition] = gone
            return
        for node in members:
            self.former[partition, node] = gone

    def left(self, partition: str, node: int) -> bool:
        """The node's replica is deleted; whether it was one of a partition that is no more."""
        return self.former.pop((partition, node), None) is not None
