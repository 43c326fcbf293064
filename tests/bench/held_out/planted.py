"""One process that has one module's source replaced, and searches as `fencepost mutants` does.

    python -m tests.bench.held_out.planted < REQUEST > ANSWER      # called by `measured`, by nobody else

One rule: the tree is not touched. An import hook gives the one module its other source; everything else is imported as
it lies. Profile, weights, order of seeds and what guides later ones are those of the search for any planted bug
(`campaign.detection`), but the broker under search has no mutant: nothing of the search knows that there is a bug.

A run that ends in an exception is a failed run, as it is for `fencepost fuzz`, and is told apart from one that breaks
an invariant. The search ends with the first failed run.
"""

import ast
import base64
import importlib.abc
import importlib.machinery
import json
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from tests.bench.held_out.edit import ROOT, path_of

GRACE_SECONDS = 60
"""Processor time beyond the budget until a run that does not end is given up."""
MEMORY_BYTES_MAX = 3 * 2**30
REACHED = "reached"
"""What the assertion says that a probe raises."""


class Result(NamedTuple):
    """What one search came to. `invariant` is None where nothing was found."""

    runs: int
    seconds: float
    invariant: str | None
    sentence: str | None
    failed: str | None = None
    """For `without`: the failed run, to be run again."""


class Replaced(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds one module, and loads another source for it."""

    def __init__(self, module: str, source: str) -> None:
        self.module = module
        self.source = source
        self.loaded = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname != self.module:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(path_of(fullname)))

    def get_source(self, fullname: str) -> str:
        del fullname
        return self.source

    def get_code(self, fullname: str) -> CodeType:
        self.loaded = True
        return compile(self.source, f"{path_of(fullname)} (changed)", "exec")

    def is_package(self, fullname: str) -> bool:
        return path_of(fullname).name == "__init__.py"


def probed(source: str, line: int) -> str:
    """The source with an assertion that fails before the statement which this line belongs to."""
    tree = ast.parse(source)
    bodies = [
        (body, place)
        for node in ast.walk(tree)
        for body in (getattr(node, "body", None), getattr(node, "orelse", None), getattr(node, "finalbody", None))
        if isinstance(body, list)
        for place, statement in enumerate(body)
        if isinstance(statement, ast.stmt) and statement.lineno <= line <= (statement.end_lineno or 0)
    ]
    body, place = max(bodies, key=lambda each: each[0][each[1]].lineno)
    body.insert(place, ast.parse(f"raise AssertionError({REACHED!r})").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


# ---------------------------------------------------------------- the parent's side
def measured(module: str, source: str, seed: int, budget_seconds: float, profile: str) -> Result:
    """Search with this source in the module's place, in a process of its own."""
    request = {"module": module, "source": source, "seed": seed, "budget": budget_seconds, "profile": profile}
    return Result(**_called(request, budget_seconds))


def without(failed: str) -> str | None:
    """Which invariant the failed run's choices break in the tree as it is; None: it was the bug, and nothing else."""
    answer = _called({"failed": failed}, GRACE_SECONDS)
    invariant: str | None = answer["invariant"]
    return invariant


def _called(request: dict[str, Any], budget_seconds: float) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench.held_out.planted"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if ran.returncode == 0:
        answer: dict[str, Any] = json.loads(ran.stdout)
        return answer
    last = ran.stderr.strip().splitlines()[-1:] or [f"status {ran.returncode}"]
    says = "does not end or takes all memory" if ran.returncode < 0 else last[0]
    return {"runs": 0, "seconds": budget_seconds, "invariant": "no_exception", "sentence": f"the process: {says}"}


# ---------------------------------------------------------------- the child's side
def _search(seed: int, budget_seconds: float, profile: str) -> Result:
    """As `campaign.detection.detect`, to the first failed run."""
    from campaign import trial
    from campaign.corpus import Corpus, Fresh, fresh, guided
    from campaign.fuzz import CHUNK, SEEDS_APART
    from campaign.profiles import PROFILES

    started = time.process_time()
    first = seed * SEEDS_APART
    runs = 0
    corpus = Corpus()
    new: list[Fresh] = []
    while time.process_time() - started < budget_seconds:
        guide = corpus.guide(runs // CHUNK)
        scenario, choices = guided(PROFILES[profile], first + runs, guide)
        ran = trial.run(scenario, choices)
        violated = ran.violated
        runs += 1
        new += filter(None, (fresh(ran.coverage, choices.weights, guide),))
        if runs % CHUNK == 0:
            corpus.take(new)
            new = []
        if violated is not None:
            seconds = time.process_time() - started
            failed = base64.b64encode(pickle.dumps((scenario, dict(choices.made)))).decode()
            return Result(runs, seconds, violated.invariant, violated.sentence, failed)
    return Result(runs, time.process_time() - started, None, None)


def _again(failed: str) -> str | None:
    from campaign import trial
    from impl.sim.drivers import Recorded

    scenario, made = pickle.loads(base64.b64decode(failed))
    violated = trial.run(scenario, Recorded(made)).violated
    return None if violated is None else violated.invariant


def main() -> int:
    request = json.load(sys.stdin)
    if "failed" in request:
        json.dump({"invariant": _again(request["failed"])}, sys.stdout)
        return 0
    seconds = int(request["budget"]) + GRACE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    replaced = Replaced(request["module"], request["source"])
    assert request["module"] not in sys.modules, f"{request['module']} was imported before its source was replaced"
    sys.meta_path.insert(0, replaced)
    answer = _search(request["seed"], request["budget"], request["profile"])
    assert replaced.loaded, f"no run imports {request['module']}"
    json.dump(answer._asdict(), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
