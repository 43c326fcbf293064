"""Structures that stand in more than one response."""

from impl.wire.message import Message


class LeaderIdAndEpoch(Message, frozen=True):
    """Who leads now, for a client that asked somebody else (KIP-951)."""

    leader_id: int = -1
    leader_epoch: int = -1


class NodeEndpoint(Message, frozen=True):
    """Where that leader listens."""

    node_id: int = 0
    host: str = ""
    port: int = 0
    rack: str | None = None
