"""The simulator compiled: a copy of the packages in build/fast whose hot modules are native code, made by mypyc.

    make fast                                                       # or: python -m tests.bench.compiled
    PYTHONPATH=build/fast .venv/bin/fencepost fuzz --budget 60s     # any command, in the copy
    PYTHONPATH=build/fast .venv/bin/python tests/bench/simulation.py

One rule: the copy runs the same runs. Once it is built, digests of seeds are compared with those of the sources
(`tests/bench/digests.py`); where one differs the copy is put aside and nothing is said to be fast.

Called with `-m` from here Python finds the sources first. Nothing needs the copy: it is for long campaigns, and takes
some minutes and a C compiler to build. The sources are what is tested; build it anew after changing them. A planted bug
is refused in the copy where what it overrides is compiled and does not tell its parameters.
"""

import argparse
import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("campaign", "impl", "invariants", "model", "traces")
HOT = {
    "impl/sim": "client consumer drivers engine ledger network process producer world",
    "impl/core": "calls clients epochs fetch_sessions fetchers follower leader member "
    "metadata_reader parking partition producers registration replica replication_quotas serving sessions topics",
    "impl/core/quorum": "elections following leading log readers replica",
    "impl/host": "controller metadata_log upkeep",
    "impl/storage": "checkpoints log segment",
    "impl/wire": "batches record_varints",
    "traces": "abstraction following generations refine refine_quorum registrations survive told",
    "model": "machine shared_log",
    "invariants/step": "checker epoch_fencing ghost high_watermark_bound log log_matching no_committed_loss "
    "one_decision per_key_order quorum quorum_superset recovery stable_read take",
}
"""Modules in which the time of a run goes, by folder. Those that mostly declare messages gain nothing, and those that
make others by a class of theirs (`Broker.partition_class`) are left as they are; so is `impl.sim.transport`, where a
method takes the place of an attribute."""
NOT_NATIVE = ("Struct", "NamedTuple", "Protocol", "Enum", "Flag", "Exception", "Error", "Warning")
"""Beginnings or ends of the names of base classes that mypyc leaves to Python anyway."""
MARK = "@_open_to_subclasses(allow_interpreted_subclasses=True)"
SEEDS = 24


def hot() -> list[str]:
    """The modules to compile, as paths."""
    return [f"{folder}/{name}.py" for folder, names in HOT.items() for name in names.split()]


def opened(source: str) -> str:
    """The source with its native classes marked as open to subclasses that are not compiled, which those of planted
    bugs are; else as it was."""
    tree = ast.parse(source)
    lines = source.split("\n")
    marked = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and _native(node)]
    for node in sorted(marked, key=lambda node: -node.lineno):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        lines.insert(first - 1, " " * node.col_offset + MARK)
    if marked:
        docstring = tree.body[0].end_lineno if isinstance(tree.body[0], ast.Expr) else 0
        lines.insert(docstring or 0, "from mypy_extensions import mypyc_attr as _open_to_subclasses")
    return "\n".join(lines)


def _native(node: ast.ClassDef) -> bool:
    bases = [ast.unparse(base).partition("[")[0] for base in node.bases]
    return not any(base.endswith(NOT_NATIVE) for base in bases)


def compile_here(paths: list[str]) -> None:
    """Compile modules of the working directory, beside their sources. Ends the process where mypy refuses one."""
    from mypyc.build import mypycify
    from setuptools import setup

    # z3, kio and others have no types; `make lint` names them one by one, the compiler takes them for Any.
    options = ["--ignore-missing-imports", *paths]
    modules = mypycify(options, opt_level="1", debug_level="0", multi_file=True, strict_dunder_typing=False)
    arguments = ["build_ext", "--inplace", "--parallel", str(os.cpu_count() or 1)]
    setup(name="fast", packages=[], py_modules=[], ext_modules=modules, script_args=arguments)


def build(to: Path) -> None:
    """Make the copy. Raises SystemExit where the compiler refuses it, or where it does not run as the sources do."""
    if to.exists() and not (to / ".fast").exists():
        raise SystemExit(f"{to} is there and is no compiled copy: name another directory with --out, or remove it")
    shutil.rmtree(to, ignore_errors=True)  # it need not be there
    to.mkdir(parents=True)
    (to / ".fast").write_text("made by tests/bench/compiled.py\n")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "fencepost.py", to)
    for path in hot():
        (to / path).write_text(opened((to / path).read_text()))
    log = to / "build.log"
    with log.open("w") as said:
        command = [sys.executable, __file__, "--compile-here"]
        failed = subprocess.run(command, cwd=to, stdout=said, stderr=subprocess.STDOUT, check=False).returncode
    if failed:
        refused = [line for line in log.read_text().splitlines() if "error:" in line or "Error" in line]
        raise SystemExit(f"not compiled: {refused[0] if refused else 'no reason given'}; all of it is in {log}")
    shutil.rmtree(to / "build", ignore_errors=True)  # the compiler's own, where it left any


def digests(at: Path, seeds: int) -> dict[str, str]:
    """Of the packages in this directory. Raises SystemExit where they do not run."""
    command = [sys.executable, str(ROOT / "tests/bench/digests.py"), "--seeds", str(seeds)]
    environment = {**os.environ, "PYTHONPATH": str(at)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=at, check=False)
    if ran.returncode:
        raise SystemExit(f"{at} does not run: {ran.stderr.strip().splitlines()[-1]}")
    told: dict[str, str] = json.loads(ran.stdout)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fast")
    parser.add_argument("--compile-here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compile_here:
        compile_here(hot())
        return
    build(options.out)
    ours, theirs = digests(ROOT, SEEDS), digests(options.out, SEEDS)
    differing = [run for run, digest in theirs.items() if ours[run] != digest]
    if differing:
        aside = options.out.with_name(f"{options.out.name}-differs")
        shutil.rmtree(aside, ignore_errors=True)  # the one put aside before, if any
        options.out.rename(aside)
        runs = ", ".join(differing)
        raise SystemExit(f"{len(differing)} of {len(theirs)} runs differ in the compiled copy, now {aside}: {runs}")
    print(f"{len(hot())} modules compiled, {len(theirs)} runs as they were: use it with PYTHONPATH={options.out}")


if __name__ == "__main__":
    main()
