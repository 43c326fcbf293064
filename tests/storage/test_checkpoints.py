"""Kafka's checkpoint files: what we write is Kafka's text, and what is not Kafka's text is refused by file and line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.core.types import EpochStart, LeaderEpoch, Offset, TopicPartition
from impl.storage import checkpoints
from impl.storage.errors import CorruptCheckpoint

topics = st.text("abcXYZ019._-", min_size=1, max_size=20)
offsets = st.dictionaries(st.builds(TopicPartition, topics, st.integers(0, 2**31 - 1)), st.integers(0, 2**63 - 1))
epochs = st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1)))


def test_the_text_is_kafkas() -> None:
    watermarks = {TopicPartition("b", 10): 7, TopicPartition("b", 9): 5, TopicPartition("a", 0): 0}
    assert checkpoints.format_offsets(watermarks) == b"0\n3\na 0 0\nb 9 5\nb 10 7\n"
    assert checkpoints.format_epochs(
        [EpochStart(LeaderEpoch(0), Offset(0)), EpochStart(LeaderEpoch(3), Offset(8))]
    ) == (b"0\n2\n0 0\n3 8\n")
    topic_id = bytes.fromhex("5bd9fcc0f0e44b3d9a3f01e2f7d5c6fb")
    assert checkpoints.format_metadata(topic_id) == b"version: 0\ntopic_id: W9n8wPDkSz2aPwHi99XG-w\n"


@given(offsets, epochs, st.binary(min_size=16, max_size=16))
def test_what_is_written_is_read(
    watermarks: dict[TopicPartition, int], starts: list[tuple[int, int]], topic_id: bytes
) -> None:
    path = checkpoints.HIGH_WATERMARKS
    assert checkpoints.parse_offsets(path, checkpoints.format_offsets(watermarks)) == watermarks
    entries = tuple(EpochStart(LeaderEpoch(epoch), Offset(start)) for epoch, start in starts)
    path = f"t-0/{checkpoints.LEADER_EPOCHS}"
    assert checkpoints.parse_epochs(path, checkpoints.format_epochs(entries)) == entries
    path = f"t-0/{checkpoints.PARTITION_METADATA}"
    assert checkpoints.parse_metadata(path, checkpoints.format_metadata(topic_id)) == topic_id


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (b"0\n", 2, "the file ends too early"),
        (b"1\n0\n", 1, "version '1' is not 0"),
        (b"0\nx\n", 2, "'x' is not a number"),
        (b"0\n-1\n", 2, "'-1' is not a number"),
        (b"0\n2\nt 0 5\n", 2, "2 entries are announced, 1 are there"),
        (b"0\n0\nt 0 5\n", 2, "0 entries are announced, 1 are there"),
        (b"0\n1\nt 0\n", 3, "'t 0' does not have 3 words"),
        (b"0\n1\nt 0 5 6\n", 3, "does not have 3 words"),
        (b"0\n2\nt 0 5\nt 1 five\n", 4, "'five' is not a number"),
        (b"0\n1\nt \xc2\xb2 5\n", 3, "is not a number"),
        (b"\xff\xfe", 1, "the file is not text"),
    ],
)
def test_anything_else_is_refused_by_file_line_and_remedy(text: bytes, line: int, reason: str) -> None:
    with pytest.raises(CorruptCheckpoint, match=reason) as refused:
        checkpoints.parse_offsets(checkpoints.RECOVERY_POINTS, text)
    assert str(refused.value).startswith(f"recovery-point-offset-checkpoint line {line}: ")
    assert str(refused.value).endswith("; delete the file: every log is then checked from its beginning")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"version: 1\ntopic_id: W9n8wPDkSz2aPwHi99XG-w\n",
        b"version: 0\n",
        b"version: 0\ntopic_id: W9n8wPDkSz2aPwHi99XG\n",
        b"version: 0\ntopic_id: W9n8wPDkSz2aPwHi99XG*w\n",
        b"version: 0\ntopic_id: \n",
    ],
)
def test_partition_metadata_that_names_no_topic_is_refused(text: bytes) -> None:
    with pytest.raises(CorruptCheckpoint, match=r"t-0/partition\.metadata line [12]: .*; restore the file"):
        checkpoints.parse_metadata("t-0/partition.metadata", text)


def test_an_empty_file_has_no_entries() -> None:
    """Kafka leaves one where it has nothing to say, such as a cleaner-offset-checkpoint."""
    assert checkpoints.parse_offsets(checkpoints.CLEANER_OFFSETS, b"") == {}
