"""What the compiled copy has as modules: as much as the sources would generate, and the same."""

import ast
from typing import Any

from impl.wire.codec.source import FIELDS
from model.machine import Machine
from model.survival import SURVIVAL
from tests.bench import ahead, ahead_models


def test_every_line_of_a_codec_that_is_written_out_knows_its_field() -> None:
    text = ahead.written()
    found = [node for node in ast.parse(text).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    values = {ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target): node for node in found}
    fields = ast.literal_eval(values[FIELDS].value)
    lines = text.rstrip("\n").split("\n")
    assert len(fields) == len(lines)
    told = {field for line, field in zip(lines, fields, strict=True) if "read_i64_be(data" in line}
    assert any("fetch_offset" in field for field in told)
    written = values["WRITTEN"].value
    assert isinstance(written, ast.Dict)
    assert len(written.keys) > 50


def test_an_action_that_is_written_out_does_what_it_does() -> None:
    module: dict[str, Any] = {}
    exec(compile(ahead_models.written(), "ahead", "exec"), module)
    plain, other = (Machine(SURVIVAL, replicas=(1, 2, 3)) for _ in range(2))
    refused = []
    for name, parameters in (
        ("elect", {"leader": 1}),
        ("become_leader", {"replica": 1, "epoch": 1, "partition_epoch": 1}),
        ("become_leader", {"replica": 2, "epoch": 1, "partition_epoch": 1}),
        ("become_follower", {"replica": 2, "epoch": 1}),
        ("append", {"leader": 1, "value": (7, 0)}),
        ("append", {"leader": 9, "value": (7, 0)}),
    ):
        function = other.reading.steps[name].function
        own = {"_members": other.members, "_decides": other._decides, "_refused": other._refused}
        around = module["Around"]({**other.reading.namespace(function), **own})
        taken = module["WRITTEN"][f"{function.python.__module__}.{function.python.__qualname__} {name}"]
        said = []
        for take in (
            lambda name=name, parameters=parameters: plain.take(name, parameters),
            lambda taken=taken, around=around, parameters=parameters: taken(around, other.state, *parameters.values()),
        ):
            try:
                take()
                said.append("")
            except Exception as error:  # what the model refuses
                said.append(str(error))
        assert said[0] == said[1]
        refused.append(bool(said[0]))
    assert refused == [False, False, True, False, False, True]
    assert vars(plain.state) == vars(other.state)
