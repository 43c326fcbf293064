"""Whole frames: a size, a header, a body.

    request    size 4 | api key 2 | api version 2 | correlation id 4 | client id | [tagged fields] | body
    response   size 4 | correlation id 4 | [tagged fields] | body

The tagged fields are there in flexible versions (header 2 of requests, 1 of responses), with one exception: the
response to ApiVersions never has them, so that a client can read it before it knows what the server speaks (KIP-511).
In them nodes of this project pass each other their Lamport clocks, under a tag nobody else uses and everybody skips.

One rule: bytes from a peer end in a value or in a `WireError` that says whether to answer.
"""

import functools
import struct
from collections.abc import Collection
from typing import NamedTuple, cast

from impl.core.types import Stored
from impl.wire.apis import APIS, ApiKey, request_codec, response_codec
from impl.wire.errors import FrameTooLarge, Malformed, UnknownApi, UnsupportedVersion
from impl.wire.message import Buffer, Message, Piece
from impl.wire.messages.api_versions import ApiVersion, ApiVersionsResponse
from impl.wire.varint import Overlong, read_unsigned, unsigned

FRAME_BYTES_MAX = 104_857_600
"""socket.request.max.bytes"""
CLOCK_TAG = 26_211
"""The tagged header field of our Lamport clock: an unsigned 64-bit number. Kafka numbers its own tags from 0."""
ALONE_BYTES_MIN = 32_768
"""Of a response, a part at least this large is a piece of its own; a `Stored` one is never smaller."""
REMEMBERED_BYTES_MAX = 256
"""Of a client id that is remembered: what strangers call themselves must not fill the memory."""
UNSUPPORTED_VERSION = 35

_SIZE = struct.Struct(">i")
_REQUEST_START = struct.Struct(">hhi")
_CORRELATION = struct.Struct(">i")
_LENGTH = struct.Struct(">h")
_CLOCK = struct.Struct(">Q")
_NO_TAGS = b"\0"
_REQUEST_HEADER = "RequestHeader"
_RESPONSE_HEADER = "ResponseHeader"


class RequestHeader(NamedTuple):
    """`clock` is the sender's Lamport clock; 0: it sent none, it is no node of ours, and is not sent one back."""

    api_key: int
    api_version: int
    correlation_id: int
    client_id: str | None = None
    clock: int = 0


class ResponseHeader(NamedTuple):
    correlation_id: int
    clock: int = 0


# ---------------------------------------------------------------- requests
def decode_request(frame: Buffer, served: Collection[int] = APIS.keys()) -> tuple[RequestHeader, Message]:
    """The request in a frame, given without its size; `served` are the API keys this listener serves.

    Records are views into `frame`. Bytes after a request are passed over, as Kafka does: librdkafka leaves three behind
    when it asks for all topics in a flexible version of Metadata. Raises Malformed, UnknownApi, UnsupportedVersion.
    """
    if len(frame) < _REQUEST_START.size:
        raise Malformed(_REQUEST_HEADER, "api_key", f"the frame of {len(frame)} bytes ends here")
    api_key, version, correlation_id = _REQUEST_START.unpack_from(frame)
    if api_key not in served:
        raise UnknownApi(api_key, version)
    api = APIS[api_key]
    if not api.first <= version <= api.last:
        answer = _versions_we_speak(correlation_id) if api_key == ApiKey.API_VERSIONS else None
        raise UnsupportedVersion(api.key.name, version, api.first, api.last, answer)
    codec = request_codec(api_key, version)
    client_id, position = _read_client_id(frame)
    clock = 0
    if codec.is_flexible:
        clock, position = _read_tags(frame, position, _REQUEST_HEADER)
    header = RequestHeader(api_key, version, correlation_id, client_id, clock)
    return header, codec.read(frame, position, to_the_end=False)


def encode_request(header: RequestHeader, message: Message) -> bytes:
    """A whole frame, size included."""
    codec = request_codec(header.api_key, header.api_version)
    start = _REQUEST_START.pack(header.api_key, header.api_version, header.correlation_id)
    parts: list[Buffer] = [start, _client_id(header.client_id)]
    if codec.is_flexible:
        parts.append(_tags(header.clock))
    return _framed(parts + codec.write(message))


# ---------------------------------------------------------------- responses
def encode_response(header: RequestHeader, message: Message, clock: int = 0) -> bytes:
    """The whole frame that answers the request of `header`, size included.

    The clock goes only to a peer that sent its own. No records of it may be `Stored`.
    """
    return b"".join(cast(list[Buffer], response_pieces(header, message, clock)))


def response_pieces(header: RequestHeader, message: Message, clock: int = 0) -> list[Piece]:
    """The same frame in pieces, to be sent one after the other: many records stand among them uncopied, or unread."""
    codec = response_codec(header.api_key, header.api_version)
    parts: list[Piece] = [_CORRELATION.pack(header.correlation_id)]
    if codec.is_flexible and header.api_key != ApiKey.API_VERSIONS:
        parts.append(_tags(clock if header.clock else 0))
    codec.write_to(message, parts.append)
    size = sum(map(len, parts))
    start = _SIZE.pack(size)
    if size < ALONE_BYTES_MIN:
        return [start + b"".join(cast(list[Buffer], parts))]
    return _gathered([start, *parts])


def _gathered(parts: list[Piece]) -> list[Piece]:
    """The same bytes with the small parts joined."""
    pieces: list[Piece] = []
    small: list[Buffer] = []
    for part in parts:
        if isinstance(part, Stored) or len(part) >= ALONE_BYTES_MIN:
            if small:
                pieces.append(b"".join(small))
                small.clear()
            pieces.append(part)
        else:
            small.append(part)
    if small:
        pieces.append(b"".join(small))
    return pieces


def correlation_of(frame: Buffer) -> int:
    """Which request a response answers: needed to know how to read the rest. Raises Malformed."""
    if len(frame) < _CORRELATION.size:
        raise Malformed(_RESPONSE_HEADER, "correlation_id", f"the frame of {len(frame)} bytes ends here")
    (correlation_id,) = _CORRELATION.unpack_from(frame)
    return int(correlation_id)


def decode_response(frame: Buffer, api_key: int, api_version: int) -> tuple[ResponseHeader, Message]:
    """The response in a frame, given without its size, to a request of this API and version. Raises Malformed."""
    correlation_id = correlation_of(frame)
    codec = response_codec(api_key, api_version)
    position = _CORRELATION.size
    clock = 0
    if codec.is_flexible and api_key != ApiKey.API_VERSIONS:
        clock, position = _read_tags(frame, position, _RESPONSE_HEADER)
    return ResponseHeader(correlation_id, clock), codec.read(frame, position)


# ---------------------------------------------------------------- frames
def body_of(frame: Buffer, size_max: int = FRAME_BYTES_MAX) -> memoryview:
    """What follows the size of one whole frame. Raises FrameTooLarge, Malformed."""
    if len(frame) < _SIZE.size:
        raise Malformed("frame", "size", f"{len(frame)} bytes")
    (size,) = _SIZE.unpack_from(frame)
    if not 0 <= size <= size_max:
        raise FrameTooLarge(size, size_max)
    if size != len(frame) - _SIZE.size:
        raise Malformed("frame", "size", f"{size} before {len(frame) - _SIZE.size} bytes")
    return memoryview(frame)[_SIZE.size :]


def _framed(parts: list[Buffer]) -> bytes:
    parts.insert(0, _SIZE.pack(sum(map(len, parts))))
    return b"".join(parts)


# ---------------------------------------------------------------- headers
def _read_client_id(frame: Buffer) -> tuple[str | None, int]:
    """(client id, next position). In every version a string of the old kind, which may be null (KIP-482)."""
    position = _REQUEST_START.size + _LENGTH.size
    if position > len(frame):
        raise Malformed(_REQUEST_HEADER, "client_id", f"the frame of {len(frame)} bytes ends here")
    (length,) = _LENGTH.unpack_from(frame, _REQUEST_START.size)
    if length < 0:
        return None, position
    if length > len(frame) - position:
        problem = f"length {length} where {len(frame) - position} bytes are left"
        raise Malformed(_REQUEST_HEADER, "client_id", problem)
    end = position + length
    encoded = bytes(frame[position:end])
    return (_known_client_id(encoded) if length <= REMEMBERED_BYTES_MAX else _client_id_of(encoded)), end


@functools.lru_cache(maxsize=1_024)
def _known_client_id(encoded: bytes) -> str:
    """Clients are few, and say who they are in every request. What is raised is not remembered."""
    return _client_id_of(encoded)


def _client_id_of(encoded: bytes) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        raise Malformed(_REQUEST_HEADER, "client_id", "not UTF-8") from None


def _read_tags(frame: Buffer, position: int, header: str) -> tuple[int, int]:
    """(clock, next position). Tags other than ours are skipped."""
    if position < len(frame) and not frame[position]:
        return 0, position + 1
    clock = 0
    try:
        count, position = read_unsigned(frame, position)
        for _ in range(count):
            tag, position = read_unsigned(frame, position)
            size, position = read_unsigned(frame, position)
            if size > len(frame) - position:
                raise Malformed(header, "tagged fields", f"length {size} where {len(frame) - position} bytes are left")
            if tag == CLOCK_TAG and size == _CLOCK.size:
                (clock,) = _CLOCK.unpack_from(frame, position)
            position += size
    except Overlong as trouble:
        raise Malformed(header, "tagged fields", str(trouble)) from None
    except IndexError:
        raise Malformed(header, "tagged fields", f"the frame of {len(frame)} bytes ends here") from None
    return clock, position


def _tags(clock: int) -> bytes:
    if not clock:
        return _NO_TAGS
    return unsigned(1) + unsigned(CLOCK_TAG) + unsigned(_CLOCK.size) + _CLOCK.pack(clock)


@functools.lru_cache(maxsize=64)
def _client_id(client_id: str | None) -> bytes:
    if client_id is None:
        return _LENGTH.pack(-1)
    encoded = client_id.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def _versions_we_speak(correlation_id: int) -> bytes:
    """The answer to an ApiVersions of a version we do not speak: version 0, with the versions we do (KIP-511)."""
    api = APIS[ApiKey.API_VERSIONS]
    ours = ApiVersion(api_key=api.key, min_version=api.first, max_version=api.last)
    message = ApiVersionsResponse(error_code=UNSUPPORTED_VERSION, api_keys=(ours,))
    return encode_response(RequestHeader(api.key, 0, correlation_id), message)
