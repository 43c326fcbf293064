"""The client tests that need a program or packages which pip does not bring: kcat, Node's clients, the Java client.

    python -m tests.clients.foreign                    # whatever this machine has or can fetch
    python -m tests.clients.foreign --directory DIR    # where packages are kept; default: a cache directory

Each family is installed outside of the project and its tests are run; what cannot be run here is listed with the
reason.
The exit status is 1 where a test failed, else 0; with `--all`, also 1 where a family could not be run.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 600


class Unavailable(Exception):
    """Why a family of clients cannot be run here, in a line."""


class Family(NamedTuple):
    name: str
    marker: str
    prepare: Callable[[Path], Mapping[str, str]]
    """Makes ready under a directory; what the tests are told in their environment. Raises Unavailable."""


def kcat(_directory: Path) -> Mapping[str, str]:
    _program("kcat", "install the system package kcat")
    return {}


def node(directory: Path) -> Mapping[str, str]:
    _program("node", "install Node 20 or newer")
    place = directory / "node"
    wanted = (HERE / "node" / "package.json").read_text()
    kept = place / "package.json"
    if not kept.exists() or kept.read_text() != wanted or not (place / "node_modules").is_dir():
        npm = _program("npm", "install npm")
        place.mkdir(parents=True, exist_ok=True)
        kept.write_text(wanted)
        _run([npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"], place)
    return {"FENCEPOST_NODE_CLIENTS": str(place)}


def java(directory: Path) -> Mapping[str, str]:
    _program("java", "install a Java of version 17 or newer")
    place = directory / "java"
    if not list(place.glob("kafka-clients-*.jar")):
        maven = _program("mvn", "install Maven")
        place.mkdir(parents=True, exist_ok=True)
        pom = str(HERE / "java" / "pom.xml")
        _run([maven, "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={place}"], place)
    return {"FENCEPOST_JAVA_CLIENTS": str(place)}


FAMILIES = (Family("kcat", "kcat", kcat), Family("Node", "node", node), Family("Java", "java", java))


def _program(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"there is no {name} here: {remedy}")
    return found


def _run(command: list[str], directory: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{Path(command[0]).name} did not end within {SECONDS} s") from None
    if done.returncode != 0:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise Unavailable(f"{Path(command[0]).name} failed: {said[0] if said else 'it says nothing'}")


def cache() -> Path:
    """Where a user's programs keep what can be fetched again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fencepost" / "clients"


def run(directory: Path) -> dict[str, str]:
    """Run every family there is; family to `passed`, `failed` or `not run: why`."""
    told = {}
    for family in FAMILIES:
        try:
            environment = family.prepare(directory)
        except (Unavailable, OSError) as reason:
            told[family.name] = f"not run: {reason}"
            continue
        command = [sys.executable, "-m", "pytest", "-m", family.marker, "tests/clients", "-p", "no:cacheprovider"]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
        told[family.name] = "passed" if done.returncode == 0 else "failed"
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=cache(), help="where packages are kept")
    parser.add_argument("--all", action="store_true", help="fail where a family cannot be run")
    options = parser.parse_args()
    told = run(options.directory)
    for name, words in told.items():
        print(f"{name:6} {words}")
    wrong = ("failed", "not run") if options.all else ("failed",)
    return int(any(words.startswith(wrong) for words in told.values()))


if __name__ == "__main__":
    sys.exit(main())
