"""How a campaign draws its runs: the weights of one seed's choices, and the shape of its cluster.

One rule: few kinds of fault a run, so that they pile up, and rates that differ by orders of magnitude from run to run.
A bug that needs a quiet cluster and a storm of leadership moves is found by runs that are both, not by the average.

Measured on the planted bugs of `campaign.mutants`: runs with few sends find what needs two logs of almost the same
length, runs with many find what needs a window.
"""

import random
from collections.abc import Sequence

from impl.sim.drivers import Seeded, Weights
from impl.sim.faults import BREAK, MOVE
from impl.sim.scenario import Scenario


def draw_weights(seed: int, kinds: Sequence[str]) -> Weights:
    """One to three kinds of fault, in half of the runs with as many leadership moves; rates of everything."""
    draw = random.Random(f"campaign weights {seed}")
    chosen = draw.sample(list(kinds), min(draw.choice((1, 2, 3)), len(kinds)))
    if draw.random() < 0.5 and MOVE in kinds:
        chosen += [MOVE] * len(chosen)
    if all(kind == BREAK for kind in chosen) and MOVE in kinds:
        # Connections that break and nothing else: the clients try again, and that is all.
        chosen = [MOVE]
    return Weights(
        kinds=tuple(chosen),
        fault=draw.choice((0.02, 0.05, 0.1, 0.2)),
        delay=draw.choice((0.02, 0.1, 0.2, 0.4)),
        send=draw.choice((0.02, 0.05, 0.2, 0.5)),
    )


def seeded(scenario: Scenario, kinds: Sequence[str], seed: int) -> tuple[Scenario, Seeded]:
    """One seed's cluster and choices."""
    varied = scenario.varied(seed)
    return varied, Seeded(seed, varied.table(), draw_weights(seed, kinds))
