"""The `quorum-state` file: the epoch a voter is in, the leader it knows of, and its vote, as Kafka writes them.

One rule: a file that cannot be read is an error and no empty one: a forgotten vote is a vote that may be given twice.

Version 0 of Kafka's file, which is that of fixed voters (KIP-595). `clusterId` and `appliedOffset` are written as Kafka
writes them, empty and 0, and not read.
"""

import msgspec

from impl.core.quorum.batches import ElectionState
from impl.core.types import LeaderEpoch, NodeId
from impl.storage.errors import CorruptCheckpoint

FILE = "quorum-state"
VERSION = 0


class _Voter(msgspec.Struct, rename="camel"):
    voter_id: int


class _File(msgspec.Struct, rename="camel"):
    leader_id: int
    leader_epoch: int
    voted_id: int
    current_voters: list[_Voter] | None
    data_version: int = msgspec.field(name="data_version")
    cluster_id: str = ""
    applied_offset: int = 0


def encode(state: ElectionState, voters: tuple[NodeId, ...]) -> bytes:
    """The content of the file."""
    return msgspec.json.encode(
        {
            "clusterId": "",
            "leaderId": state.leader,
            "leaderEpoch": state.epoch,
            "votedId": state.voted,
            "appliedOffset": 0,
            "currentVoters": [{"voterId": voter} for voter in voters],
            "data_version": VERSION,
        }
    )


def decode(path: str, data: bytes) -> ElectionState:
    """What a file says. Raises CorruptCheckpoint."""
    remedy = "restore the file, or move the whole data directory away and let the controller copy the log again"
    try:
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise CorruptCheckpoint(path, 1, str(error), remedy) from error
    if found.data_version != VERSION:
        raise CorruptCheckpoint(path, 1, f"data_version {found.data_version}, known is {VERSION}", remedy)
    if found.leader_epoch < 0 or found.voted_id < -1:
        reason = f"leaderEpoch {found.leader_epoch} and votedId {found.voted_id} are no epoch and no voter"
        raise CorruptCheckpoint(path, 1, reason, remedy)
    return ElectionState(LeaderEpoch(found.leader_epoch), NodeId(found.leader_id), NodeId(found.voted_id))
