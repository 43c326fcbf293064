"""The errors that mean bad input: each carries one line that names the thing, the value and the remedy."""

import sys

from campaign.outcome import Refused

_BY_MODULE = {
    "campaign.mutants.registry": "StaleMutant",
    "traces.trace": "TraceError",
    "traces.render": "RenderError",
    "impl.server.errors": "ServerError",
    "model.design": "UnknownVariant",
    "model.subset": "OutsideSubset",
    "model.tla.refusals": "Unprintable",
}


def refusals() -> tuple[type[BaseException], ...]:
    """The error types of the modules in use; a command that never loaded a module cannot have raised its error."""
    loaded = (getattr(sys.modules[module], name) for module, name in _BY_MODULE.items() if module in sys.modules)
    return (Refused, *loaded)
