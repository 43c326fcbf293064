"""Our bytes read by kafka-python and written again: a second opinion beside kio's, on the APIs a client knows."""

import warnings

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from kafka.protocol import admin, consumer, metadata, producer
from kio.index import load_request_schema, load_response_schema

from impl.wire.apis import APIS, ApiKey, request_codec, response_codec
from tests.wire.kio_values import to_ours

MODULES = {
    ApiKey.PRODUCE: producer,
    ApiKey.FETCH: consumer,
    ApiKey.LIST_OFFSETS: consumer,
    ApiKey.METADATA: metadata,
    ApiKey.FIND_COORDINATOR: metadata,
    ApiKey.API_VERSIONS: metadata,
    ApiKey.CREATE_TOPICS: admin,
    ApiKey.INIT_PRODUCER_ID: producer,
    ApiKey.OFFSET_FOR_LEADER_EPOCH: consumer,
}


def versions(key):
    """Both ends and the first flexible version between them."""
    first, last = APIS[key].first, APIS[key].last
    flexible = (version for version in range(first, last + 1) if request_codec(key, version).is_flexible)
    return sorted({first, last, next(flexible, first)})


CASES = [
    pytest.param(key, version, kind, id=f"{key.name}-{kind}-{version}")
    for key in MODULES
    for version in versions(key)
    for kind in ("Request", "Response")
]


@pytest.mark.parametrize(("key", "version", "kind"), CASES)
def test_kafka_python_reads_and_repeats_our_bytes(key, version, kind):
    schema, codec, ours = (
        (load_request_schema(key, version), request_codec(key, version), APIS[key].request)
        if kind == "Request"
        else (load_response_schema(key, version), response_codec(key, version), APIS[key].response)
    )
    theirs = getattr(MODULES[key], ours.__name__)

    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.from_type(schema))
    def check(random_message):
        message = to_ours(random_message, ours)
        if key is ApiKey.API_VERSIONS and kind == "Response":
            # kafka-python takes any response with an error for one of version 0, as a client must (KIP-511).
            message = msgspec.structs.replace(message, error_code=0)
        encoded = b"".join(codec.write(message))
        repeated = theirs.decode(encoded, version=version).encode()
        assert repeated == encoded
        assert codec.read(repeated) == message

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check()
