"""What a leader has deleted, whoever follows it deletes, too."""

import pytest

from invariants.answers import deleted


@pytest.mark.parametrize("followers", [{}, {"n2": 4}, {"n2": 4, "n3": 7}], ids=["nobody", "as far", "further"])
def test_whoever_begins_where_the_leader_does_or_later_has_heard(followers):
    assert deleted.wrong("t-0", "n1", 4, followers) == ""


def test_whoever_begins_before_has_not():
    assert deleted.wrong("t-0", "n1", 4, {"n3": 3, "n2": 4}) == (
        "the log of n3 begins at 3 in the end, and that of n1, which it follows, at 4: it has not heard what of t-0 is "
        "deleted"
    )
