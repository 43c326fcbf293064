"""A model as one value: its state, its actions, its macros, what must hold, and its variants.

One rule: a model says nothing of how it is run. Readings and searches take a `Model` and, perhaps, a variant's id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from model.kinds import Variable, variables_of
from model.syntax import Function, of

Python = Callable[..., Any]


class UnknownVariant(ValueError):
    """No variant of the model has this id."""


def syntax(function: Python) -> Function:
    """The syntax of a function that a model lists; a TypeError names one that is not marked."""
    found = of(function)
    if found is None:
        raise TypeError(f"{function!r} is listed in a model but not marked (@action, @safety, ...)")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A design that replaces one or two actions (by the name of the replaced one), and macros where they follow."""

    id: str
    sentence: str
    replaces: Mapping[str, Python]
    macros: Mapping[str, Python] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Model:
    """The actions of a model and what must hold of it. `safety` that mentions ghosts is left out where they are."""

    name: str
    state: type
    initial: Python
    actions: tuple[Python, ...]
    macros: tuple[Python, ...]
    safety: tuple[Python, ...]
    variants: tuple[Variant, ...]

    @property
    def variables(self) -> dict[str, Variable]:
        return variables_of(self.state)

    def variant(self, name: str | None) -> Variant | None:
        """The variant of this id; None for None. UnknownVariant lists the ids there are."""
        if name is None:
            return None
        for variant in self.variants:
            if variant.id == name:
                return variant
        raise UnknownVariant(f"{self.name} has no variant {name!r}; it has {', '.join(v.id for v in self.variants)}")

    def actions_of(self, variant: str | None = None) -> dict[str, Function]:
        """The actions by name; a variant's stand under the name of the one they replace."""
        replaced = found.replaces if (found := self.variant(variant)) else {}
        return {syntax(f).name: syntax(replaced.get(syntax(f).name, f)) for f in self.actions}

    def macros_of(self, variant: str | None = None) -> dict[str, Function]:
        """The macros by name, those of a variant under the name of the one they replace."""
        replaced = found.macros if (found := self.variant(variant)) else {}
        return {syntax(f).name: syntax(replaced.get(syntax(f).name, f)) for f in self.macros}

    def synchronous(self, variant: str | None = None) -> dict[str, Function]:
        """The steps of the synchronous grain: macros, and the actions that touch no message."""
        messages = {v.name for v in self.variables.values() if v.message}
        macros = self.macros_of(variant)
        inside = {called.name for macro in macros.values() for called in macro.calls}
        plain = {
            name: action
            for name, action in self.actions_of(variant).items()
            if action.name not in inside and not action.mentions & messages
        }
        return {**plain, **macros}

    def safety_of(self, *, ghosts: bool) -> tuple[Function, ...]:
        return tuple(f for f in map(syntax, self.safety) if ghosts or not f.uses_ghosts)
