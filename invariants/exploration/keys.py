"""What tells two states apart: the packed state itself where it fits 128 bits, else a 128-bit hash of it.

One rule: the key of a successor is made from its parent's key and the columns that changed, never from the whole row.
Both kinds are sums (exclusive or) of one contribution per column: the column's bits in their place, or two random words
for each of its values (Zobrist hashing). Under symmetry a state has one key per renaming of the replicas, and is known
by the least of them.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.columns.layout import Layout

WORDS = NDArray[np.uint64]
WIDTH = 2
"""Words of a key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The contributions `table[first[column] + value - low, renaming, word]`.

    `exact` says that keys are packed states, so that equal keys are equal states.
    """

    exact: bool
    first: NDArray[np.int64]
    lows: NDArray[np.int64]
    table: WORDS

    @property
    def renamings(self) -> int:
        return int(self.table.shape[1])

    def collision_odds(self, states: int) -> float:
        """The chance that any two of that many states share a key, which would hide one of them."""
        if self.exact:
            return 0.0
        return min(1.0, self.renamings * float(states) ** 2 / 2.0**127)


def make_keys(layout: Layout, *, symmetry: bool, seed: int = 0) -> Keys:
    """The keys of a layout's states, hashed under symmetry or where a state is longer than a key."""
    exact = layout.words <= WIDTH and not symmetry
    sizes = [column.high - column.low + 1 for column in layout.columns]
    first = np.cumsum([0, *sizes])
    plain = np.zeros((int(first[-1]), WIDTH), np.uint64)
    if exact:
        for at, (word, shift) in enumerate(layout.shifts):
            plain[first[at] : first[at + 1], word] = np.arange(sizes[at], dtype=np.uint64) << np.uint64(shift)
    else:
        plain = np.random.default_rng(seed).integers(0, 2**64, size=plain.shape, dtype=np.uint64)
    renamings = list(itertools.permutations(range(layout.count))) if symmetry else [tuple(range(layout.count))]
    table = np.zeros((plain.shape[0], len(renamings), WIDTH), np.uint64)
    for which, renaming in enumerate(renamings):
        for at, column in enumerate(layout.columns):
            to = layout.renamed(renaming, column)
            for value in range(column.low, column.high + 1):
                other = layout.renamed_value(renaming, column, value)
                table[first[at] + value - column.low, which] = plain[first[to] + other - column.low]
    lows = np.array([column.low for column in layout.columns], np.int64)
    return Keys(exact, first[:-1], lows, table)
