"""`fencepost export-model`: what it prints, what it writes, and what it refuses with one line and exit code 2."""

import json

import pytest
from click.testing import CliRunner

from fencepost import main


def run(*arguments: str):
    return CliRunner().invoke(main, ["export-model", *arguments])


def test_a_module_and_its_configuration_are_printed():
    result = run("replication", "--to", "tla", "--epochs", "3", "--replicas", "2")
    assert result.exit_code == 0
    module, _, configuration = result.stdout.partition("\n====\n")
    assert module.startswith("---- MODULE Replication ----\n")
    assert "MaxLeaderEpoch = 3" in configuration
    assert "MaxPartitionEpoch = 6" in configuration
    assert "Replica = {0, 1}" in configuration


def test_files_are_written_under_the_module_s_name(tmp_path):
    result = run("replication", "--variant", "kip-279", "--grain", "synchronous", "--out", str(tmp_path), "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["command"] == "export-model"
    assert document["verdict"] == "done"
    assert document["files"] == [str(tmp_path / "ReplicationKip279.tla"), str(tmp_path / "ReplicationKip279.cfg")]
    module = (tmp_path / "ReplicationKip279.tla").read_text()
    assert "A new follower asks once where its last epoch ends" in module
    assert (tmp_path / "ReplicationKip279.cfg").read_text().startswith("INIT Init\nNEXT Next\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replicatio",), "there is no model 'replicatio'"),
        (("replication", "--variant", "kip-1"), "replication has no variant 'kip-1'; it has kip-101"),
        (("replication", "--to", "spin"), "Invalid value for '--to'"),
        (("replication", "--replicas", "0"), "Invalid value for '--replicas'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_directory_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("kip320", "--out", str(tmp_path / "file" / "below"))
    assert result.exit_code == 2
    assert "name a directory of yours" in result.output
