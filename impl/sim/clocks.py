"""A node's own clock: as the world's, until a fault sets it forward or lets it run fast or slow.

One rule: within one life of a process its clock never goes back, as a monotonic clock does not. The next life begins
with the right time.
"""

PERCENT = 100
FAST = 400
SLOW = 25
"""Per cent of the right speed."""
JUMP = 100
"""A jump is so many times as long as the fault's duration says: 4 s to 150 s, many times any timeout."""


class Clock:
    """Times are milliseconds; `now` is the world's, what `read` answers the node's own."""

    __slots__ = ("_local", "_rate", "_since")

    def __init__(self, now: int) -> None:
        self._since = now
        self._local = now
        self._rate = PERCENT

    def read(self, now: int) -> int:
        return self._local + (now - self._since) * self._rate // PERCENT

    def jump(self, by_ms: int) -> None:
        self._local += by_ms

    def run(self, now: int, percent: int) -> None:
        """From now on it runs at this speed."""
        self._local, self._since, self._rate = self.read(now), now, percent
