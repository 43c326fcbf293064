"""What brokers tell of configurations is what was set, by the last order that they have read."""

import pytest

from invariants.answers.orders import Orders, Wish

ROLL = "segment.bytes of t"


class Told(list):
    def __call__(self, invariant, sentence):
        self.append((invariant.id, sentence))


def told(*orders, read, value, subject=ROLL):
    """`orders`: value, and up to where the metadata went when it was granted; None: no answer came."""
    broken = Told()
    judge = Orders(broken)
    for number, (wanted, end) in enumerate(orders):
        judge.asked(number, "controller", 0, [Wish(ROLL, wanted), Wish("flush.ms of t", "")])
        if end is not None:
            judge.answered(number, ["", ""], end)
    judge.told("n1", read, [(subject, value)])
    return broken


@pytest.mark.parametrize("value", ["500", "700"])
def test_what_it_may_not_have_read_may_be_or_not(value):
    assert told(("500", 10), ("700", 12), read=11, value=value) == []
    assert told(("500", 10), ("700", None), read=20, value=value) == []


def test_what_it_has_read_it_tells():
    assert told(("500", 10), ("700", 12), read=12, value="700") == []
    [(invariant, sentence)] = told(("500", 10), ("700", 12), read=12, value="500")
    assert invariant == "told_as_set"
    assert sentence == (
        "n1 says that segment.bytes of t is 500, and has read the metadata to 12: by then it was set to 700, and to "
        "nothing else since"
    )


def test_what_was_taken_away_is_not_told():
    assert told(("500", 10), ("", 12), read=12, value="") == []
    [(_, sentence)] = told(("500", 10), ("", 12), read=15, value="500")
    assert "by then it was set to nothing" in sentence


def test_an_order_that_got_no_answer_keeps_what_was_before():
    assert told(("500", 10), ("700", None), ("900", None), read=15, value="500") == []
    [(_, sentence)] = told(("500", 10), ("700", None), read=15, value="")
    assert "says that segment.bytes of t is not set" in sentence


def test_what_nobody_set_is_not_told():
    [(invariant, sentence)] = told(("500", 10), read=5, value="1", subject="retention.ms of t")
    assert (invariant, sentence) == ("told_as_set", "n1 says that retention.ms of t is 1, and nobody has ever set it")


def test_a_refusal_leaves_what_was():
    broken = Told()
    judge = Orders(broken)
    judge.asked(0, "controller", 0, [Wish(ROLL, "500", possible=False)])
    judge.answered(0, ["INVALID_CONFIG"], 10)
    judge.told("n1", 20, [(ROLL, "")])
    assert broken == []
