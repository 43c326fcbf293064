"""The other half of every *always*: a reachable state in which it says something.

One rule: what is asked is read off the claim itself. `all(body for x in D if c)` says something where some choice
satisfies c, of different replicas where it speaks of two (unless it says that two are one), and where the claims
inside its body say something in turn.
A claim that never does holds for nothing; an action that is never taken proves nothing.
"""

import ast
import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from invariants.proofs.walks import Walker
from model.reading_values import Call, Reading, Values
from model.syntax import Function

TRUE = ast.Constant(True)
Witness = Callable[[Values], bool]


def said(node: ast.expr) -> ast.expr:
    """An expression that holds where this claim says something."""
    match node:
        case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp() as generator]):
            return exists(generator)
        case ast.Call(func=ast.Name(id="implies"), args=[premise, conclusion]):
            return ast.BoolOp(ast.And(), [premise, said(conclusion)])
        case ast.BoolOp(op=ast.And(), values=parts):
            inner = [claim for claim in map(said, parts) if claim is not TRUE]
            return ast.BoolOp(ast.And(), inner) if len(inner) > 1 else inner[0] if inner else TRUE
    return TRUE


def exists(generator: ast.GeneratorExp) -> ast.expr:
    """Some choice satisfies the conditions, and the claim about it says something."""
    made = copy.deepcopy(generator)
    replicas = [
        part.target.id
        for part in made.generators
        if isinstance(part.target, ast.Name) and isinstance(part.iter, ast.Name) and part.iter.id == "Replica"
    ]
    for one, other in itertools.combinations(replicas, 2):
        if ast.unparse(made.elt) == f"{one} == {other}":  # the claim is that there are no two
            continue
        different = ast.Compare(ast.Name(one, ast.Load()), [ast.NotEq()], [ast.Name(other, ast.Load())])
        made.generators[-1].ifs.append(different)
    made.elt = said(made.elt)
    return ast.Call(ast.Name("any", ast.Load()), [made], [])


def claim_of(function: Function) -> ast.expr:
    """What an invariant returns."""
    last = function.tree.body[-1]
    assert isinstance(last, ast.Return), "an invariant is one expression"
    assert last.value is not None, "an invariant returns it"
    return last.value


def witness(reading: Reading, function: Function) -> Witness:
    """Whether a state makes the claim say something; a claim without a condition always does."""
    node = ast.fix_missing_locations(copy.deepcopy(said(claim_of(function))))
    made = reading.expression(function, node)

    def holds(state: Values) -> bool:
        try:
            return bool(made(state))
        except LookupError:
            return False

    return holds


class Watch:
    """What is seen on executions of a model: how often each action is `taken`, and which claims still say nothing
    (`wanted`)."""

    def __init__(self, reading: Reading, claims: Iterable[Function]) -> None:
        self.reading = reading
        self.wanted = {function.name: witness(reading, function) for function in claims}
        self.taken: Counter[str] = Counter()

    def follow(self, state: Values, calls: Iterable[Call]) -> Values:
        """Takes these actions, and looks at every state on the way."""
        for name, given in calls:
            state = self.reading.after(state, name, list(given.values()))
            self.taken[name] += 1
            for claim in [claim for claim, holds in self.wanted.items() if holds(state)]:
                del self.wanted[claim]
        return state

    def walk(
        self, coarse: Reading, walker: Walker, *, walks: int, length: int, members: Sequence[Iterable[int]] = ()
    ) -> None:
        """Random walks, from these sets of members in turn, from all replicas unless told.

        The walker chooses steps of the coarse grain, which get far; they are taken action by action, so that what is in
        flight is there. Ends early where there is nothing left to be seen.
        """
        starts = [list(start) for start in members] or [list(coarse.replicas)]
        for number in range(walks):
            if not self.wanted and self.reading.steps.keys() <= self.taken.keys():
                return
            start = starts[number % len(starts)]
            state, detailed = coarse.initial(start), self.reading.initial(start)
            for _ in range(length):
                step = walker.step(state)
                if step is not None:
                    name, arguments, after = step
                    detailed = self.follow(detailed, coarse.expanded(state, name, arguments))
                    state = after
