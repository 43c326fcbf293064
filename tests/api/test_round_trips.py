"""Every message of the core, over the wire and back, in every version: through whole frames, as nodes do it."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from impl.api.handler import Immediate
from impl.api.registry import broker_registry, controller_registry
from impl.core import controller_messages as c
from impl.core import messages as m
from impl.core.quorum import messages as q
from impl.wire.apis import APIS, ApiKey
from impl.wire.framing import (
    RequestHeader,
    body_of,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from tests.api.core_messages import REPLIES, REQUESTS, Names, forget_reply, forget_request

BROKER, CONTROLLER = broker_registry(), controller_registry()
TO_CONTROLLER = (
    *q.QuorumRequest.__args__,
    c.RegisterBroker,
    c.BrokerHeartbeat,
    c.AlterPartition,
    c.AllocateProducerIds,
    c.LoseReplicas,
)
NAMES = Names()
PROFILE = settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def registry_for(request_class):
    return CONTROLLER if request_class in TO_CONTROLLER else BROKER


def versions_of(request_class):
    handler = registry_for(request_class)._by_request[request_class]
    api = APIS[handler.key]
    return api.first, api.last


CASES = [
    pytest.param(request_class, version, id=f"{request_class.__name__}-{version}")
    for request_class in REQUESTS
    for version in range(versions_of(request_class)[0], versions_of(request_class)[1] + 1)
]


def to_wire(registry, request, version):
    key, sent_version, message = registry.request_to_wire(request, NAMES)
    if key == ApiKey.METADATA and version == 0 and message.topics is None:
        # All topics, as version 0 says it: it has no null.
        message = msgspec.structs.replace(message, topics=())
    return key, sent_version, message


def plain(message):
    """A message with its batches' bytes out of the frame they came in, so that equal content is equal."""
    if isinstance(message, memoryview):
        return bytes(message)
    if isinstance(message, tuple) and not hasattr(message, "_fields"):
        return tuple(plain(element) for element in message)
    if hasattr(message, "__struct_fields__"):
        return type(message), *(plain(getattr(message, name)) for name in message.__struct_fields__)
    return message


def test_every_request_class_is_covered():
    assert set(REQUESTS) == set(m.Request.__args__) == set(REPLIES)


@pytest.mark.parametrize(("request_class", "version"), CASES)
def test_request(request_class, version):
    registry = registry_for(request_class)

    @PROFILE
    @given(REQUESTS[request_class])
    def check(request):
        key, sent_version, message = to_wire(registry, request, version)
        assert sent_version == APIS[key].last
        frame = encode_request(RequestHeader(key, version, 7, "node 1", clock=41), message)
        header, arrived = decode_request(body_of(frame), registry.served)
        assert header.correlation_id == 7
        assert header.client_id == "node 1"
        assert plain(registry.to_core(header, arrived, NAMES)) == plain(forget_request(request, version))

    check()


@pytest.mark.parametrize(("request_class", "version"), CASES)
def test_reply(request_class, version):
    registry = registry_for(request_class)

    @PROFILE
    @given(REQUESTS[request_class], REPLIES[request_class])
    def check(request, reply):
        key = registry._by_request[request_class].key
        header = RequestHeader(key, version, -9, None, clock=1)
        frame = encode_response(header, registry.reply_to_wire(header, request, reply, NAMES), clock=42)
        answered, message = decode_response(body_of(frame), key, version)
        assert answered.correlation_id == -9
        assert plain(registry.reply_to_core(key, version, message, NAMES)) == plain(forget_reply(reply, version))

    check()


@pytest.mark.parametrize(("request_class", "version"), CASES)
def test_error_reply_says_the_error(request_class, version):
    """Whatever was asked, the answer can be encoded and carries the code, wherever the version has a place for it."""
    registry = registry_for(request_class)

    @PROFILE
    @given(REQUESTS[request_class])
    def check(request):
        key, _, message = to_wire(registry, request, version)
        frame = encode_request(RequestHeader(key, version, 7), message)
        header, arrived = decode_request(body_of(frame), registry.served)
        reply = registry.error_reply(header, arrived, m.ErrorCode.UNKNOWN_SERVER_ERROR)
        if isinstance(request, m.Produce) and request.acks == 0:
            assert reply is None
            return
        _, answer = decode_response(body_of(encode_response(header, reply)), key, version)
        assert codes(answer) <= {-1}
        assert codes(answer) or nothing_asked(request)

    check()


def codes(message):
    """Every error code in a message, whichever level it stands on; only the whole's may be 0 in an old version."""
    found = set()
    for name in getattr(message, "__struct_fields__", ()):
        value = getattr(message, name)
        if name == "error_code":
            found.add(value)
        elif isinstance(value, tuple):
            found |= {code for element in value for code in codes(element)}
    top = getattr(message, "error_code", None)
    return found - {0} if top == 0 else found


def nothing_asked(request):
    return (
        not getattr(request, "partitions", None)
        and not getattr(request, "topics", None)
        and (not getattr(request, "queries", None))
    )


def test_a_request_for_the_wrong_listener_is_no_core_request():
    fetch = m.Fetch(replica_id=1, max_wait_ms=0, min_bytes=0, max_bytes=1, partitions=())
    key, version, message = BROKER.request_to_wire(fetch, NAMES)
    assert isinstance(CONTROLLER.to_core(RequestHeader(key, version, 1), message, NAMES), Immediate)
