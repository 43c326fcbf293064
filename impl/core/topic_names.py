"""Which topic names are legal (org.apache.kafka.common.internals.Topic)."""

LENGTH_MAX = 249
LEGAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")

METADATA = "__cluster_metadata"
"""The controllers' own log: no topic that anybody may make (ControllerApis.createTopics)."""


def complaint(name: str) -> str | None:
    """What is wrong with a topic name, in Kafka's words; None if it is legal."""
    if not name:
        return "Topic name is invalid: the empty string is not allowed"
    if name in (".", ".."):
        return f"Topic name is invalid: '{name}' is not allowed"
    if len(name) > LENGTH_MAX:
        return f"Topic name is invalid: the length of '{name}' is longer than the max allowed length {LENGTH_MAX}"
    if not LEGAL.issuperset(name):
        return (
            f"Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, "
            "'.', '_' and '-'"
        )
    return None


def collides(name: str, other: str) -> bool:
    """Names that differ only in '.' and '_' become the same metric name."""
    return name.replace(".", "_") == other.replace(".", "_")


STAND_IN = "?"


def stood_in_for(name: str) -> bytes | None:
    """The topic id for which a name stands in that no topic can bear (impl/api/names.py); None for any other name."""
    return bytes.fromhex(name[1:]) if name.startswith(STAND_IN) else None
