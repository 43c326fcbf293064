"""Hostile inputs for a running broker, drawn from a seeded source: the same seed throws the same bytes.

One rule: an input is bytes and what they are; what a broker should make of them is judged elsewhere.
"""

import gzip
import random
import struct
from typing import Any, NamedTuple

from crc32c import crc32c

from impl.wire import compression
from impl.wire.apis import APIS, ApiKey
from impl.wire.batches import build
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, decode_request, encode_request
from impl.wire.message import Message
from tests.server.raw import PRODUCE_VERSION, produce_request
from tests.wire.test_mutated_frames import good_frames, mutate

TOPIC = "hostile"
MEBIBYTE = 1 << 20
CRC_AT, ATTRIBUTES_AT, LAST_OFFSET_DELTA_AT, COUNT_AT, RECORDS_AT = 17, 21, 23, 57, 61
SMALLEST, MANY = b"\x0e\0\0\0\2k\1\0", 5_000_000
"""A record that is its key and nothing else, and how many of them fit into a bomb that a broker would unpack."""
LENGTHS = (-(2**31), -5, -1, 2**31 - 1, 2**31 - 4, 104_857_601, 1_700_000_000)


class Input(NamedTuple):
    """What is sent on one connection."""

    kind: str
    data: bytes
    ends: bool
    """Whether the broker has got a whole frame, or more: it must answer or close. Else it may wait for the rest."""


class Source:
    """Draws inputs, most of them mutated requests."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._frames = good_frames()
        self._bombs = bombs()
        self._kinds = (
            (self._mutated, 60),
            (self._valid, 8),
            (self._plausible, 20),
            (self._random_bytes, 8),
            (self._impossible_length, 6),
            (self._truncated, 6),
            (self._random_body, 6),
            (self._unknown_version, 3),
            (self._wrong_crc, 3),
            (self._bomb, 1),
        )

    def draw(self) -> Input:
        kinds, weights = zip(*self._kinds, strict=True)
        (chosen,) = self._random.choices(kinds, weights)
        return chosen()

    def _mutated(self) -> Input:
        return Input("mutated request", framed(mutate(self._random.choice(self._frames), self._random)), True)

    def _valid(self) -> Input:
        return Input("valid request with random values", framed(self._random.choice(self._frames)), True)

    def _plausible(self) -> Input:
        """A whole request whose every value is one that means something here: it gets further than random ones."""
        frame = self._random.choice(self._frames)
        try:
            head, message = decode_request(frame)
            if head.api_key == ApiKey.DELETE_TOPICS:
                # It would be obeyed, and there would be nothing left to attack.
                return self._valid()
            told = plausible(message, self._random)
            data = encode_request(RequestHeader(head.api_key, head.api_version, 1, "h"), told)
        except (WireError, struct.error):
            # A version we do not read, or a number that its field is too narrow for.
            return self._valid()
        return Input("request with plausible values", data, True)

    def _random_bytes(self) -> Input:
        return Input("random bytes", self._random.randbytes(self._random.randint(1, 3000)), False)

    def _impossible_length(self) -> Input:
        head = struct.pack(">i", self._random.choice(LENGTHS))
        return Input("impossible length", head + self._random.randbytes(self._random.randint(0, 200)), True)

    def _truncated(self) -> Input:
        frame = framed(self._random.choice(self._frames))
        return Input("truncated frame", frame[: self._random.randrange(1, len(frame))], False)

    def _random_body(self) -> Input:
        api = self._random.choice(list(APIS.values()))
        start = header(api.key, self._random.randint(api.first, api.last))
        return Input("random body", framed(start + self._random.randbytes(self._random.randint(0, 300))), True)

    def _unknown_version(self) -> Input:
        key = self._random.choice([*ApiKey, -1, 77, 999, 32_767])
        start = header(key, self._random.choice((-32_768, -1, 20, 99, 32_767)))
        return Input("unknown API or version", framed(start + bytes(self._random.randint(0, 50))), True)

    def _wrong_crc(self) -> Input:
        batch = bytearray(build([(None, self._random.randbytes(100))], timestamp=1_700_000_000_000))
        batch[self._random.randrange(ATTRIBUTES_AT, len(batch))] ^= 1 << self._random.randrange(8)
        return Input("wrong CRC", produced(bytes(batch)), True)

    def _bomb(self) -> Input:
        name = self._random.choice(sorted(self._bombs))
        return Input(f"bomb in {name}", produced(self._bombs[name]), True)


NUMBERS = (-2, -1, 0, 0, 1, 1, 2, 3, 7, 100, 3000, 3001, 2**31 - 1)
WORDS = ("", TOPIC, TOPIC, "nowhere", "bad name", "__cluster_metadata", "retention.ms", "cleanup.policy", "x" * 300)
TEXTS = ("", "1", "-1", "compact", "nonsense")
SMALL = {
    "acks": (-1, 0, 1, 2),
    "replication_factor": (-1, 0, 1, 2),
    "num_partitions": (-1, 0, 1, 2),
    "count": (0, 1, 2),
}
"""Where anything else would only be refused at the first look, or would be a reasonable wish."""
NARROW = {
    **dict.fromkeys(("error_code", "index", "coordinator_type", "resource_type", "config_operation"), (0, 1, 2, 4)),
    **dict.fromkeys(("isolation_level", "election_type", "pattern_type"), (0, 1)),
}
"""One or two bytes on the wire."""


def plausible(value: Any, draw: random.Random, name: str = "") -> Any:
    """The same message with its numbers, names and ids drawn anew from those that mean something here."""
    if isinstance(value, Message):
        fields = {each: plausible(getattr(value, each), draw, each) for each in value.__struct_fields__}
        return type(value)(**fields)
    if isinstance(value, tuple):
        return tuple(plausible(each, draw, name) for each in value[:3])
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return draw.choice(SMALL.get(name) or NARROW.get(name) or NUMBERS) if draw.random() < 0.8 else value
    if isinstance(value, str):
        return draw.choice(TEXTS if name == "value" else WORDS)
    return value


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def header(key: int, version: int) -> bytes:
    return struct.pack(">hhih", key, version, 7, -1)


def produced(records: bytes) -> bytes:
    """A produce request with these records, acks=1."""
    return encode_request(RequestHeader(ApiKey.PRODUCE, PRODUCE_VERSION, 1, "h"), produce_request(TOPIC, records, 1))


def bombs() -> dict[str, bytes]:
    """A batch for each codec whose header is right and whose records inflate as far as message.max.bytes lets them."""
    zeros = bytes(16 * MEBIBYTE)
    packed = {
        compression.GZIP: gzip.compress(zeros, 9) * 48,
        compression.ZSTD: zstd_of_zeros(1024 * MEBIBYTE),
        compression.LZ4: compression.pack(compression.LZ4, zeros * 12),
        compression.SNAPPY: compression.pack(compression.SNAPPY, zeros),
    }
    found = {compression.NAMES[codec]: batch(codec, data) for codec, data in packed.items()}
    found["zstd-of-small-records"] = batch(compression.ZSTD, compression.pack(compression.ZSTD, SMALLEST * MANY), MANY)
    return found


def zstd_of_zeros(size: int) -> bytes:
    """A zstd frame of run-length blocks, four bytes for each 128 KiB (RFC 8878): the tightest bomb there is."""
    block = 131_072
    frame_header = struct.pack("<IBBQ", 0xFD2FB528, 0xC0, 0x38, size)
    blocks = [struct.pack("<I", (block << 3) | (1 << 1))[:3] + b"\0"] * (size // block - 1)
    last = struct.pack("<I", (block << 3) | (1 << 1) | 1)[:3] + b"\0"
    return frame_header + b"".join(blocks) + last


def batch(codec: int, records: bytes, count: int = 1) -> bytes:
    """A batch that says it holds so many records, with these bytes as its compressed records and a right CRC."""
    made = bytearray(build([(None, b"x")], timestamp=1_700_000_000_000)[:RECORDS_AT] + records)
    struct.pack_into(">i", made, 8, len(made) - 12)
    struct.pack_into(">h", made, ATTRIBUTES_AT, codec)
    struct.pack_into(">i", made, LAST_OFFSET_DELTA_AT, count - 1)
    struct.pack_into(">i", made, COUNT_AT, count)
    struct.pack_into(">I", made, CRC_AT, crc32c(bytes(made[ATTRIBUTES_AT:])))
    return bytes(made)
