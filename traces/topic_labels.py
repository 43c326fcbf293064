"""What facts and clients call a partition, where topics of one name follow each other.

One rule: `topic-index@digits`, with the first digits of the topic's id, is this partition for ever; `topic-index` is
whichever has the name now.
"""

ID = "@"


def is_identified(partition: str) -> bool:
    """The label says of which topic id the partition is: no other one will ever be called so."""
    return ID in partition


def name_of(partition: str) -> str:
    """The label without the id: what its log's directory is called."""
    return partition.partition(ID)[0]
