"""Byte-identical runs: what a seed does depends on nothing but the seed, and a difference would be seen."""

import sys

from campaign import identical
from campaign.identical import Ran, difference, digests, elsewhere, main

SEEDS = 10


def test_the_same_seeds_are_the_same_bytes_under_other_hash_seeds():
    one, other = (elsewhere(sys.executable, hash_seed, "mixed", 0, SEEDS) for hash_seed in ("0", "1"))
    assert len(one.digests) == SEEDS
    assert len(set(one.digests)) == SEEDS
    assert one.digests == other.digests
    assert list(one.digests[:3]) == list(digests("mixed", range(3)))


def test_the_first_seed_that_differs_is_named():
    one = Ran("a", "3.11.7", "0", ("x", "y", "z"), 1.0)
    other = one._replace(version="3.13.0", hash_seed="1", digests=("x", "n", "n"))
    assert difference(one, one, 40) == ""
    assert difference(one, other, 40).startswith("seed 41: Python 3.11.7 with PYTHONHASHSEED=0 and Python 3.13.0")


def test_a_difference_is_an_exit_code_and_a_python_that_cannot_run_is_refused(monkeypatch, capsys):
    told = iter([Ran("a", "1", "0", ("x",), 0.0), Ran("a", "1", "1", ("y",), 0.0)])
    monkeypatch.setattr(identical, "elsewhere", lambda *_: next(told))
    assert main(["--seeds", "1", "--python", "none"]) == 1
    assert "seed 0" in capsys.readouterr().out
    monkeypatch.undo()
    assert identical.at_hand(["no-such-python"]) == []
    assert main(["--seeds", "1", "--hash-seeds", "0", "--python", "no-such-python"]) == 2
    assert "no-such-python: cannot run the simulation" in capsys.readouterr().err
