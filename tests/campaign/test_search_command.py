"""`fencepost search` as it is told: what was not found is not said to hold of a variant."""

import json

from click.testing import CliRunner

from campaign.commands.search import told
from fencepost import main
from invariants.proofs.search import SearchResult


def made(verdict: str, variant: str | None) -> SearchResult:
    return SearchResult(model="replication", variant=variant, depth=12, verdict=verdict, rungs=(), seconds=1.0)


def test_a_variant_that_survives_is_unknown_and_says_what_to_try() -> None:
    outcome = told(made("holds", "kip-320"), None)
    assert outcome.verdict == "unknown"
    assert "does not make the variant safe: try --depth 18, or fencepost explore" in outcome.lines[-1]


def test_the_model_itself_holds_to_its_depth() -> None:
    assert told(made("holds", None), None).verdict == "holds"


def test_a_search_that_was_stopped_is_unknown_and_names_its_remedy() -> None:
    outcome = told(made("unknown", None), None)
    assert outcome.verdict == "unknown"
    assert "a larger --budget" in outcome.document["reason"]


def test_a_shallow_search_that_excludes_everything_exits_with_3_for_a_variant() -> None:
    words = ["search", "replication", "--variant", "kip-320", "--depth", "1", "--log", "1", "--epochs", "1", "--json"]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (3, "unknown")
