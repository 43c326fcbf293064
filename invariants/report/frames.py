"""The trace explorer's frames: every replica's log and high watermark after each step of a trace.

One rule: frames are made from facts alone, so that any trace that can be judged can be stepped through.
"""

from typing import Any

from traces.reader import Trace
from traces.schema import Fault, Step

FRAMES_MAX = 400
"""A counterexample worth stepping through is far below this; a longer trace shows its last frames."""


class _Replica:
    """One replica's log, rebuilt from the facts about it."""

    def __init__(self) -> None:
        self.role = "down"
        self.high_watermark = 0
        self.batches: list[dict[str, Any]] = []

    def append(self, batch: dict[str, Any]) -> None:
        self.truncate(batch["base_offset"])
        self.batches.append(batch)

    def truncate(self, to: int) -> None:
        self.batches = [batch for batch in self.batches if batch["base_offset"] < to]

    def apply(self, fact: dict[str, Any]) -> None:
        name = fact["fact"]
        if name == "append":
            self.append(fact["batch"])
        elif name == "receive_fetch":
            for batch in fact["batches"]:
                self.append(batch)
            self.high_watermark = fact["high_watermark"]
        elif name == "truncate":
            self.truncate(fact["to"])
            self.high_watermark = fact["high_watermark"]
        elif name == "advance_high_watermark":
            self.high_watermark = fact["to"]
        elif name == "become_leader":
            self.role = f"leader of epoch {fact['leader_epoch']}"
        elif name == "become_follower":
            leader = "nobody" if fact["leader"] < 0 else f"n{fact['leader']}"
            self.role = f"follows {leader} in epoch {fact['leader_epoch']}"
        elif name == "restart":
            self.truncate(fact["tail_from"])
            for batch in fact["tail"]:
                self.append(batch)
            self.truncate(fact["log_end"])
            self.high_watermark = fact["high_watermark"]
            self.role = "restarted"

    def entries(self) -> list[dict[str, Any]]:
        return [
            {"offset": batch["base_offset"] + index, "epoch": batch["leader_epoch"], "crc": f"{batch['crc']:08x}"}
            for batch in self.batches
            for index in range(batch["record_count"])
        ]


def frames(trace: Trace, partition: str) -> tuple[dict[str, Any], ...]:
    """One frame for each step or fault that changed something about `partition`; the violating one is marked bad."""
    replicas: dict[str, _Replica] = {}
    made: list[dict[str, Any]] = []
    bad_line = trace.verdict.at_line if trace.verdict else None
    for line in trace.lines:
        if isinstance(line, Fault):
            _mark_down(replicas, line)
            made.append(_frame(line.n, line.at, " ".join((line.kind, *line.targets)), replicas, [], bad_line))
        elif isinstance(line, Step):
            facts = [fact for fact in line.facts if fact.get("partition") == partition]
            if line.node.startswith("n"):
                for fact in facts:
                    replicas.setdefault(line.node, _Replica()).apply(fact)
            told = [_sentence(fact) for fact in facts if fact["fact"] not in _QUIET]
            if told or line.n == bad_line:
                made.append(_frame(line.n, line.at, f"{line.node}: {line.event}", replicas, told, bad_line))
    return tuple(made[-FRAMES_MAX:])


_QUIET = frozenset({"send_fetch", "acknowledge", "answer_fetch", "answer_probe"})


def _mark_down(replicas: dict[str, _Replica], fault: Fault) -> None:
    if fault.kind in ("crash", "power loss"):
        for target in fault.targets:
            if target in replicas:
                replicas[target].role = "down"


def _frame(
    n: int, at: int, title: str, replicas: dict[str, _Replica], told: list[str], bad_line: int | None
) -> dict[str, Any]:
    return {
        "n": n,
        "at": at,
        "title": title,
        "bad": n == bad_line,
        "facts": told,
        "replicas": [
            {
                "node": node,
                "role": replica.role,
                "high_watermark": replica.high_watermark,
                "entries": replica.entries(),
            }
            for node, replica in sorted(replicas.items())
        ],
    }


def _sentence(fact: dict[str, Any]) -> str:
    """A fact as a reader says it: its name and the fields that are numbers, names or sets of nodes."""
    words = [fact["fact"].replace("_", " ")]
    for name, value in fact.items():
        if name in ("fact", "partition") or isinstance(value, dict):
            continue
        if isinstance(value, list | tuple):
            value = ",".join(str(item) for item in value if not isinstance(item, dict)) or len(value)
        words.append(f"{name.replace('_', ' ')} {value}")
    return ", ".join(words)
