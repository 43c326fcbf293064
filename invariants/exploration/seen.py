"""A set of 128-bit keys in numpy: open addressing, a batch at a time.

One rule: of several equal keys in a batch, exactly one is new. Keys are never zero: their words have the top bit set.
"""

import numpy as np
from numpy.typing import NDArray

from invariants.exploration.keys import WORDS

FIRST = np.uint64(0x9E3779B97F4A7C15)
SECOND = np.uint64(0xC2B2AE3D27D4EB4F)
LOAD = 0.6
"""How full the table may become before it is doubled."""


class Seen:
    """The keys seen so far, in a table of `1 << bits` slots."""

    def __init__(self, bits: int = 12) -> None:
        self.bits, self.count = bits, 0
        self.allocate()

    def allocate(self) -> None:
        slots = 1 << self.bits
        self.high = np.zeros(slots, np.uint64)
        self.low = np.zeros(slots, np.uint64)
        self.owner = np.empty(slots, np.int32)
        self.mask = np.int64(slots - 1)

    @property
    def nbytes(self) -> int:
        return int(self.high.nbytes + self.low.nbytes + self.owner.nbytes)

    def bytes_after(self, more: int) -> int:
        """How much it will hold, at worst and while growing, when that many more keys come."""
        bits = self.bits_for(self.count + more)
        return self.nbytes if bits == self.bits else self.nbytes + (20 << bits)

    def bits_for(self, count: int) -> int:
        bits = self.bits
        while count > LOAD * (1 << bits):
            bits += 1
        return bits

    def add(self, high: WORDS, low: WORDS) -> NDArray[np.bool_]:
        """Adds a batch; says of each key whether it is new."""
        bits = self.bits_for(self.count + len(high))
        if bits > self.bits:
            old_high, old_low = self.high, self.low
            self.bits = bits
            self.allocate()
            full = np.flatnonzero(old_high)
            self.place(old_high[full], old_low[full])
        new = self.place(high, low)
        self.count += int(np.count_nonzero(new))
        return new

    def place(self, high: WORDS, low: WORDS) -> NDArray[np.bool_]:
        new = np.zeros(len(high), bool)
        which = np.arange(len(high), dtype=np.int32)
        slot = (((high ^ (low * FIRST)) * SECOND) >> np.uint64(64 - self.bits)).astype(np.int64)
        while len(which):
            there = self.high[slot]
            empty = np.flatnonzero(there == 0)
            if len(empty):
                at, asking = slot[empty], which[empty]
                self.owner[at[::-1]] = asking[::-1]
                won = np.flatnonzero(self.owner[at] == asking)
                at, asking = at[won], asking[won]
                self.high[at] = high[asking]
                self.low[at] = low[asking]
                new[asking] = True
                there = self.high[slot]
            rest = np.flatnonzero((there != high[which]) | (self.low[slot] != low[which]))
            which = which[rest]
            slot = (slot[rest] + 1) & self.mask
        return new
