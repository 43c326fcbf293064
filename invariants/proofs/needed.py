"""Whether each conjunct of an invariant is needed: without it, some obligation of the others is no longer proved.

One rule: a conjunct is needed when an obligation can be named that fails without it and is proved with it. Without it
means: with the recorded hypotheses but this one, with each layer but this one, and with all others at once. Its own
obligations do not count: without it nobody asks for them. A conjunct that is not needed goes.

What fails here is a search for a proof, which says that the argument needs the conjunct, not that every argument would.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from invariants.proofs.argument import Argument
from invariants.proofs.arguments import model_with_argument
from invariants.proofs.obligations import NAMED, Obligation, Obligations
from invariants.proofs.pool import pool_of
from invariants.proofs.prove import hints
from invariants.proofs.solver import Budget, Solver
from model.design import Model

NEEDED = "needed.json"
BUDGET = Budget(effort=1_000_000, rounds=1)
MOST = 80
"""How many obligations to try for one conjunct."""


class Needs:
    """The obligations of one model, to be asked with and without single conjuncts."""

    def __init__(self, model: Model, argument: Argument, budget: Budget = BUDGET) -> None:
        self.hints = {**argument.first, **hints(argument)}
        obligations = Obligations(model, argument)
        self.obligations = {o.name: o for step in obligations.steps() for o in self.shown(obligations, step)}
        self.conjuncts = tuple(n for n, (group, _) in obligations.conjuncts.items() if group != NAMED)
        layers = argument.layers
        self.solver = Solver(obligations.hypotheses, obligations.groups, self.hints, layers, seed=0, budget=budget)

    @staticmethod
    def shown(obligations: Obligations, step: str) -> Iterator[Obligation]:
        """A step's obligations, each lemma taken as shown: the recorded proof has shown it."""
        for obligation in obligations.of(step):
            obligations.shown.add(obligation.name)
            yield obligation

    def likely(self, conjunct: str) -> list[Obligation]:
        """The obligations whose recorded proofs use the conjunct: claims before lemmas, those that use least first."""
        names = [
            name
            for name, used in self.hints.items()
            if conjunct in used and name in self.obligations and self.obligations[name].claim != conjunct
        ]
        groups = ("step lemmas", "lemmas")
        names.sort(key=lambda name: (self.obligations[name].group in groups, len(self.hints[name]), name))
        return [self.obligations[name] for name in names]

    def proved(self, obligation: Obligation, without: str | None = None) -> bool:
        """Whether the obligation is proved, from everything or from everything but one conjunct."""
        tried: set[tuple[str, ...]] = set()
        for candidate in self.solver.candidates(obligation):
            used = tuple(name for name in candidate if name != without)
            if used in tried:
                continue
            tried.add(used)
            if self.solver.ask(obligation, used, self.solver.budget.effort, self.solver.seed) == "unsat":
                return True
        return False

    def breaks(self, conjunct: str) -> str | None:
        """The name of an obligation that needs the conjunct; None where none was found."""
        for obligation in self.likely(conjunct)[:MOST]:
            if not self.proved(obligation, without=conjunct) and self.proved(obligation):
                return obligation.name
        return None


_NEEDS: list[Needs] = []


def start(name: str) -> None:
    _NEEDS[:] = [Needs(*model_with_argument(name))]


def broken_by(conjunct: str) -> tuple[str, str | None]:
    return conjunct, _NEEDS[0].breaks(conjunct)


def needed(
    name: str, conjuncts: Sequence[str] | None = None, progress: Callable[[int, int], None] | None = None
) -> Mapping[str, str | None]:
    """By conjunct of a model's invariant, an obligation that needs it; None where none was found."""
    asked = Needs(*model_with_argument(name)).conjuncts if conjuncts is None else conjuncts
    found: dict[str, str | None] = {}
    with pool_of(2, start, (name,)) as pool:
        for done, (conjunct, broken) in enumerate(pool.imap_unordered(broken_by, asked), 1):
            found[conjunct] = broken
            if progress is not None:
                progress(done, len(asked))
    return {conjunct: found[conjunct] for conjunct in asked}
