"""Durations are read as written and refused with the form they should have."""

import click
import pytest

from campaign.durations import DURATION


@pytest.mark.parametrize(
    ("written", "seconds"), [("60s", 60.0), ("10m", 600.0), ("1.5h", 5400.0), ("250ms", 0.25), ("7", 7.0)]
)
def test_durations_are_seconds(written, seconds):
    assert DURATION.convert(written, None, None) == seconds


@pytest.mark.parametrize("written", ["", "0s", "-3s", "10 parsecs", "1h30m"])
def test_what_is_no_duration_is_refused_with_the_remedy(written):
    with pytest.raises(click.BadParameter, match="write 60s, 10m"):
        DURATION.convert(written, None, None)
