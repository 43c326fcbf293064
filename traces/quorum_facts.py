"""The vocabulary of the controllers' quorum in a trace: what a voter did, under the name of the action of
`model/quorum`.

One rule: this module is the format. The broker declares the same structs for itself (`impl.core.quorum.facts`), a test
holds the two equal, and neither imports the other.

`partition` is always `__cluster_metadata-0`. Epochs are Kafka's, which are the model's: the first leader has epoch 1.
They stand in a step's `quorum`, apart from the facts of partitions.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from traces.facts import FactError, Value

METADATA = "__cluster_metadata-0"


class EpochStart(NamedTuple):
    """The first offset that an epoch wrote."""

    epoch: int
    start: int


class QuorumFact(Value, frozen=True, gc=False, kw_only=True, tag_field="fact"):
    """Base of these; `partition` need not be said."""

    partition: str = METADATA


class AskPreVote(QuorumFact, frozen=True, gc=False, kw_only=True, tag="ask_pre_vote"):
    """A voter asks whether it would be elected; its log ends so."""

    epoch: int
    last_epoch: int
    log_end: int


class GrantPreVote(QuorumFact, frozen=True, gc=False, kw_only=True, tag="grant_pre_vote"):
    """A voter would vote for `candidate`. It promises nothing."""

    epoch: int
    candidate: int


class Stand(QuorumFact, frozen=True, gc=False, kw_only=True, tag="stand"):
    """A voter is a candidate in `epoch` and has voted for itself; its log ends so."""

    epoch: int
    last_epoch: int
    log_end: int


class GrantVote(QuorumFact, frozen=True, gc=False, kw_only=True, tag="grant_vote"):
    epoch: int
    candidate: int


class Observe(QuorumFact, frozen=True, gc=False, kw_only=True, tag="observe"):
    """A replica has learnt of a later epoch without voting in it."""

    epoch: int


class Win(QuorumFact, frozen=True, gc=False, kw_only=True, tag="win"):
    """A candidate leads: a majority has granted its votes. Its leader-change record is the next fact."""

    epoch: int
    granting: tuple[int, ...]


class Resign(QuorumFact, frozen=True, gc=False, kw_only=True, tag="resign"):
    """A leader gives up its epoch. No action of the model: a leader that does nothing more is safe."""

    epoch: int


class QuorumAppend(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_append"):
    """A leader has written a batch of its epoch, and it is on its disk."""

    epoch: int
    base_offset: int
    record_count: int


class QuorumSendFetch(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_send_fetch"):
    """A voter asks for what follows its log, all of which is on its disk. Told where it differs from the last one."""

    epoch: int
    leader: int
    offset: int
    last_epoch: int


class QuorumAcknowledge(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_acknowledge"):
    """A leader counts the position that a voter's fetch shows. Told where it differs from the last one."""

    epoch: int
    follower: int
    offset: int
    last_epoch: int


class QuorumAnswerDiverging(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_answer_diverging"):
    """A leader tells a voter that its log leaves the leader's."""

    epoch: int
    follower: int
    offset: int
    last_epoch: int
    diverging_epoch: int
    diverging_end: int


class QuorumAdvance(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_advance_high_watermark"):
    """A leader commits what a majority has on its disks."""

    epoch: int
    to: int
    quorum: tuple[int, ...]


class QuorumReceiveFetch(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_receive_fetch"):
    """A follower has written what its leader sent, and adopts its high watermark as far as its log goes."""

    epoch: int
    leader: int
    log_end: int
    high_watermark: int


class QuorumTruncate(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_truncate"):
    epoch: int
    to: int
    high_watermark: int


class QuorumLoadSnapshot(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_load_snapshot"):
    """A voter has a snapshot of what is committed below `end` in place of its log."""

    epoch: int
    end: int
    last_epoch: int
    """Of the record before `end`."""


class QuorumRestart(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_restart"):
    """A voter is back with this on its disk."""

    epoch: int
    voted: int
    log_start: int
    log_end: int
    last_epoch: int


class QuorumBegin(QuorumFact, frozen=True, gc=False, kw_only=True, tag="quorum_begin"):
    """What a voter found on its disk, of which no trace tells how it came to be. Its `quorum_restart` follows."""

    epoch: int
    voted: int
    committed: int
    """What it took for committed."""
    log_end: int
    epochs: tuple[EpochStart, ...]
    """Who wrote the log, by the offset at which each epoch begins. What lies before the first, a snapshot has taken the
    place of."""


class Commit(QuorumFact, frozen=True, gc=False, kw_only=True, tag="commit"):
    """What a controller believes committed has grown: to `to`, and these epochs wrote it.

    No action of the model: what a voter applies, which all must agree on.
    """

    start: int
    to: int
    epochs: tuple[EpochStart, ...]
    """By the offset at which each begins, the first at `start`."""


VOCABULARY: dict[str, type[QuorumFact]] = {
    str(kind.__struct_config__.tag): kind
    for kind in sorted(QuorumFact.__subclasses__(), key=lambda kind: kind.__name__)
}
"""Every fact's struct by its name in a trace."""


def decode(fact: Mapping[str, Any]) -> QuorumFact:
    """The struct of one fact as a trace holds it; FactError for an unknown name, a missing field, a wrong type."""
    name = fact.get("fact")
    if name not in VOCABULARY:
        raise FactError(f"unknown fact of the quorum {name!r}; known are {', '.join(VOCABULARY)}")
    try:
        return msgspec.convert(fact, VOCABULARY[name])
    except msgspec.ValidationError as error:
        raise FactError(f"fact {name!r}: {error}") from None


def decoded(facts: Iterable[Any]) -> tuple[Any, ...]:
    """The facts of a step as structs, whether they were read from a file or never left memory."""
    return tuple(decode(fact) if isinstance(fact, Mapping) else fact for fact in facts)
