"""The catalogue of historic bugs: every row has a planted bug or a reason, and a reason names what there is."""

import re
from pathlib import Path

from campaign.mutants import MUTANTS
from campaign.reference import ABSENT, NAMES
from campaign.rows import ROWS
from invariants.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
LIVING = set("RPKS")
"""What the broker has: replication, producers, a quorum of controllers, storage."""
OWN_MIN = 20


def test_every_row_has_a_planted_bug_or_says_why_not():
    assert len({row.id for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert bool(row.planted) != bool(row.missing), row.id
        assert set(row.planted) <= MUTANTS.keys(), row.id
        for path in re.findall(r"tests/\w+/\w+\.py", row.missing):
            assert (ROOT / path).is_file(), path
    living = [row for row in ROWS if row.id[0] in LIVING]
    assert len(living) >= 30
    assert sum(bool(row.planted) for row in living) >= 25


def test_there_are_as_many_planted_bugs_that_no_row_tells_of():
    planted = [name for row in ROWS for name in row.planted]
    assert len(MUTANTS) - len(set(planted)) >= OWN_MIN


def test_every_name_of_the_sources_has_an_invariant_or_a_reason():
    known = {name for invariant in CATALOGUE.values() for name in invariant.names if name in NAMES}
    assert known | ABSENT.keys() == NAMES.keys()
    assert known.isdisjoint(ABSENT)
