"""What a node counts while it works: plain numbers, read only when somebody asks for the metrics.

One rule: counting costs an addition. No lock, no label lookup, no clock beyond the two readings of a request: this runs
on the event loop, once for every request.
"""

import time
from bisect import bisect_left
from collections.abc import Sequence

from impl.core.decided_facts import Fact
from impl.core.facts import ExpandIsr, ShrinkIsr

LATENCY_BUCKETS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
clock = time.monotonic


class Requests:
    """The requests of one API."""

    __slots__ = ("buckets", "count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        """Altogether, from the last byte of the request to its reply's being handed to the socket."""
        self.buckets = [0] * (len(LATENCY_BUCKETS_SECONDS) + 1)
        """How many took up to each bound of LATENCY_BUCKETS_SECONDS, and how many longer; not cumulative."""


class Traffic:
    """The counters of one process, since it started."""

    def __init__(self) -> None:
        self.requests: dict[int, Requests] = {}
        """By API key, of requests that were answered."""
        self.refused = 0
        """Requests and frames that could not be read."""
        self.bytes_in = 0
        self.bytes_out = 0
        self.connections_made = 0
        self.connections_refused = 0
        self.isr_shrinks = 0
        self.isr_expands = 0

    def answered(self, api_key: int, seconds: float, bytes_out: int) -> None:
        """A reply is handed to the socket, so long after its request had arrived."""
        self.bytes_out += bytes_out
        requests = self.requests.get(api_key)
        if requests is None:
            requests = self.requests[api_key] = Requests()
        requests.count += 1
        requests.seconds += seconds
        requests.buckets[bisect_left(LATENCY_BUCKETS_SECONDS, seconds)] += 1

    def notice(self, facts: Sequence[Fact]) -> None:
        """Count what a step did, as far as it is counted."""
        for fact in facts:
            kind = type(fact)
            if kind is ShrinkIsr:
                self.isr_shrinks += 1
            elif kind is ExpandIsr:
                self.isr_expands += 1
