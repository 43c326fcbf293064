"""The view's soundness is discharged, and an unsound view is refused by the same obligations."""

from dataclasses import replace

import pytest

from invariants.proofs.views import ViewObligations, answer, discharge
from model.design import syntax
from model.language import PartitionEpoch, definition
from model.quorum import QUORUM
from model.quorum.view import LIVE as QUORUM_LIVE
from model.replication import REPLICATION
from model.replication.state import State
from model.replication.view import LIVE, live_but_proposals
from model.view import View

PLAIN = [variant.id for variant in REPLICATION.variants if variant.id not in LIVE.instead]


def test_the_view_of_replication_is_sound_for_any_number_of_replicas() -> None:
    answers = discharge(REPLICATION, LIVE)
    assert [found for found in answers if found.verdict != "holds"] == []
    steps = {found.name.split("/")[0] for found in answers}
    assert steps >= {*REPLICATION.actions_of(), *REPLICATION.macros_of(), "initial", "committed_in_isr", "closing"}


@pytest.mark.parametrize("variant", PLAIN)
def test_what_a_variant_replaces_is_sound_under_the_same_view(variant: str) -> None:
    answers = discharge(REPLICATION, LIVE, variant)
    assert [found for found in answers if found.verdict != "holds"] == []
    assert any(found.name.endswith("/guard") for found in answers)


@pytest.mark.long
@pytest.mark.parametrize("variant", LIVE.instead)
def test_the_weaker_views_are_sound(variant: str) -> None:
    assert [found for found in discharge(REPLICATION, LIVE, variant) if found.verdict != "holds"] == []


def test_the_view_of_the_quorum_is_sound_for_any_number_of_voters() -> None:
    answers = discharge(QUORUM, QUORUM_LIVE)
    assert [found for found in answers if found.verdict != "holds"] == []
    assert {found.name.split("/")[0] for found in answers} >= {*QUORUM.actions_of(), *QUORUM.macros_of()}


@pytest.mark.parametrize("variant", [variant.id for variant in QUORUM.variants])
def test_what_a_variant_of_the_quorum_replaces_is_sound_under_its_view(variant: str) -> None:
    answers = discharge(QUORUM, QUORUM_LIVE, variant)
    assert answers
    assert [found for found in answers if found.verdict != "holds"] == []


def test_a_view_that_forgets_a_vote_twice_counted_is_refused() -> None:
    careless = replace(QUORUM_LIVE, instead={})
    obligations = {o.name: o for o in ViewObligations(QUORUM, careless, "vote-doubled").all()}
    assert any(answer(o).verdict != "holds" for o in obligations.values())


@pytest.mark.parametrize(
    ("variant", "failing"),
    [
        ("alter-without-comparing", "alter_partition/guard/view"),
        ("fetch-unfenced", "answer_fetch/guard/view"),
        ("kip-320", "truncate/guard/view"),
    ],
)
def test_a_view_that_forgets_what_a_variant_reads_is_refused(variant: str, failing: str) -> None:
    careless = View(function=LIVE.function, given=LIVE.given, instead={})
    obligations = {o.name: o for o in ViewObligations(REPLICATION, careless, variant).all()}
    assert answer(obligations[failing]).verdict != "holds"


@definition
def any_version(s: State, version: PartitionEpoch) -> bool:
    return 1 <= version < s.newest_partition_epoch


@pytest.mark.parametrize("failing", ["become_leader/closing/gap", "learn_isr/closing/gap"])
def test_closing_what_is_no_gap_is_refused(failing: str) -> None:
    assert LIVE.closing is not None
    careless = replace(LIVE, closing=replace(LIVE.closing, gap=syntax(any_version)))
    obligations = {o.name: o for o in ViewObligations(REPLICATION, careless).all()}
    assert answer(obligations[failing]).verdict != "holds"


def test_a_view_that_leaves_unknown_versions_known_cannot_close_gaps() -> None:
    unsettled = replace(LIVE, function=syntax(live_but_proposals))
    obligations = {o.name: o for o in ViewObligations(REPLICATION, unsettled).all()}
    assert answer(obligations["view/settled"]).verdict != "holds"
