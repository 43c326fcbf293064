"""Hostile frames: whatever bytes come, reading them ends in a message or in a typed refusal, in bounded memory."""

import random
import struct
import tracemalloc
import warnings

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from kio.index import load_request_schema

from impl.api.handler import Immediate
from impl.api.registry import broker_registry, controller_registry
from impl.wire.apis import APIS, ApiKey
from impl.wire.errors import WireError
from impl.wire.framing import RequestHeader, body_of, decode_request, decode_response, encode_request, encode_response
from impl.wire.varint import unsigned
from tests.wire import client_frames
from tests.wire.kio_values import to_ours

FRAMES = 20_000
MEMORY_PER_BYTE_MAX = 40
"""Bytes of Python objects for each byte that claims them, where the structures are the smallest."""
HOSTILE = (
    b"\xff\xff\xff\xff\x0f",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x80\x80",
)


class NoNames:
    def name_of(self, topic_id):
        del topic_id

    def id_of(self, name):
        del name


def good_frames():
    """A few frames of every request in every version, and those of real clients."""
    frames = [
        bytes.fromhex(frame)
        for client in ("LIBRDKAFKA", "KAFKA_PYTHON", "AIOKAFKA", "KCAT")
        for frame in getattr(client_frames, client)
    ]
    for api in APIS.values():
        for version in range(api.first, api.last + 1):
            frames += examples(api, version)
    return frames


def examples(api, version):
    found = []

    @settings(
        max_examples=3,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.from_type(load_request_schema(api.key, version)))
    def collect(message):
        header = RequestHeader(api.key, version, 1, "c", 3)
        found.append(bytes(body_of(encode_request(header, to_ours(message, api.request)))))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return found


def mutate(frame, rng):
    """Flip, cut, insert, repeat or overwrite, once to four times; the header's first bytes mostly stay."""
    data = bytearray(frame)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1) if rng.random() < 0.1 else rng.randint(min(8, len(data)), len(data))
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                data[at:at] = rng.randbytes(rng.randint(1, 9))
            case 3:
                data[at : at + rng.randint(1, 9)] = b""
            case 4:
                hostile = rng.choice(HOSTILE)
                data[at : at + len(hostile)] = hostile
            case _:
                data += data[at:]
    return bytes(data[:4096])


def survive(frame, registries):
    """What became of a frame. Anything but a message or a WireError escapes, and fails the test."""
    try:
        header, message = decode_request(frame)
    except WireError as refused:
        return "refused" if "\n" not in str(refused) else "refused in more than one line"
    for registry in registries:
        if header.api_key in registry.served:
            meant = registry.to_core(header, message, NoNames())
            if isinstance(meant, Immediate) and meant.reply is not None:
                encode_response(header, meant.reply)
            reply = registry.error_reply(header, message, -1)
            if reply is not None:
                encode_response(header, reply)
    return "read"


def test_twenty_thousand_hostile_requests():
    rng = random.Random(20_261_123)
    frames = good_frames()
    registries = (broker_registry(), controller_registry())
    outcomes = {"read": 0, "refused": 0}
    for _ in range(FRAMES):
        outcomes[survive(mutate(rng.choice(frames), rng), registries)] += 1
    # Both ends of the search were reached: frames that still mean something, and frames that do not.
    assert outcomes["read"] > FRAMES // 20
    assert outcomes["refused"] > FRAMES // 5


def test_random_bytes_behind_every_header():
    rng = random.Random(7)
    registries = (broker_registry(), controller_registry())
    outcomes = set()
    for api in APIS.values():
        for version in range(api.first, api.last + 1):
            start = struct.pack(">hhih", api.key, version, 1, -1)
            for _ in range(20):
                outcomes.add(survive(start + rng.randbytes(rng.randint(0, 60)), registries))
    assert outcomes == {"read", "refused"}


def test_hostile_responses():
    """A client of ours faces a network too."""
    rng = random.Random(11)
    refused = 0
    for api in APIS.values():
        for version in range(api.first, api.last + 1):
            frame = bytes(body_of(encode_response(RequestHeader(api.key, version, 1, clock=1), api.response(), 2)))
            for _ in range(40):
                try:
                    decode_response(mutate(frame, rng), api.key, version)
                except WireError:
                    refused += 1
    assert refused > 1000


def test_memory_is_bounded_by_the_bytes_that_came():
    """The worst a frame can do: claim as many of the smallest structures as its bytes can hold."""
    topics = 100_000
    start = struct.pack(">hhih", ApiKey.PRODUCE, 9, 1, -1) + b"\0" + b"\0" + struct.pack(">hi", 1, 0)
    frame = start + unsigned(topics + 1) + b"\1\1\0" * topics + b"\0"
    tracemalloc.start()
    _, message = decode_request(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(message.topic_data) == topics
    assert peak < MEMORY_PER_BYTE_MAX * len(frame)


def test_any_other_exception_would_be_noticed():
    class Careless:
        served = dict.fromkeys(APIS)

        def to_core(self, *request):
            raise KeyError(request)

    with pytest.raises(KeyError):
        survive(bytes.fromhex(client_frames.KCAT[0]), (Careless(),))
