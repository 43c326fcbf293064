"""`replay`: a simulated trace run again from its choices.

One rule: the same code runs the same choices to the same bytes. A replay records the run anew and compares digests;
where they differ, the code is not the code that wrote the trace.
"""

from typing import NamedTuple

import msgspec

from campaign import trial
from campaign.mutants import MUTANTS, Mutant, usable
from campaign.shrinking import ending_of
from campaign.steps import steps_of
from impl.sim.scenario import Scenario
from traces.trace import Trace, TraceError
from traces.why import why

BOUNDS = (
    ("brokers", 1, 64),
    ("controllers", 1, 15),
    ("partitions", 1, 64),
    ("replication", 1, 64),
    ("clients", 1, 64),
    ("plain_clients", 0, 64),
    ("consumers", 0, 64),
    ("keys", 1, 64),
    ("horizon_ms", 0, 86_400_000),
    ("settle_ms_max", 0, 86_400_000),
)
"""What a scenario may be, each with its least and most."""


class ReplayOutcome(NamedTuple):
    """What came of running a trace again."""

    steps: int
    """As `campaign.steps` counts them."""
    lines: int
    digest: str
    """SHA-256 of the lines written this time."""
    same: bool
    """The digest is the one in the trace."""
    invariant: str | None
    """What was broken, if anything was."""
    sentence: str
    trace: Trace
    """The run, recorded anew."""


def replay(trace: Trace, clean: bool = False) -> ReplayOutcome:
    """Run it again with the mutant its header names; with `clean` on the code as it is.

    Raises TraceError where the trace is not one of a simulated run, or names what does not exist.
    """
    judged, again = trial.record(
        scenario_of(trace),
        dict(trace.header.choices),
        mutant_of(trace, clean),
        trace.header.seed,
        seeking="" if trace.verdict is None else ending_of(trace.verdict.invariant),
    )
    assert again.end is not None, "a recorded trace ends"
    return ReplayOutcome(
        steps=steps_of(again),
        lines=len(again.lines),
        digest=again.end.digest,
        same=trace.end is not None and trace.end.digest == again.end.digest,
        invariant=None if judged.violated is None else judged.violated.invariant,
        sentence=why(again),
        trace=again,
    )


def scenario_of(trace: Trace) -> Scenario:
    """The cluster a simulated trace ran on. Raises TraceError."""
    if trace.header.origin != "simulated":
        raise TraceError(
            trace.source,
            1,
            f"a trace of origin {trace.header.origin!r} has no choices to run again",
            "give a trace that `fencepost fuzz` wrote",
        )
    try:
        scenario = Scenario.from_configuration(trace.header.configuration)
    except msgspec.ValidationError as error:
        raise TraceError(
            trace.source, 1, f"its configuration is not understood: {error}", "record the run again with this version"
        ) from None
    wrong = _impossible(scenario, trace)
    if wrong:
        raise TraceError(trace.source, 1, wrong, "take the file from its source again")
    return scenario


def _impossible(scenario: Scenario, trace: Trace) -> str:
    """What of a header no run of ours can have, whose header no digest covers; empty where all can be."""
    for name, least, most in BOUNDS:
        value = getattr(scenario, name)
        if not least <= value <= most:
            return f"its configuration says {name} is {value}, which is from {least} to {most}"
    if scenario.replication > scenario.brokers:
        return f"its configuration says replication is {scenario.replication}, with {scenario.brokers} brokers"
    size = scenario.table().size
    for key, value in trace.header.choices:
        if key[0] == "fault" and not 0 <= value < size:
            return f"its choice {key} is {value}, and the faults of this cluster are 1 to {size - 1}"
    return ""


def mutant_of(trace: Trace, clean: bool = False) -> Mutant | None:
    """The planted bug a trace ran with. Raises TraceError."""
    name = trace.header.mutant
    if name is None or clean:
        return None
    if name not in MUTANTS:
        raise TraceError(trace.source, 1, f"unknown mutant {name!r}", f"known are {', '.join(MUTANTS)}")
    return usable(name)
