"""`replay` for executions of the model: its recorded actions taken again, on the variant or on the model as it is.

One rule: an execution fails again when its actions can all be taken and the last violates a safety property; it passes
when an action is refused or nothing is violated.
"""

import hashlib
from typing import Any, NamedTuple

from invariants.proofs.prove import model_named
from model.machine import ActionDisabled, Machine, UnknownAction
from traces.modelled import calls_of
from traces.trace import Trace, TraceError


class ModelReplay(NamedTuple):
    """What came of it."""

    steps: int
    """Actions taken."""
    digest: str
    """SHA-256 of the actions taken and the verdict."""
    invariant: str | None
    refused: str
    """The action that could not be taken, and the `require` that is false."""


def replay_model(trace: Trace, clean: bool = False) -> ModelReplay:
    """Take the actions of a trace of origin `model` again. Raises TraceError where it cannot be one."""
    header = trace.header
    try:
        model = model_named(header.model)
        machine = Machine(
            model,
            replicas=header.configuration["replicas"],
            isr=header.configuration["isr"],
            variant=None if clean else header.variant,
        )
    except (KeyError, ValueError) as error:
        raise TraceError(trace.source, 1, f"its header does not fit: {error}", "search for it again") from None
    digest = hashlib.sha256()
    taken = 0
    broken: str | None = None
    refused = ""
    for name, parameters in calls_of(trace):
        if clean:  # a variant's action may have parameters that the model's own does not know
            parameters = {key: parameters[key] for key, _ in machine.parameters.get(name, ()) if key in parameters}
        try:
            machine.step(name, **parameters)
        except UnknownAction as unknown:
            raise TraceError(trace.source, None, str(unknown), "search for it again with this version") from None
        except ActionDisabled as disabled:
            refused = str(disabled)
            break
        taken += 1
        digest.update(_line(name, parameters))
        broken = machine.broken()
        if broken is not None:
            break
    digest.update((broken or "").encode())
    return ModelReplay(taken, digest.hexdigest(), broken, refused)


def _line(name: str, parameters: dict[str, Any]) -> bytes:
    shown = {key: sorted(value) if isinstance(value, frozenset) else value for key, value in sorted(parameters.items())}
    return f"{name} {shown}\n".encode()
