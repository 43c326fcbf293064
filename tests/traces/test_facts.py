"""The fact vocabulary as the format declares it, and as the broker does."""

import msgspec
import pytest

import impl.core.facts
from traces import facts

BROKER = {kind.__name__: kind for kind in impl.core.facts.FACTS}
FORMAT = {kind.__name__: kind for kind in facts.VOCABULARY.values()}

APPEND = {
    "fact": "append",
    "partition": "orders-0",
    "leader_epoch": 0,
    "batch": {
        "base_offset": 0,
        "record_count": 2,
        "leader_epoch": 0,
        "crc": 17,
        "producer_id": -1,
        "producer_epoch": -1,
        "base_sequence": -1,
    },
}


def _shape(kind: type[msgspec.Struct]) -> object:
    """Tag and fields with their types, as JSON schema: what a reader of the format sees."""
    schema, components = msgspec.json.schema_components([kind])
    for component in components.values():
        component.pop("description", None)
    return schema, components


def test_broker_and_format_declare_the_same_facts() -> None:
    assert sorted(BROKER) == sorted(FORMAT)
    assert len(FORMAT) == 44


@pytest.mark.parametrize("name", sorted(FORMAT))
def test_broker_and_format_agree_on_every_field(name: str) -> None:
    ours, theirs = FORMAT[name], BROKER[name]
    assert ours.__struct_fields__ == theirs.__struct_fields__
    assert ours.__struct_config__.tag == theirs.__struct_config__.tag
    assert ours.__struct_config__.tag_field == theirs.__struct_config__.tag_field
    assert _shape(ours) == _shape(theirs)


def test_every_fact_of_the_format_is_in_the_vocabulary() -> None:
    told = {*facts.Fact.__subclasses__(), *facts.Decision.__subclasses__()} - {facts.Decision}
    assert set(FORMAT.values()) == told


def test_decode_returns_the_struct() -> None:
    fact = facts.decode(APPEND)
    assert isinstance(fact, facts.Append)
    assert fact.batch.crc == 17
    assert msgspec.to_builtins(fact) == APPEND


def test_a_fact_of_an_older_trace_reads_with_what_it_did_not_say() -> None:
    fact = facts.decode(
        {
            "fact": "elect",
            "partition": "orders-0",
            "leader": 2,
            "leader_epoch": 1,
            "partition_epoch": 1,
            "isr": [2],
        }
    )
    assert fact == facts.Elect(partition="orders-0", leader=2, leader_epoch=1, partition_epoch=1, isr=(2,), enough=True)


def test_decode_names_an_unknown_fact() -> None:
    with pytest.raises(facts.FactError, match=r"unknown fact 'apend'; known are acknowledge, .*append"):
        facts.decode({**APPEND, "fact": "apend"})


def test_decode_names_a_missing_field() -> None:
    with pytest.raises(facts.FactError, match=r"fact 'append': .*leader_epoch"):
        facts.decode({name: value for name, value in APPEND.items() if name != "leader_epoch"})


def test_decode_names_a_field_of_the_wrong_type() -> None:
    with pytest.raises(facts.FactError, match=r"fact 'append': Expected `int`, got `str` - at `\$.leader_epoch`"):
        facts.decode({**APPEND, "leader_epoch": "0"})


def test_decoded_leaves_structs_alone() -> None:
    fact = facts.decode(APPEND)
    assert facts.decoded((fact, APPEND)) == (fact, fact)
