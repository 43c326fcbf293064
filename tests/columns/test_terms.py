"""Terms fold to what they are; what folds away is never wrong about where Python would have raised."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invariants.exploration.seen import Seen
from model.columns import emit_c, emit_numpy
from model.columns.definedness import Definedness
from model.columns.order import in_order
from model.columns.terms import Term, Terms


@pytest.fixture
def terms() -> Terms:
    return Terms()


def test_equal_terms_are_one_object(terms: Terms) -> None:
    x = terms.column(0, 0, 5, flag=False)
    assert terms.add(terms.add(x, 1), 1) is terms.add(x, 2)
    assert terms.equal(terms.add(x, 1), 3) is terms.equal(x, 2)
    assert terms.subtract(terms.add(x, 2), 2) is x


def test_what_the_intervals_decide_is_a_constant(terms: Terms) -> None:
    x, y = terms.column(0, 0, 2, flag=False), terms.column(1, 3, 5, flag=False)
    assert terms.less(x, y) is True
    assert terms.equal(x, y) is False
    assert terms.minimum(x, y) is x
    assert terms.at_most(terms.subtract(x, 1), x) is True


def test_a_choice_under_its_own_condition_is_made(terms: Terms) -> None:
    x, y = terms.column(0, 0, 5, flag=False), terms.column(1, 0, 5, flag=False)
    assert isinstance(terms.minimum(x, y), Term)
    terms.assumed.add(terms.at_most(x, y))
    assert terms.minimum(x, y) is x
    assert terms.maximum(x, y) is y


def test_a_premise_implies_itself_but_nothing_else(terms: Terms) -> None:
    a, b = terms.column(0, 0, 1, flag=True), terms.column(1, 0, 1, flag=True)
    assert terms.implies(terms.conjunction(a, b), a) is True
    assert terms.implies(a, terms.conjunction(a, b)) is not True
    assert terms.conjunction(a, terms.negation(a)) is False


def test_short_circuits_decide_where_a_term_is_defined(terms: Terms) -> None:
    length = terms.column(0, 0, 2, flag=False)
    inside = terms.less(1, length)
    cell = terms.partial(terms.column(1, 0, 3, flag=False), inside)
    read = terms.equal(cell, 2)
    definedness = Definedness(terms)
    assert definedness.defined(terms.conjunction(inside, read)) is True
    assert definedness.defined(terms.implies(inside, read)) is True
    assert definedness.defined(terms.conjunction(read, inside)) is inside
    assert definedness.holds(read) is terms.conjunction(inside, definedness.total(read))


def test_a_cell_read_past_the_end_is_not_equal_to_itself(terms: Terms) -> None:
    cell = terms.partial(terms.column(1, 0, 3, flag=False), terms.column(0, 0, 1, flag=True))
    assert terms.equal(cell, cell) is not True
    assert Definedness(terms).total(terms.equal(cell, cell)) is True


VALUES = st.tuples(st.integers(-1, 3), st.integers(0, 7), st.integers(0, 1))


@given(values=VALUES, data=st.data())
def test_emitted_numpy_computes_what_the_operations_say(values: tuple[int, int, int], data: st.DataObject) -> None:
    terms = Terms()
    number = terms.column(0, -1, 3, flag=False)
    bits = terms.column(1, 0, 7, flag=False)
    flag = terms.column(2, 0, 1, flag=True)
    n, b, f = values[0], values[1], bool(values[2])
    roots = {
        terms.add(number, 2): n + 2,
        terms.subtract(number, bits): n - b,
        terms.minimum(number, bits): min(n, b),
        terms.maximum(number, bits): max(n, b),
        terms.choice(flag, number, bits): n if f else b,
        terms.has_bit(bits, number): n >= 0 and bool(b >> n & 1),
        terms.bits_or(bits, terms.bit(terms.maximum(number, 0))): b | 1 << max(n, 0),
        terms.bits_without(bits, terms.bits_and(bits, 5)): b & ~(b & 5),
        terms.count_bits(bits): b.bit_count(),
        terms.disjunction(terms.negation(flag), terms.less(number, bits)): not f or n < b,
    }
    names = {name: getattr(np, name) for name in emit_numpy.NAMES}
    exec(emit_numpy.function("compute", list(roots)), names)
    columns = [np.array([v], np.int8) for v in values]
    assert [int(x[0]) for x in names["compute"](lambda at: columns[at])] == [int(v) for v in roots.values()]
    chosen = data.draw(st.sampled_from(list(roots)))
    assert in_order([chosen])[-1] is chosen
    assert "s[" in emit_c.expression(chosen, {})


@given(batches=st.lists(st.lists(st.integers(0, 40), max_size=60), max_size=12))
def test_seen_is_a_set_a_batch_at_a_time(batches: list[list[int]]) -> None:
    seen, expected = Seen(bits=4), set()
    top = np.uint64(1 << 63)
    for batch in batches:
        # Many keys share one word, so that only the other tells them apart.
        high = np.array([x % 3 for x in batch], np.uint64) | top
        low = np.array(batch, np.uint64) | top
        new = seen.add(high, low)
        fresh = [x for x, is_new in zip(batch, new, strict=True) if is_new]
        assert sorted(fresh) == sorted(set(batch) - expected)
        expected |= set(batch)
    assert seen.count == len(expected)
