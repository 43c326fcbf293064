"""What a fact of the controllers' quorum says in a few words, and how much it matters in a drawing.

One rule: as with the facts of a partition (`traces.wording`), the words come from the fact's own fields.
"""

from collections.abc import Callable
from typing import Any

from traces.electorate import FIRST
from traces.wording import Weight


def voter(number: int) -> str:
    """A controller by its node id, as its lane is called."""
    return "controller" if number == FIRST else f"controller-{number - FIRST}" if number > FIRST else "nobody"


def voters(numbers: tuple[int, ...]) -> str:
    return "{" + " ".join(voter(number).removeprefix("controller-") for number in sorted(numbers)) + "}"


_WORDS: dict[str, tuple[Weight, Callable[[Any], str]]] = {
    "AskPreVote": (Weight.VIEW, lambda f: f"asks for pre-votes in epoch {f.epoch}, log end {f.log_end}"),
    "GrantPreVote": (Weight.VIEW, lambda f: f"would vote for {voter(f.candidate)}"),
    "Stand": (Weight.TURN, lambda f: f"stands in epoch {f.epoch}, log end {f.log_end} of epoch {f.last_epoch}"),
    "GrantVote": (Weight.TURN, lambda f: f"votes for {voter(f.candidate)} in epoch {f.epoch}"),
    "Observe": (Weight.VIEW, lambda f: f"learns of epoch {f.epoch}"),
    "Win": (Weight.TURN, lambda f: f"leads epoch {f.epoch}, elected by {voters(f.granting)}"),
    "Resign": (Weight.TURN, lambda f: f"resigns in epoch {f.epoch}"),
    "QuorumAppend": (Weight.RECORD, lambda f: f"appends {f.record_count} at {f.base_offset}, epoch {f.epoch}"),
    "QuorumSendFetch": (Weight.ROUTINE, lambda f: f"fetches from {f.offset}"),
    "QuorumAcknowledge": (Weight.MESSAGE, lambda f: f"counts {voter(f.follower)} at {f.offset}"),
    "QuorumAnswerDiverging": (
        Weight.SET,
        lambda f: f"tells {voter(f.follower)}: epoch {f.diverging_epoch} ends at {f.diverging_end}",
    ),
    "QuorumAdvance": (Weight.VIEW, lambda f: f"commits up to {f.to}, which is on {voters(f.quorum)}"),
    "QuorumReceiveFetch": (
        Weight.RECORD,
        lambda f: f"copies up to {f.log_end}, high watermark {f.high_watermark}",
    ),
    "QuorumTruncate": (Weight.TURN, lambda f: f"truncates to {f.to} in epoch {f.epoch}"),
    "QuorumLoadSnapshot": (Weight.TURN, lambda f: f"loads a snapshot up to {f.end}"),
    "QuorumBegin": (Weight.TURN, lambda f: f"has a log up to {f.log_end} on its disk, epoch {f.epoch}"),
    "QuorumRestart": (Weight.TURN, lambda f: f"is back in epoch {f.epoch} with a log of {f.log_end}"),
    "Commit": (Weight.VIEW, lambda f: f"takes what is below {f.to} for committed"),
}


def said(fact: Any) -> str:
    """The fact in a few words."""
    return _WORDS[type(fact).__name__][1](fact)


def weight(fact: Any) -> Weight:
    return _WORDS[type(fact).__name__][0]
