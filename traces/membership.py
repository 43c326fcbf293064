"""Replicas that come and go in a model whose replicas are fixed: the same execution, told with more of them.

One rule: nothing that happened is changed. A replica that did nothing yet may as well have been there from the
beginning, and a replica's name is of no matter; so a state goes over to a machine with more replicas, and one that
deleted its log is renamed, so that its node begins as a replica that nobody has seen (see `survival`'s `reassign`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from model.machine import Machine


def moved(old: Machine, new: Machine, names: Mapping[int, int]) -> Any:
    """The state of `old` for the machine `new`, where those in `names` have other names; `new` has been in its initial
    state until now, and is in the moved state from now on."""
    state = new.state
    for name, variable in old.reading.variables.items():
        value = getattr(old.state, name)
        if not variable.keys:
            setattr(state, name, _value(value, variable.kind, names))
            continue
        table = getattr(state, name)
        if not names:
            table.update(value)
            continue
        places = [place for place, domain in enumerate(variable.keys) if domain == "Replica"]
        for key, entry in value.items():
            table[_key(key, places, len(variable.keys), names)] = _value(entry, variable.kind, names)
    return state


def _key(key: Any, places: Iterable[int], width: int, names: Mapping[int, int]) -> Any:
    if width == 1:
        return names.get(key, key) if places else key
    parts = list(key)
    for place in places:
        parts[place] = names.get(parts[place], parts[place])
    return tuple(parts)


def _value(value: Any, kind: str, names: Mapping[int, int]) -> Any:
    if kind == "replica":
        return names.get(value, value)
    if kind == "set":
        return frozenset(names.get(member, member) for member in value)
    return value
