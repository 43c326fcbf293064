"""The one trace format: versioned JSON lines, whoever produced the execution.

One rule: this is a leaf. The simulator, the live server, the recording client and the model search write these lines;
validate, replay, shrink, render and the checkers read them; none of them needs another to understand a line.

A trace is one `header`, then `step`, `fault` and `op` lines numbered from 0 without a gap, at most one `verdict`, and
an `end` that says how many numbered lines there are. A live process writes its own file without `end`, and its last
line may be torn; merging such files by Lamport clock makes a whole trace.

A fact inside a step is an object with a `fact` field naming the model action it claims to be; the fields of each are
those of the class of that name in `traces.facts`.
"""

from typing import Any, Literal

import msgspec

VERSION = 1

ChoiceKey = tuple[str | int, ...]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="line"):
    """Base of every line."""


class Header(Line, frozen=True, kw_only=True, tag="header"):
    version: int
    origin: Literal["simulated", "live", "model"]
    model: str = "replication"
    commit: str = ""
    configuration: dict[str, Any] = {}
    """Everything the run was set up with besides the choices: brokers, topics, Kafka configuration, wire or not."""
    variant: str | None = None
    """Model variant that produced a trace of origin `model`."""
    mutant: str | None = None
    """Planted bug under which a trace of origin `simulated` ran."""
    seed: int | None = None
    choices: tuple[tuple[ChoiceKey, int], ...] = ()
    """Every choice that was not 0, sorted by key: a simulated run replays from these alone."""
    node: str | None = None
    """In the file of one live process: whose it is."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the model by name, with its parameters by name."""

    name: str
    parameters: dict[str, Any]


class Step(Line, frozen=True, kw_only=True, tag="step"):
    """The inside view: a node handled an event."""

    n: int
    at: int
    """Milliseconds: virtual in a simulated run, since the process started in a live one."""
    node: str
    """`n1`, `n2`, ... brokers; `controller`; `c1`, ... clients; `model`."""
    event: str
    """What it handled, in a word or two: `Fetch from n2`, `tick`, `restart`."""
    clock: int = 0
    """Lamport clock (live), or 0."""
    cause: int | None = None
    """The line number of the step that sent the message handled here, where known."""
    facts: tuple[dict[str, Any], ...] = ()
    quorum: tuple[dict[str, Any], ...] = ()
    """What a voter of the controllers' quorum did (`traces.quorum_facts`); it happened before `facts`."""
    logs: dict[str, tuple[int, int, int]] = {}
    """Partition -> (log end offset, last epoch, high watermark) after the step, where it changed."""
    action: Action | None = None
    """Origin `model` only."""


class Fault(Line, frozen=True, kw_only=True, tag="fault"):
    """Something the world did: `crash n1`, `power loss n2`, `break n1 n2`, `partition n1 n3`, `pause n2`."""

    n: int
    at: int
    kind: str
    targets: tuple[str, ...]
    detail: str = ""
    clock: int = 0


class Op(Line, frozen=True, kw_only=True, tag="op"):
    """The client's view: `invoke`, then `ok`, `fail` (it did not happen) or `unknown` (nobody knows)."""

    n: int
    at: int
    client: str
    process: int
    """Operations of one process never overlap; invoke and completion share it and `id`."""
    id: int
    operation: Literal["produce", "consume", "delete"]
    """`delete`: of all below `offset`, which was asked for or, in an `ok`, is where every living replica begins."""
    phase: Literal["invoke", "ok", "fail", "unknown"]
    partition: str = ""
    key: str = ""
    value: str = ""
    offset: int | None = None
    acks: int | None = None
    error: str = ""
    clock: int = 0


class Verdict(Line, frozen=True, kw_only=True, tag="verdict"):
    """What was violated, by which line, in one sentence made of facts."""

    invariant: str
    sentence: str
    at_line: int | None = None


class End(Line, frozen=True, kw_only=True, tag="end"):
    lines: int
    """Numbered lines in the trace."""
    digest: str = ""
    """SHA-256 over the numbered lines as written: two replays of one run agree on it."""


AnyLine = Header | Step | Fault | Op | Verdict | End
