"""Which action of a model was written out ahead of time, for the compiled copy.

One rule: an action is known by its function and by its name. `tests/bench/compiled.py` puts this file into the copy as
`model/written_out.py`; `tests/bench/ahead_models.py` writes `model/ahead.py`.
"""

from collections.abc import Callable
from functools import partial
from types import CodeType
from typing import Any

from model import as_run

make_now, define_now = as_run.step_of, as_run.defined


def step_of(python: Callable[..., Any], name: str) -> Any:
    """The function that was written out, in place of the code; the code where none was."""
    from model import ahead

    found = ahead.WRITTEN.get(f"{python.__module__}.{python.__qualname__} {name}")
    return make_now(python, name) if found is None else found


def defined(shared: Any, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """What is written out, with the machine's names around it; what is code is defined as ever."""
    from model import ahead

    if isinstance(shared, CodeType):
        return define_now(shared, name, namespace)
    return partial(shared, ahead.Around(namespace))


def maker_of(model: str) -> Any:
    """The native class of a model's states, where it was written out."""
    from model import ahead

    return ahead.STATES.get(model)


if __name__ == "model.written_out":
    for replaced in (step_of, defined, maker_of):
        setattr(as_run, replaced.__name__, replaced)
