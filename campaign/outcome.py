"""What a command has to say: a verdict, its figures as one document, and the same as lines for a person."""

from typing import Any, Literal

import msgspec

Word = Literal["holds", "violated", "unknown", "done"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    verdict: Word
    document: dict[str, Any]
    lines: tuple[str, ...]


class Refused(Exception):
    """Bad input: the message names the thing, the value and the remedy."""
