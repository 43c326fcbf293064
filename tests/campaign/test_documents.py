"""What every command's --json document has: the contract of the command line, field by field."""

import json

import pytest
from click.testing import CliRunner

from campaign.saved import SAVED
from fencepost import main

EVERY = {"command", "verdict", "seconds"}
VERDICTS = {"holds", "violated", "unknown", "done"}
TRACE = str(SAVED / "model-kip-101.jsonl")
RUN = str(SAVED / "kip-101.jsonl")
SEARCH = ("--mutant", "ack-before-isr", "--budget", "60s", "--processes", "1")
CONTRACT = {
    "prove": (
        ("prove", "epoch-cache"),
        {"model", "variant", "replicas", "obligations", "failed", "unknown", "slowest_seconds", "properties"},
    ),
    "search": (
        ("search", "replication", "--variant", "commit-before-isr", "--depth", "6", "--out", "{}/search.jsonl"),
        {"depth", "steps", "trace"},
    ),
    "explore": (
        ("explore", "--variant", "commit-before-isr", "--form", "numpy", "--out", "{}/explored.jsonl"),
        {"distinct_states", "generated_states", "depth", "states_per_level", "steps", "trace"},
    ),
    "fuzz": (
        ("fuzz", *SEARCH, "--out", "{}/found"),
        {"seeds", "events", "events_per_second", "simulated_seconds_per_second", "traces"},
    ),
    "mutants": (("mutants", "ack-before-isr", "--budget", "60s", "--processes", "1"), {"mutants"}),
    "validate": (("validate", RUN), {"steps", "first_divergence"}),
    "replay": (("replay", RUN), {"steps", "digest", "invariant"}),
    "replay of a model": (("replay", TRACE), {"steps", "digest", "invariant"}),
    "render": (("render", RUN, "-o", "{}/drawn.svg"), {"trace", "drawing"}),
    "export": (("export", RUN, "--to", "itf", "-o", "{}/itf.json"), {"trace", "exported"}),
    "export-model": (("export-model", "epoch-cache", "--out", "{}/tla"), {"model", "files"}),
}
"""Words to type, and the fields that stay."""
INSIDE = {
    "prove": ("properties", {"name", "verdict"}),
    "fuzz": ("traces", {"path", "invariant", "steps"}),
    "mutants": ("mutants", {"id", "found", "seeds", "seconds", "steps", "invariant", "trace"}),
}
"""Of the entries of a list."""


@pytest.mark.parametrize("name", CONTRACT)
def test_a_document_has_the_fields_of_the_contract(name, tmp_path):
    words, fields = CONTRACT[name]
    result = CliRunner().invoke(main, [*(word.format(tmp_path) for word in words), "--json"])
    assert isinstance(result.exception, SystemExit | None), result.exception
    document = json.loads(result.stdout)
    assert EVERY | fields <= set(document)
    assert (document["command"], document["verdict"] in VERDICTS) == (words[0], True)
    assert document["seconds"] >= 0
    codes = {"holds": 0, "done": 0, "violated": 1, "unknown": 3}
    assert result.exit_code == codes[document["verdict"]]
    if name in INSIDE:
        key, inner = INSIDE[name]
        assert document[key]
        assert all(inner <= set(entry) for entry in document[key])


def test_a_divergence_names_line_action_and_reason():
    document = json.loads(CliRunner().invoke(main, ["validate", RUN, "--json"]).stdout)
    assert {"line", "action", "reason", "conjunct", "model", "fact"} <= set(document["first_divergence"])
