"""How long work tells how far it is: a fraction in 0..1, or None where nobody knows, and a few words."""

from collections.abc import Callable

Progress = Callable[[float | None, str], None]


def silent(fraction: float | None, text: str) -> None:
    """For callers nobody watches."""
