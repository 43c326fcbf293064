"""The steps of a gallery page: who did what, and what that replica's log was then.

One rule: where a trace has facts they tell the step, as in its drawing; where it has none, as those of the quorum, the
step is told by its action and the log is read off the model that takes it.
"""

from collections.abc import Mapping
from typing import Any

from model.machine import Machine
from model.models import model_named
from traces.modelled import acting, calls_of
from traces.story import View, tell
from traces.trace import Trace

HEAD = ["| step | who | what | its log after it |", "|---|---|---|---|"]
ACTORS = ("voter", "leader", "follower", "candidate", "replica")
REPLICAS = (*ACTORS, "removed", "member")


def has_facts(trace: Trace) -> bool:
    """Whether the trace can be drawn."""
    return any(step.facts for step in acting(trace))


def table(trace: Trace) -> str:
    rows = with_facts(trace) if has_facts(trace) else without_facts(trace)
    return "\n".join([*HEAD, *rows])


def with_facts(trace: Trace) -> list[str]:
    """A step without a fact among others is told by its action's name."""
    events = {event.line: event for event in tell(trace).events}
    rows = []
    for step in acting(trace):
        event = events.get(step.n)
        assert step.action is not None, "these are the steps with an action"
        what = ", ".join(event.words) if event is not None else step.action.name.replace("_", " ")
        rows.append(f"| {step.n + 1} | {step.node} | {what} | {shown(event.view) if event is not None else ''} |")
    return rows


def shown(view: View | None) -> str:
    """A log with a bar where its high watermark stands."""
    if view is None:
        return ""
    names = [name for _, name in view.cells]
    return barred(names, max(0, view.high_watermark - view.hidden), hidden=view.hidden > 0)


def barred(names: list[str], at: int, *, hidden: bool = False) -> str:
    return "`" + " ".join([*(["..."] if hidden else []), *names[:at], "\\|", *names[at:]]) + "`"


def without_facts(trace: Trace) -> list[str]:
    """The model takes the steps; a record is named by a letter when it first appears, with the epoch it is of."""
    configuration = trace.header.configuration
    machine = Machine(
        model_named(trace.header.model),
        replicas=configuration["replicas"],
        isr=configuration["isr"],
        variant=trace.header.variant,
    )
    letters: dict[Any, str] = {}
    rows = []
    for number, (name, parameters) in enumerate(calls_of(trace), 1):
        machine.step(name, **parameters)
        actor = next(parameters[each] for each in ACTORS if each in parameters)
        log = machine.state.log[actor]
        cells = []
        for offset in range(len(log)):
            key = (offset, log[offset].epoch, log[offset].value)
            cells.append(f"{letters.setdefault(key, chr(ord('a') + len(letters)))}@{log[offset].epoch}")
        high_watermark = machine.state.high_watermark[actor]
        rows.append(f"| {number} | n{actor} | {spoken(name, parameters)} | {barred(cells, high_watermark)} |")
    return rows


def spoken(name: str, parameters: Mapping[str, Any]) -> str:
    """`grant_vote(voter=2, candidate=1, epoch=1)` as `grant vote: candidate n1, epoch 1`."""
    actor = next(each for each in ACTORS if each in parameters)
    rest = []
    for key, value in parameters.items():
        if key != actor:
            told = f"n{value}" if key in REPLICAS else value
            if isinstance(value, frozenset):
                told = "{" + " ".join(f"n{each}" for each in sorted(value)) + "}"
            rest.append(f"{key.replace('_', ' ')} {told}")
    return name.replace("_", " ") + (": " + ", ".join(rest) if rest else "")
