"""The entrance to exhaustive search: a model, bounds, a form; out comes a verdict with its figures.

One rule: no verdict without its ground. `holds` only after the whole space within the bounds; `violated` only with a
shortest execution that the concrete reading has replayed; `unknown` with the reason. Which form searched is said.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from invariants.exploration import on_values
from invariants.exploration.in_c import CSearch
from invariants.exploration.in_numpy import NumpySearch
from invariants.exploration.limits import Found, Limits, Progress
from invariants.exploration.replay import replayed
from model.columns.tracing import Tracing
from model.design import Model
from model.quorum.view import LIVE as QUORUM_LIVE
from model.reading_values import Bounds, Call, Reading
from model.replication.view import LIVE
from model.view import View

FORMS = ("auto", "c", "numpy", "values")
GRAINS = ("asynchronous", "synchronous")
COMPILERS = ("cc", "gcc", "clang")
VIEWS: dict[str, View] = {"replication": LIVE, "quorum": QUORUM_LIVE}
LARGEST = 100
"""The greatest number a column holds comfortably; bounds are far below it in any search that ends."""

MOST = 20_000
"""Steps with their arguments that are traced and compiled at most; each search that ends has fewer by far."""


class CannotExplore(ValueError):
    """A bound, a form or a reduction that cannot be searched: one line that names it, its value and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreResult:
    """What a search saw.

    `states_per_level` counts new states by depth from the initial state, depth 0, on; `depth` is the last level's.
    `coarse` is the shortest counterexample in the steps of the grain, `steps` the same in the model's own actions.
    `collision_odds` bounds the chance that a state was missed because two had one key; 0 where keys are the states.
    `seconds` is wall time with building, `processor_seconds` of the search alone; `bytes` the most it held of
    `memory`.
    """

    model: str
    variant: str | None
    replicas: tuple[int, ...]
    bounds: Bounds
    grain: str
    form: str
    symmetry: bool
    view: bool
    verdict: str
    violated: str | None
    reason: str | None
    distinct_states: int
    generated_states: int
    depth: int
    states_per_level: tuple[int, ...]
    coarse: tuple[Call, ...]
    steps: tuple[Call, ...]
    seconds: float
    build_seconds: float
    processor_seconds: float
    bytes: int
    memory: int
    collision_odds: float


def compiler() -> str | None:
    """The machine's C compiler, or None."""
    return next((path for name in COMPILERS if (path := shutil.which(name))), None)


def explore(
    model: Model,
    variant: str | None = None,
    replicas: Sequence[int] = (1, 2, 3),
    log: int = 1,
    epochs: int = 2,
    *,
    partition_epochs: int | None = None,
    bounds: Bounds | None = None,
    grain: str = "asynchronous",
    budget: float | None = None,
    memory: int = 2 << 30,
    depth: int | None = None,
    form: str = "auto",
    symmetry: bool = False,
    view: bool = False,
    threads: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
) -> ExploreResult:
    """Visits every state within the bounds, breadth first, from the state with all replicas in sync.

    `log` is the longest log, `epochs` the highest leader epoch, `partition_epochs` the highest version of the
    partition's metadata (twice the leader epochs unless told); `bounds` says all that and more instead. `budget` is in
    seconds, `memory` in bytes. `auto` takes C where there is a compiler, numpy elsewhere. `symmetry` counts states that
    differ by the replicas' names once, `view` those that differ in what the future does not depend on.
    """
    if bounds is None:
        versions = 2 * epochs if partition_epochs is None else partition_epochs
        bounds = Bounds(leader_epochs=epochs, partition_epochs=versions, log=log)
    check(model, variant, replicas, bounds, grain=grain, form=form, symmetry=symmetry, view=view)
    chosen = form if form != "auto" else "c" if compiler() else "numpy"
    asked = _Asked(model, variant, tuple(replicas), bounds, grain, chosen, symmetry, view)
    started = time.perf_counter()
    reading = asked.reading()
    check_size(reading)
    run, odds = prepared(reading, chosen, symmetry=symmetry, view=view, threads=threads, seed=seed)
    built = time.perf_counter() - started
    processor = time.process_time()
    found, path = run(Limits(seconds=budget, memory=memory, depth=depth), progress)
    processor = time.process_time() - processor
    replay = None if found.violated is None else replayed(reading, path, asked.replicas, asked.searched_over())
    spent = _Spent(time.perf_counter() - started, built, processor, memory)
    return _told(asked, found, replay, spent, odds(found.distinct))


class _Asked(NamedTuple):
    """What is searched, and how: all that a verdict depends on."""

    model: Model
    variant: str | None
    replicas: tuple[int, ...]
    bounds: Bounds
    grain: str
    form: str
    """The one that is taken: never `auto`."""
    symmetry: bool
    view: bool

    def reading(self) -> Reading:
        return Reading(
            self.model,
            replicas=range(len(self.replicas)),
            bounds=self.bounds,
            variant=self.variant,
            synchronous=self.grain == "synchronous",
        )

    def searched_over(self) -> View | None:
        """The view whose states are counted; None where states are."""
        return VIEWS[self.model.name].of(self.variant) if self.view else None


class _Spent(NamedTuple):
    """What a search cost: seconds of wall time, of building, of processors; and the memory it was allowed, in bytes."""

    seconds: float
    build_seconds: float
    processor_seconds: float
    memory: int


Replay = tuple[str, tuple[Call, ...], tuple[Call, ...]]
"""A violation as the concrete reading has taken it again: the property, the steps of the grain, the model's actions."""


def _told(asked: _Asked, found: Found, replay: Replay | None, spent: _Spent, odds: float) -> ExploreResult:
    """The result, with its verdict. `replay` is None where nothing is violated."""
    violated, coarse, steps = replay or (None, (), ())
    return ExploreResult(
        model=asked.model.name,
        variant=asked.variant,
        replicas=asked.replicas,
        bounds=asked.bounds,
        grain=asked.grain,
        form=asked.form,
        symmetry=asked.symmetry,
        view=asked.view,
        verdict="violated" if violated is not None else "holds" if found.stopped is None else "unknown",
        violated=violated,
        reason=found.stopped,
        distinct_states=found.distinct,
        generated_states=found.generated,
        depth=len(found.levels) - 1,
        states_per_level=tuple(found.levels),
        coarse=coarse,
        steps=steps,
        seconds=spent.seconds,
        build_seconds=spent.build_seconds,
        processor_seconds=spent.processor_seconds,
        bytes=found.bytes,
        memory=spent.memory,
        collision_odds=odds,
    )


def check(
    model: Model,
    variant: str | None,
    replicas: Sequence[int],
    bounds: Bounds,
    *,
    grain: str,
    form: str,
    symmetry: bool,
    view: bool,
) -> None:
    """Raises CannotExplore for what cannot be searched, UnknownVariant for a variant there is not."""
    model.variant(variant)
    if form not in FORMS:
        raise CannotExplore(f"there is no form {form!r}: give one of {', '.join(FORMS)}")
    if grain not in GRAINS:
        raise CannotExplore(f"there is no grain {grain!r}: give one of {', '.join(GRAINS)}")
    if form == "c" and compiler() is None:
        raise CannotExplore(f"form 'c' needs a C compiler ({', '.join(COMPILERS)}) and there is none: use form 'numpy'")
    if form == "values" and (symmetry or view):
        raise CannotExplore("form 'values' searches without reductions: leave symmetry and view out, or use 'numpy'")
    if not 1 <= len(replicas) <= 6 or len(set(replicas)) != len(replicas):
        raise CannotExplore(f"{len(replicas)} replicas cannot be searched: give one to six different ones")
    least = {"log": bounds.log, "epochs": bounds.leader_epochs}
    for name, value in {**least, "partition_epochs": bounds.partition_epochs}.items():
        if not (1 if name in least else 0) <= value <= LARGEST:
            raise CannotExplore(f"{name} is {value}: give a bound from 1 to {LARGEST}")
    if symmetry and bounds.observers:
        raise CannotExplore("replicas without a vote cannot be renamed to voters: leave symmetry out, or the observers")
    if view and model.name not in VIEWS:
        raise CannotExplore(f"{model.name} has no view: explore it without")


def check_size(reading: Reading) -> None:
    """Raises CannotExplore for bounds that leave more choices of arguments than a search can hold."""
    count = sum(len(step.instances) for step in reading.steps.values())
    if count > MOST:
        raise CannotExplore(f"within these bounds there are {count} steps, and {MOST} at most are searched: bound less")


Run = Callable[[Limits, Progress | None], tuple[Found, list[on_values.Step]]]


def prepared(
    reading: Reading, form: str, *, symmetry: bool, view: bool, threads: int, seed: int
) -> tuple[Run, Callable[[int], float]]:
    """The search of a form, compiled, and its odds of a collision among so many states."""
    if form == "values":
        return lambda limits, progress: on_values.search(reading, limits, progress), lambda _: 0.0
    chosen = VIEWS[reading.model.name].of(reading.variant) if view else None
    tracing = Tracing(reading, view=chosen, nobody=symmetry)
    search: CSearch | NumpySearch
    if form == "numpy":
        search = NumpySearch(tracing, symmetry=symmetry, seed=seed)
    else:
        search = CSearch(tracing, compiler=compiler() or COMPILERS[0], symmetry=symmetry, seed=seed, threads=threads)

    def run(limits: Limits, progress: Progress | None) -> tuple[Found, list[on_values.Step]]:
        found = search.run(limits, progress)
        instances = [tracing.instances[at] for at in found.path]
        return found, [(instance.name, instance.arguments) for instance in instances]

    return run, search.keys.collision_odds
