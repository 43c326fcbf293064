"""What a numpy search holds between chunks: the successors of one, and the new states of a depth.

One rule: arrays are kept chunk by chunk and joined once.
"""

import numpy as np
from numpy.typing import NDArray

from invariants.exploration.keys import WORDS

ROWS = NDArray[np.int8]
"""States as columns: `rows[column, state]`."""


class Successors:
    """The successors of a chunk, instance by instance: parents, changed values, keys."""

    def __init__(self) -> None:
        self.instances: list[int] = []
        self.indexes: list[NDArray[np.intp]] = []
        self.values: list[list[ROWS]] = []
        self.words: list[list[WORDS]] = []
        self.rows: ROWS | None = None

    def add(self, instance: int, index: NDArray[np.intp], values: list[ROWS]) -> None:
        self.instances.append(instance)
        self.indexes.append(index)
        self.values.append(values)

    @property
    def counts(self) -> list[int]:
        return [len(index) for index in self.indexes]

    @property
    def parents(self) -> NDArray[np.intp]:
        return np.concatenate(self.indexes)

    def joined(self, words: int) -> list[WORDS]:
        return [np.concatenate([part[w] for part in self.words]) for w in range(words)]

    def of(self, chosen: NDArray[np.intp]) -> NDArray[np.uint16]:
        """The instance of each chosen successor."""
        all_of_them = np.repeat(np.array(self.instances, np.uint16), self.counts)
        found: NDArray[np.uint16] = all_of_them[chosen]
        return found


class Level:
    """The new states of one depth, chunk by chunk."""

    def __init__(self) -> None:
        self.rows: list[ROWS] = []
        self.words: list[list[WORDS]] = []
        self.parents: list[NDArray[np.uint32]] = []
        self.instances: list[NDArray[np.uint16]] = []
        self.count = 0
        self.nbytes = 0
        self.broken: tuple[int, int] | None = None

    def add(self, rows: ROWS, words: list[WORDS], parents: NDArray[np.intp], instances: NDArray[np.uint16]) -> None:
        self.rows.append(rows)
        self.words.append(words)
        self.parents.append(parents.astype(np.uint32))
        self.instances.append(instances)
        self.count += rows.shape[1]
        self.nbytes += rows.nbytes + sum(w.nbytes for w in words) + 6 * rows.shape[1]

    def origins(self) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
        return np.concatenate(self.parents), np.concatenate(self.instances)

    def joined(self, words: int) -> tuple[ROWS, list[WORDS]]:
        rows = np.concatenate(self.rows, axis=1)
        self.rows.clear()
        return rows, [np.concatenate([part[w] for part in self.words]) for w in range(words)]
