"""Operators are answered, not refused without a reason, and what they were told is done is there in the end."""

import pytest

from invariants.answers.orders import ANSWER_MS_MAX, Orders, Wish

MINIMUM = "min.insync.replicas of t"


class Told(list):
    def __call__(self, invariant, sentence):
        self.append((invariant.id, sentence))


def ended(*orders, lives=None, **brokers):
    """`orders`: value, and what came: None nothing, [] granted, a list of errors, or "deposed"."""
    told = Told()
    judge = Orders(told)
    for number, (value, came) in enumerate(orders):
        judge.asked(number, "controller", 0, [Wish(MINIMUM, value)])
        if came is not None:
            judge.answered(number, None if came == "deposed" else came or [""])
    judge.finish({"controller": 0} if lives is None else lives, {name: {MINIMUM: has} for name, has in brokers.items()})
    return told


def test_who_was_asked_a_moment_ago_may_yet_answer():
    told = Told()
    judge = Orders(told)
    judge.asked(0, "controller", 0, [Wish(MINIMUM, "2")], at=300)
    judge.finish({"controller": 0}, {}, now=ANSWER_MS_MAX + 299)
    assert told == []
    judge.finish({"controller": 0}, {}, now=ANSWER_MS_MAX + 300)
    assert told == [("obeyed", f"controller was asked for {MINIMUM} = 2, lives, and has never answered")]


@pytest.mark.parametrize(
    "orders",
    [
        [("2", [])],
        [("3", []), ("2", [])],
        [("3", []), ("2", "deposed")],
        [("2", []), ("3", "deposed")],
        [("3", "deposed")],
        [],
    ],
)
def test_what_was_asked_for_last_or_may_have_been_is_there(orders):
    assert ended(*orders, n1="2", n2="2") == []


@pytest.mark.parametrize("orders", [[("3", [])], [("2", []), ("3", [])], [("1", "deposed"), ("3", [])]])
def test_what_is_not_there_is_told(orders):
    [(invariant, sentence)] = ended(*orders, n1="3", n2="2")
    assert invariant == "obeyed"
    assert sentence.startswith(f"an operator was told that {MINIMUM} is 3 now")
    assert sentence.endswith("n2 has 2 in the end")


def test_a_refusal_is_told_where_it_can_be_done():
    [(invariant, sentence)] = ended(("2", ["INVALID_CONFIG, no"]), n1="1")
    assert invariant == "obeyed"
    assert sentence.endswith("which can be done, and is refused: INVALID_CONFIG, no")


def test_what_cannot_be_done_may_be_refused():
    told = Told()
    judge = Orders(told)
    judge.asked(0, "controller", 0, [Wish("replicas of t-0", "1 2", possible=False)])
    judge.answered(0, ["INVALID_REPLICA_ASSIGNMENT"])
    judge.finish({"controller": 0}, {"n1": {"replicas of t-0": "1 3"}})
    assert told == []


def test_a_controller_that_lives_answers():
    [(_, sentence)] = ended(("2", None), n1="1")
    assert "lives, and has never answered" in sentence
    assert ended(("2", None), n1="1", lives={"controller": 1}) == []
