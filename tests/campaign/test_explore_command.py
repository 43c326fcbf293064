"""`fencepost explore` as typed: what it takes, what it says of what it did not find, and its exit codes."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from campaign.commands.explore import LADDER, LADDERS, Asked, Space
from campaign.sizes import SIZE
from fencepost import main


def typed(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["explore", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def told(*words: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = typed(*words, "--json")
    return code, json.loads(out)


SMALL = ("--replicas", "2", "--log", "1", "--epochs", "1", "--form", "numpy")


def test_a_whole_space_holds_with_its_states_level_by_level() -> None:
    code, document = told("replication", *SMALL)
    assert (code, document["verdict"], document["complete"], document["reduced"]) == (0, "holds", True, True)
    assert sum(document["states_per_level"]) == document["distinct_states"] > 10
    assert document["bytes"] < document["memory"]


def test_reductions_can_be_left_out() -> None:
    assert (
        told("replication", *SMALL, "--plain")[1]["distinct_states"] > told("replication", *SMALL)[1]["distinct_states"]
    )


def test_a_variant_that_survives_its_bounds_is_not_called_safe() -> None:
    code, document = told("replication", "--variant", "kip-279", *SMALL)
    assert (code, document["verdict"], document["complete"]) == (3, "unknown", True)
    assert "does not make the variant safe: try --log 2 --epochs 2" in document["reason"]


def test_a_variant_is_found_without_bounds() -> None:
    code, document = told("replication", "--variant", "commit-before-isr", "--form", "numpy")
    assert (code, document["verdict"], document["steps"]) == (1, "violated", 4)


def test_bounds_grow_only_where_none_are_given() -> None:
    assert Asked().rungs("replication", "kip-320") == LADDER
    assert Asked().rungs("survival", "below-minimum") == LADDERS["survival"]
    assert [space.grain for space in Asked().rungs("survival", "elr-kept")] == ["asynchronous"]
    assert Asked().rungs("survival", None) == Asked().rungs("replication", None) == LADDER[:1]
    assert Asked(log=2).rungs("replication", "kip-320") == (Space(3, 2, 2),)
    assert Asked(epochs=3).rungs("replication", "kip-320") == (Space(3, 1, 3),)
    assert Asked(replicas=2).rungs("replication", "kip-320") == (Space(2, 1, 2),)
    assert Asked(grain="asynchronous").rungs("survival", "kip-320") == (Space(3, 1, 2, None, "asynchronous"),)


@pytest.mark.parametrize(
    ("model", "variant", "steps"),
    [
        ("survival", "below-minimum", 4),
        ("survival", "elr-kept", 7),
        ("quorum-voters", "two-changes-at-once", 7),
    ],
)
def test_variants_of_models_with_other_spaces_are_found_without_bounds(model: str, variant: str, steps: int) -> None:
    code, document = told(model, "--variant", variant, "--form", "numpy")
    assert (code, document["verdict"], document["steps"]) == (1, "violated", steps)


def test_too_little_memory_is_unknown_and_says_what_to_do() -> None:
    code, document = told("replication", "--log", "2", "--epochs", "3", "--form", "numpy", "--memory", "6MiB")
    assert (code, document["verdict"]) == (3, "unknown")
    assert "give more memory" in document["reason"]
    assert document["memory"] == 6 << 20


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("replication", "--memory", "4x"), "'4x' is not a size"),
        (("replication", "--variant", "kip-1"), "no variant 'kip-1'"),
        (("replication", "--form", "values", "--replicas", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line_that_names_it(words: tuple[str, ...], complaint: str) -> None:
    code, _, err = typed(*words)
    assert code == 2
    assert complaint in err


@pytest.mark.parametrize(("written", "size"), [("4GiB", 4 << 30), ("512mb", 512 << 20), ("1.5k", 1536), ("77", 77)])
def test_sizes_are_read_as_people_write_them(written: str, size: int) -> None:
    assert SIZE.convert(written, None, None) == size
