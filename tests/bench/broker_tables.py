"""The tables of the broker's benchmark, as lines of Markdown.

One rule: every row has its ratio to the fastest peer, or says why there is none.
"""

import statistics
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.bench.broker_measures import Measured, Workload

OURS = "fencepost"
REPLICATED = "3 brokers"


class Row(NamedTuple):
    """What came of the rounds of one side."""

    name: str
    rounds: list[Measured]

    @property
    def middle(self) -> Measured:
        return Measured(*(statistics.median(values) for values in zip(*self.rounds, strict=True)))


def throughput(workload: Workload, results: Mapping[str, list[Measured]]) -> list[str]:
    """A line for each side."""
    rows = [Row(name, rounds) for name, rounds in results.items() if rounds]
    head = ["", "produce, k/s", "ratio", "consume, k/s", "ratio", "CPU to produce", "CPU to consume"]
    if workload.timed:
        head += ["ack p50, ms", "p99", "p99.9"]
    if workload.partitions > 1:
        head.append("topic made in, s")
    lines = [
        f"### {workload.name}",
        "",
        f"{workload.records:,} records of {workload.record_bytes} B, {workload.partitions:,} "
        f"partition{'s' * (workload.partitions > 1)}; medians of {max((len(row.rounds) for row in rows), default=0)}.",
        "",
        *table_head(head),
    ]
    for row in rows:
        middle = row.middle
        cells = [
            row.name,
            _rate(middle.produced, [one.produced for one in row.rounds]),
            _ratios(row, rows, "produced"),
            _rate(middle.consumed, [one.consumed for one in row.rounds]),
            _ratios(row, rows, "consumed"),
            *_processor(row),
        ]
        if workload.timed:
            cells += [f"{value:.2f}" for value in (middle.ack_p50_ms, middle.ack_p99_ms, middle.ack_p999_ms)]
        if workload.partitions > 1:
            cells.append(f"{middle.created_seconds:.1f}")
        lines.append(table_row(cells))
    return [*lines, ""]


def fastest(rows: Iterable[Row], field: str) -> float:
    """The best median of all that are not ours; 0 where there is none."""
    return max((getattr(row.middle, field) for row in rows if not row.name.startswith(OURS)), default=0.0)


def table_head(cells: list[str]) -> list[str]:
    return [table_row(cells), "|" + "---|" * len(cells)]


def table_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _rate(middle: float, rounds: list[float]) -> str:
    if not middle:
        return "not kept"
    return f"{middle / 1000:,.0f} ({min(rounds) / 1000:,.0f} to {max(rounds) / 1000:,.0f})"


def _ratios(row: Row, rows: list[Row], field: str) -> str:
    """To the fastest peer; of three brokers also to the fastest peer that replicates."""
    value = getattr(row.middle, field)
    best = fastest(rows, field)
    told = _ratio(value, best)
    replicating = fastest([each for each in rows if REPLICATED in each.name], field)
    return f"{told} ({_ratio(value, replicating)})" if REPLICATED in row.name and replicating else told


def _ratio(value: float, best: float) -> str:
    return f"{value / best:.2f}" if value and best else "-"


def _processor(row: Row) -> list[str]:
    """To produce and to consume; what costs nothing at all runs in the client's own process."""
    spent = (row.middle.produce_processor, row.middle.consume_processor)
    return [f"{seconds:.2f}" for seconds in spent] if any(spent) else ["in the client", "-"]
