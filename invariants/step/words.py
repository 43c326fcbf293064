"""The words of a violation: how batches and nodes are named in its sentence."""

from traces.facts import Content


def node_words(node: int) -> str:
    return f"n{node}" if node >= 0 else "nobody"


def records_words(base_offset: int, record_count: int, crc: int) -> str:
    """`record 5 (crc 00c0ffee)` or `records 5 to 7 (crc 00c0ffee)`; a record is named by its offset."""
    if record_count == 1:
        return f"record {base_offset} (crc {crc:08x})"
    return f"records {base_offset} to {base_offset + record_count - 1} (crc {crc:08x})"


def batch_words(batch: Content) -> str:
    return records_words(batch.base_offset, batch.record_count, batch.crc)


def set_words(nodes: tuple[int, ...]) -> str:
    return "{" + ", ".join(node_words(node) for node in sorted(nodes)) + "}"
