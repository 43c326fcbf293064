"""The quorum's facts as the format declares them, and as the controllers do."""

import msgspec
import pytest

import impl.core.quorum.facts as core
from traces import quorum_facts as facts
from traces.reader import read
from traces.recorder import Recorder
from traces.schema import VERSION, Header

OURS = {kind.__name__: kind for kind in core.QUORUM_FACTS}
FORMAT = {kind.__name__: kind for kind in facts.QuorumFact.__subclasses__()}
STAND = {"fact": "stand", "partition": "__cluster_metadata-0", "epoch": 3, "last_epoch": 2, "log_end": 9}


def test_controllers_and_format_declare_the_same_facts() -> None:
    assert sorted(OURS) == sorted(FORMAT)
    assert sorted(facts.VOCABULARY) == sorted(str(kind.__struct_config__.tag) for kind in FORMAT.values())


@pytest.mark.parametrize("name", sorted(FORMAT))
def test_controllers_and_format_agree_on_every_field(name: str) -> None:
    ours, theirs = OURS[name], FORMAT[name]
    assert ours.__struct_fields__ == theirs.__struct_fields__
    assert ours.__struct_config__.tag == theirs.__struct_config__.tag
    assert [field.type for field in msgspec.structs.fields(theirs)] == [
        getattr(field.type, "__supertype__", field.type) for field in _plain(ours)
    ]


def _plain(kind: type[msgspec.Struct]) -> list[msgspec.structs.FieldInfo]:
    """The fields of a controller's fact with their types as the format spells them."""
    spelled = {}
    for field in msgspec.structs.fields(kind):
        words = str(field.type)
        if "tuple" in words:
            plain = tuple[facts.EpochStart, ...] if "EpochStart" in words else tuple[int, ...]
            field = msgspec.structs.replace(field, type=plain)
        spelled[field.name] = field
    return list(spelled.values())


def test_decode_returns_the_struct_and_names_what_is_wrong() -> None:
    assert facts.decode(STAND) == facts.Stand(epoch=3, last_epoch=2, log_end=9)
    with pytest.raises(facts.FactError, match="unknown fact of the quorum 'sit'; known are "):
        facts.decode({**STAND, "fact": "sit"})
    with pytest.raises(facts.FactError, match=r"fact 'stand': .*`\$.epoch`"):
        facts.decode({**STAND, "epoch": "3"})


def test_a_trace_keeps_them_apart_from_the_facts_of_partitions(tmp_path) -> None:
    recorder = Recorder(Header(version=VERSION, origin="simulated"))
    recorder.step(0, "controller-1", "tick", quorum=[core.Stand(epoch=3, last_epoch=2, log_end=9)])
    recorder.write(tmp_path / "first.jsonl")
    again = read(tmp_path / "first.jsonl")
    (step,) = again.lines
    assert (step.facts, step.quorum) == ((), (STAND,))
    assert facts.decoded(step.quorum) == (facts.Stand(epoch=3, last_epoch=2, log_end=9),)
