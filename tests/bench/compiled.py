"""The simulator compiled: a copy of the packages in build/fast whose hot modules are native code, made by mypyc.

    make fast                                                       # or: python -m tests.bench.compiled
    PYTHONPATH=build/fast .venv/bin/fencepost fuzz --budget 60s     # any command, in the copy
    python -m tests.bench.simulation --compiled                     # the sources and the copy, in turns

One rule: the copy runs the same runs. Once it is built, digests of seeds and of planted bugs are compared with those of
the sources (`tests/bench/digests.py`); where one differs the copy is put aside and nothing is said to be fast.

It is compiled twice where the compiler is gcc: the first one counts which way each branch goes in those runs, the
second lays the code out by that. With --once it is compiled once, in less than half of the time, and a little slower.

Called with `-m` from here Python finds the sources first. Nothing needs the copy: it is for long campaigns, and takes
ten minutes and a C compiler to build. The sources are what is tested; when they have changed the copy says so and runs
nothing (tests/bench/fresh.py).
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from tests.bench.fresh import MARKER, PACKAGES, digest, mark
from tests.bench.native import prepared

ROOT = Path(__file__).resolve().parents[2]
HOT = {
    "impl/sim": "auditor calendar client clocks consumer disk drivers engine files hampered ledger names network "
    "process producer transport world",
    "impl/core": "admin_messages broker calls clients controller controller_messages decision_facts decisions "
    "deletions effective_configs elections epochs events fetch_sessions fetchers follower forwarding "
    "image leader lost_logs member messages metadata_reader names parking partition producer_ids "
    "producers proposals read_replicas registration replica replication_quotas serving sessions sizes "
    "topic_configs topic_names topics types",
    "impl/core/quorum": "batches controller effects elections following leading log messages raft readers replica "
    "snapshots",
    "impl/host": "answers broker controller metadata_log snapshots stored withheld",
    "impl/storage": "checkpoints files indexes leftovers log log_directories log_directory producer_snapshots "
    "producer_state recovery retention segment trash trusted walk",
    "impl/wire": "batches framing metadata_records record_varints varint",
    "impl/wire/codec": "codec",
    "impl/api": "allocate_producer_ids alter_configs alter_partition alter_partition_reassignments api_versions "
    "assign_replicas_to_dirs begin_quorum_epoch broker_heartbeat broker_registration config_outcomes "
    "create_partitions create_topics delete_records delete_topics describe_cluster describe_configs "
    "describe_quorum describe_topic_partitions elect_leaders end_quorum_epoch fetch fetch_metadata "
    "fetch_snapshot find_coordinator handler incremental_alter_configs init_producer_id list_offsets "
    "list_partition_reassignments metadata names offset_for_leader_epoch produce produce_memory quorum "
    "registry vote",
    "invariants/answers": "addresses desk errors invariant offsets orders standing stopping unfencing",
    "traces": "abstraction ending falling_behind following generations membership refine refine_quorum "
    "registrations restarts survive told",
    "model": "machine shared_log",
    "invariants/step": "checker compaction counted_on deletion_due epoch_fencing ghost high_watermark_bound "
    "last_resort log log_matching log_start no_committed_loss one_decision per_key_order quorum quorum_superset "
    "recovery stable_read take",
    "invariants/history": "judge order readings",
    "campaign": "coverage hearing lockstep trial",
}
"""Modules in which the time of a run goes, by folder, and those that declare the values they use."""


class Ahead(NamedTuple):
    """What the sources generate when it is first used, and the copy has as a module."""

    writer: str
    """Prints that module."""
    module: str
    made_by: str
    """The file that generates it in the sources: in the copy it takes what is written out."""
    user: str
    """The file that does so."""


AHEAD = (
    Ahead("tests.bench.ahead", "impl/wire/codec/ahead.py", "impl/wire/codec/source.py", "tests/bench/written_out.py"),
    Ahead("tests.bench.ahead_models", "model/ahead.py", "model/as_run.py", "tests/bench/written_models.py"),
)
SEEDS = 24
DIRECT_CALLS = ("-fvisibility=hidden", "-fno-semantic-interposition", "-fno-plt")
"""All compiled modules are one library, which looks nothing up in itself by name: what they call of one another is
called directly, or put in its place. gcc and clang have these flags."""

COUNTING = ("-fprofile-generate", "-fprofile-update=single")
"""What is compiled with these writes down how often it went where (gcc)."""
COUNTED = ("-fprofile-use", "-fprofile-correction", "-Wno-missing-profile")
"""And these lay it out by that; what no run came to is compiled for size."""


def hot() -> list[str]:
    """The modules to compile, as paths."""
    return [f"{folder}/{name}.py" for folder, names in HOT.items() for name in names.split()]


def accepted(flags: tuple[str, ...]) -> list[str]:
    """Those of these flags that the C compiler takes; says which it does not."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    taken = []
    for flag in flags:
        command = [*compiler, "-Werror", flag, "-x", "c", "-c", os.devnull, "-o", os.devnull]
        try:
            tried = subprocess.run(command, capture_output=True, check=False).returncode
        except OSError:
            tried = 1  # setuptools may know a compiler that is not called so
        if tried:
            print(f"{compiler[0]} does not take {flag}: compiled without it")
        else:
            taken.append(flag)
    return taken


def compile_here(paths: list[str], once: bool) -> None:
    """Compile modules of the working directory, beside their sources. Ends the process where mypy refuses one."""
    from mypyc.build import mypycify
    from setuptools import Extension, setup

    # z3, kio and others have no types; `make lint` names them one by one, the compiler takes them for Any. How strict
    # the project is with its sources is no matter of the copy's.
    options = ["--config-file=", "--ignore-missing-imports", *paths]
    modules: list[Extension] = mypycify(
        options, opt_level="3", debug_level="0", multi_file=True, strict_dunder_typing=False
    )
    usual = [*modules[0].extra_compile_args, *accepted(DIRECT_CALLS)]  # they share a list

    def compile_with(flags: tuple[str, ...], linked: tuple[str, ...] = ()) -> None:
        for module in modules:
            module.extra_compile_args, module.extra_link_args = [*usual, *flags], list(linked)
        arguments = ["build_ext", "--inplace", "--force", "--parallel", str(os.cpu_count() or 1)]
        setup(name="fast", packages=[], py_modules=[], ext_modules=modules, script_args=arguments)

    by_count = (*COUNTING, *COUNTED)
    if once or accepted(by_count) != list(by_count):
        compile_with(())
        return
    compile_with(COUNTING, linked=COUNTING)
    digests(Path.cwd(), SEEDS)
    compile_with(COUNTED)


def snapshot(to: Path) -> None:
    """The packages as they are now."""
    shutil.rmtree(to, ignore_errors=True)  # it need not be there
    to.mkdir(parents=True)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "fencepost.py", to)


def write_out(sources: Path, to: Path) -> None:
    """Put what is generated when it is first used into the copy, as modules. Raises SystemExit where none is made."""
    here = {**os.environ, "PYTHONPATH": f"{sources}{os.pathsep}{ROOT}"}
    for ahead in AHEAD:
        command = [sys.executable, "-m", ahead.writer]
        made = subprocess.run(command, cwd=sources, env=here, capture_output=True, text=True, check=False)
        if made.returncode:
            raise SystemExit(f"{ahead.module} is not written: {made.stderr.strip().splitlines()[-1]}")
        module = to / ahead.module
        module.write_text(made.stdout)
        shutil.copy(ROOT / ahead.user, module.parent / "written_out.py")
        package = ".".join(Path(ahead.module).parent.parts)
        with (to / ahead.made_by).open("a") as generator:
            # Not an import statement: the two import one another, and whether the compiler then knows the types of
            # the first depends on the order in which it takes them up, which is another from run to run.
            generator.write(f'\n__import__("{package}.written_out")\n')


def build(sources: Path, to: Path, once: bool) -> None:
    """Make the copy from a snapshot. Raises SystemExit where the compiler refuses it."""
    shutil.rmtree(to, ignore_errors=True)  # it need not be there
    shutil.copytree(sources, to)
    compiled = set(hot())
    for path in to.rglob("*.py"):
        name = str(path.relative_to(to))
        path.write_text(prepared(name, path.read_text(), compiled=name in compiled))
    write_out(sources, to)
    log = to / "build.log"
    with log.open("w") as said:
        command = [sys.executable, "-m", "tests.bench.compiled", "--compile-here", *(["--once"] if once else [])]
        here = {**os.environ, "PYTHONPATH": str(ROOT)}
        built = subprocess.run(command, cwd=to, env=here, stdout=said, stderr=subprocess.STDOUT, check=False)
    failed = built.returncode != 0
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


def compared(sources: Path, copy: Path) -> tuple[int, list[str], list[str]]:
    """How many runs are the same in both, which are not, and which planted bugs are refused in the copy."""
    ours, theirs = digests(sources, SEEDS), digests(copy, SEEDS)
    different = [run for run in theirs if ours.get(run) != theirs[run]]
    return len(theirs) - len(different), different, [run for run in ours if run not in theirs]


def install(copy: Path, of: str, out: Path) -> None:
    """Put a copy that runs as it should in its place, where it looks at the sources whenever it is used."""
    shutil.copy(ROOT / "tests/bench/fresh.py", copy / "campaign" / "copy_of.py")
    first = copy / "campaign" / "__init__.py"
    first.write_text(f"{first.read_text()}\nfrom campaign import copy_of as copy_of\n")
    mark(copy, ROOT, of)
    shutil.rmtree(out, ignore_errors=True)  # it need not be there
    copy.rename(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fast")
    parser.add_argument("--once", action="store_true", help="compile once, without counting how often code is run")
    parser.add_argument("--compile-here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compile_here:
        compile_here([*hot(), *(ahead.module for ahead in AHEAD)], options.once)
        return
    out = options.out.absolute()
    if out.exists() and not (out / MARKER).exists():
        parser.error(f"{out} is there and is no compiled copy: name another directory with --out, or remove it")
    sources, copy = out.with_name(f"{out.name}-sources"), out.with_name(f"{out.name}-unproven")
    snapshot(sources)
    of = digest(sources)
    build(sources, copy, options.once)
    same, different, refused = compared(sources, copy)
    if different:
        raise SystemExit(f"{len(different)} runs differ in the compiled copy, left at {copy}: {', '.join(different)}")
    install(copy, of, out)
    shutil.rmtree(sources)
    print(f"{len(hot())} modules compiled, {same} runs as they were: use it with PYTHONPATH={out}")
    if refused:
        print(f"planted bugs refused there, because what they override is not there as it was: {', '.join(refused)}")


if __name__ == "__main__":
    main()
