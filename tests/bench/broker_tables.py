"""The tables of the broker's benchmark, as lines of Markdown.

One rule: every row has its ratio to the fastest peer, or says why there is none.
"""

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from tests.bench.broker_measures import Measured, Workload

OURS = "fencepost"
REPLICATED = "3 brokers"


class Results(NamedTuple):
    """What came of the rounds of one side."""

    name: str
    conditions: str
    rounds: list[Measured]
    in_client: bool = False
    """It runs in the client's own process, whose time is not its own."""

    def middle(self, field: str) -> float:
        """The median of the rounds."""
        return float(statistics.median(getattr(one, field) for one in self.rounds))

    def latency(self, field: str) -> list[str]:
        """Median of the rounds at each rank; a dash where the side cannot be timed."""
        found = [each for each in (getattr(one, field) for one in self.rounds) if each is not None]
        if not found:
            return ["-"] * 3
        return [f"{statistics.median(values):.2f}" for values in zip(*found, strict=True)]


def throughput(workload: Workload, rows: list[Results]) -> list[str]:
    """A line for each side."""
    head = ["", "kept in", "produce, k/s", "ratio", "consume, k/s", "ratio", "CPU to produce", "CPU to consume"]
    if workload.partitions > 1:
        head.append("topic made in, s")
    rounds = max((len(row.rounds) for row in rows), default=0)
    lines = [
        f"### {workload.name}",
        "",
        f"{workload.records:,} records of {workload.record_bytes} B, {workload.partitions:,} "
        f"partition{'s' * (workload.partitions > 1)}, {_batching(workload)}; "
        + ("one round." if rounds == 1 else f"medians of {rounds} rounds, and their range."),
        "",
        *table_head(head),
    ]
    for row in rows:
        cells = [
            row.name,
            row.conditions,
            _rate(row.middle("produced"), [one.produced for one in row.rounds]),
            _ratios(row, rows, "produced"),
            _rate(row.middle("consumed"), [one.consumed for one in row.rounds]),
            _ratios(row, rows, "consumed"),
            *_processor(row),
        ]
        if workload.partitions > 1:
            cells.append(f"{row.middle('created_seconds'):.1f}")
        lines.append(table_row(cells))
    return [*lines, "", *(_latencies(workload, rows) if workload.timed else [])]


def _latencies(workload: Workload, rows: list[Results]) -> list[str]:
    head = ["milliseconds", "acknowledged: p50", "p99", "p99.9", "delivered: p50", "p99", "p99.9"]
    return [
        f"One record of {workload.record_bytes} B at a time, until it is acknowledged, and until a consumer that waits "
        "for it has it:",
        "",
        *table_head(head),
        *(table_row([row.name, *row.latency("acknowledged"), *row.latency("delivered")]) for row in rows),
        "",
    ]


def _batching(workload: Workload) -> str:
    return ", ".join(f"{name}={value}" for name, value in workload.client.items())


def fastest(rows: Iterable[Results], field: str) -> float:
    """The best median of all that are not ours; 0 where there is none."""
    return max((row.middle(field) for row in rows if not row.name.startswith(OURS)), default=0.0)


def table_head(cells: list[str]) -> list[str]:
    return [table_row(cells), "|" + "---|" * len(cells)]


def table_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _rate(middle: float, rounds: list[float]) -> str:
    if not middle:
        return "not kept"
    if len(rounds) == 1:
        return f"{middle / 1000:,.0f}"
    return f"{middle / 1000:,.0f} ({min(rounds) / 1000:,.0f} to {max(rounds) / 1000:,.0f})"


def _ratios(row: Results, rows: list[Results], field: str) -> str:
    """To the fastest peer; of three brokers also to the fastest peer that replicates."""
    value = row.middle(field)
    best = fastest(rows, field)
    told = _ratio(value, best)
    replicating = fastest([each for each in rows if REPLICATED in each.name], field)
    return f"{told} ({_ratio(value, replicating)})" if REPLICATED in row.name and replicating else told


def _ratio(value: float, best: float) -> str:
    return f"{value / best:.2f}" if value and best else "-"


def _processor(row: Results) -> list[str]:
    """To produce and to consume."""
    if row.in_client:
        return ["in the client", "-"]
    return [f"{row.middle(field):.2f}" for field in ("produce_processor", "consume_processor")]
