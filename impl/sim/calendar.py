"""What is due, and when: the entries of a world's time, by millisecond.

One rule: entries come out by their time, and within a millisecond in the order in which they were put there; nothing is
put before what is taken out.

Times are few and small numbers: entries wait in a list for each millisecond that has any, and only the milliseconds are
kept in a heap. Comparing whole entries was a tenth of a run.
"""

from heapq import heappop, heappush
from typing import Any

Entry = tuple[int, int, Any, Any, Any]
"""A number that no other entry has, what it is, and up to three operands."""


class Calendar:
    """Mutable; empty at the beginning."""

    __slots__ = ("_due", "_number", "_times")

    def __init__(self) -> None:
        self._due: dict[int, list[Entry]] = {}
        self._times: list[int] = []
        """The keys of `_due`, as a heap."""
        self._number = 0
        """Of the next entry."""

    def put(self, at: int, what: int, one: Any = None, two: Any = None, three: Any = None) -> int:
        """Have something happen at `at` milliseconds. The entry's number."""
        number = self._number
        self._number = number + 1
        due = self._due.get(at)
        if due is None:
            self._due[at] = [(number, what, one, two, three)]
            heappush(self._times, at)
        else:
            due.append((number, what, one, two, three))
        return number

    def next(self, until: int) -> int:
        """The first millisecond that has entries, if it is no later than `until`; else -1."""
        times = self._times
        return times[0] if times and times[0] <= until else -1

    def take(self, at: int) -> list[Entry]:
        """The entries of that millisecond, which is the first that has any. More may be put there afterwards."""
        heappop(self._times)
        return self._due.pop(at)

    def waiting(self) -> list[Entry]:
        """Every entry there is, in order."""
        return [entry for at in sorted(self._due) for entry in self._due[at]]
