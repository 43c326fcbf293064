"""Our codec held to kio's: every message we serve, every version, byte for byte and value for value."""

import dataclasses
import io
import warnings

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from kio.index import load_request_schema, load_response_schema
from kio.serial import entity_reader, entity_writer

from impl.wire.apis import APIS, ApiKey, request_codec, response_codec
from impl.wire.codec import codec_for
from impl.wire.codec.schema import describe
from impl.wire.codec.types import structure_classes
from impl.wire.message import NO_ID, Message
from impl.wire.messages.fetch import PartitionData, SnapshotId
from impl.wire.messages.produce import TopicProduceData
from tests.wire.kio_values import to_ours

CASES = [
    pytest.param(api, version, kind, id=f"{api.key.name}-{kind}-{version}")
    for api in APIS.values()
    for version in range(api.first, api.last + 1)
    for kind in ("request", "response")
]


def schema_and_class(api, version, kind):
    if kind == "request":
        return load_request_schema(api.key, version), api.request, request_codec(api.key, version)
    return load_response_schema(api.key, version), api.response, response_codec(api.key, version)


@pytest.mark.parametrize(("api", "version", "kind"), CASES)
def test_bytes_and_values_are_kios(api, version, kind):
    schema, our_class, codec = schema_and_class(api, version, kind)
    write, read = entity_writer(schema), entity_reader(schema)

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.from_type(schema))
    def check(theirs):
        buffer = io.BytesIO()
        write(buffer, theirs)
        encoded = buffer.getvalue()
        ours = to_ours(theirs, our_class)
        assert b"".join(codec.write(ours)) == encoded
        assert codec.read(encoded) == ours
        assert codec.read(bytearray(encoded)) == ours
        assert to_ours(read(encoded, 0)[0], our_class) == ours

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check()


@pytest.mark.parametrize(("api", "version", "kind"), CASES)
def test_declared_classes_have_every_field_and_default(api, version, kind):
    schema, our_class, _ = schema_and_class(api, version, kind)
    assert_declared(describe(schema), schema, our_class)


def assert_declared(entity, schema, our_class):
    classes = structure_classes(our_class)
    defaults = our_class()
    for field in entity.fields:
        assert field.name in classes, f"{our_class.__name__} lacks {field.name}"
        if field.tag is not None:
            declared = schema.__dataclass_fields__[field.name]
            theirs = declared.default
            if theirs is None and declared.metadata.get("kafka_type") == "uuid":
                theirs = NO_ID
            ours = getattr(defaults, field.name)
            # kio gives a structure whose fields have no defaults in the schema none either.
            if theirs is not dataclasses.MISSING:
                assert ours == (to_ours(theirs, classes[field.name]) if field.entity and theirs != () else theirs)
        if field.entity:
            nested = schema.__dataclass_fields__[field.name].type
            assert_declared(field.entity, innermost(nested), classes[field.name])


def innermost(annotation):
    while getattr(annotation, "__args__", None):
        annotation = annotation.__args__[0]
    return annotation


# ---------------------------------------------------------------- the checks above catch something
class WithoutAcks(Message, frozen=True):
    transactional_id: str | None = None
    timeout: int = 0
    topic_data: tuple[TopicProduceData, ...] = ()


class WrongDefault(PartitionData, frozen=True):
    snapshot_id: SnapshotId = SnapshotId(epoch=0)


def test_a_missing_field_is_noticed():
    schema = load_request_schema(ApiKey.PRODUCE, 9)
    with pytest.raises(AssertionError, match="WithoutAcks lacks acks"):
        assert_declared(describe(schema), schema, WithoutAcks)


def test_a_wrong_default_of_a_tagged_field_is_noticed():
    response = load_response_schema(ApiKey.FETCH, 12)
    topic = innermost(response.__dataclass_fields__["responses"].type)
    partition = innermost(topic.__dataclass_fields__["partitions"].type)
    with pytest.raises(AssertionError, match="SnapshotId"):
        assert_declared(describe(partition), partition, WrongDefault)


def test_a_swapped_pair_of_fields_is_noticed():
    """The oracle is not ours: a codec built from a schema with two fields exchanged writes other bytes."""
    schema = load_response_schema(ApiKey.INIT_PRODUCER_ID, 4)
    swapped = dataclasses.make_dataclass(
        "Swapped",
        [(f.name, f.type, dataclasses.field(metadata=f.metadata, default=None)) for f in dataclasses.fields(schema)][
            ::-1
        ],
        namespace={"__version__": 4, "__flexible__": True},
    )
    message = APIS[ApiKey.INIT_PRODUCER_ID].response(producer_id=7, producer_epoch=1)
    right = b"".join(response_codec(ApiKey.INIT_PRODUCER_ID, 4).write(message))
    assert b"".join(codec_for(type(message), swapped).write(message)) != right
