"""Which class holds each structure of a message: read off the message class's own annotations.

One rule: a message class says once, in its annotations, what its fields hold; nothing repeats it.
"""

import functools
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints


@functools.cache
def structure_classes(value_class: type) -> Mapping[str, type]:
    """Field name -> the class of the value, or of the elements where it is `tuple[X, ...]` or `X | None`."""
    return {name: _innermost(hint) for name, hint in get_type_hints(value_class).items()}


def _innermost(annotation: Any) -> type:
    while arguments := get_args(annotation):
        annotation = arguments[0]
    found: type = annotation
    return found
