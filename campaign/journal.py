"""What a campaign has done so far, kept in a file, so that it may stop at any moment and go on later.

One rule: a line is written when its seeds are done, and never changed. Whatever kills the campaign, what it had found
is in the file; a torn last line is dropped, and its seeds are run again.

The first line says what is searched: profile, mutant and source. Files of one campaign, run in several places, are
merged by seed. Different code is a different campaign.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from campaign.corpus import Fresh
from campaign.coverage import Coverage, packed, unpacked
from campaign.outcome import Refused
from impl.sim.choices import Key
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights

VERSION = 1


class Failure(NamedTuple):
    """A seed whose run broke an invariant."""

    seed: int
    invariant: str
    sentence: str
    at: int
    scenario: Scenario
    choices: dict[Key, int]


class Chunk(NamedTuple):
    """What came of some seeds in a row."""

    seeds: int
    events: int
    simulated_ms: int
    unhealthy: int
    cpu_seconds: float
    failures: tuple[Failure, ...]
    coverage: Coverage = Coverage(Counter(), Counter())
    fresh: tuple[Fresh, ...] = ()
    """Runs that did something new, in the order of seeds."""
    unspoken: tuple[str, ...] = ()
    """What runs did that the model does not speak of, in a sentence each."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The first line."""

    campaign: int = VERSION
    profile: str
    mutant: str | None
    commit: str


class _Failed(msgspec.Struct, frozen=True):
    """A failure with its choices as pairs: JSON's keys are strings."""

    seed: int
    invariant: str
    sentence: str
    at: int
    scenario: Scenario
    choices: list[tuple[Key, int]]


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    """Every other line: one chunk."""

    first: int
    seeds: int
    events: int
    simulated_ms: int
    unhealthy: int
    cpu_seconds: float
    failures: list[_Failed] = []
    steps: dict[str, list[int]] = {}
    cells: dict[str, int] = {}
    fresh: list[tuple[Weights, list[int]]] = []
    unspoken: list[str] = []


class Journal:
    """`done` holds the chunks known so far, by first seed."""

    def __init__(self, path: Path, about: About, others: Iterable[Path] = ()) -> None:
        """Opens or begins the file, and reads the others of the campaign. Refused where one is no part of it."""
        self.path = path
        self.about = about
        self.done: dict[int, Chunk] = {}
        self._torn = False
        for other in others:
            self._read(other)
        try:
            if path.exists():
                self._read(path)
                self._mend()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._write(msgspec.json.encode(about))
        except OSError as error:
            raise self._unwritable(error) from None

    def keep(self, first: int, chunk: Chunk) -> None:
        """A chunk is done. Refused where it cannot be written."""
        failures = [_Failed(*failure[:-1], list(failure.choices.items())) for failure in chunk.failures]
        steps, cells = packed(chunk.coverage)
        line = _Done(
            first=first,
            seeds=chunk.seeds,
            events=chunk.events,
            simulated_ms=chunk.simulated_ms,
            unhealthy=chunk.unhealthy,
            cpu_seconds=chunk.cpu_seconds,
            failures=failures,
            steps=steps,
            cells=cells,
            fresh=[(each.weights, sorted(each.features)) for each in chunk.fresh],
            unspoken=list(chunk.unspoken),
        )
        try:
            self._write(msgspec.json.encode(line))
        except OSError as error:
            raise self._unwritable(error) from None
        self.done[first] = chunk

    # ------------------------------------------------------------ the file
    def _write(self, line: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(line + b"\n")

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            raise Refused(f"{path}: cannot be read: {error.strerror}; name a campaign's file") from None
        self._torn = lines.pop() != b""
        about = _decoded(path, 1, lines[0] if lines else b"", About)
        if about != self.about:
            raise Refused(f"{path}: {_difference(about, self.about)}; give this campaign a file of its own")
        for number, line in enumerate(lines[1:], 2):
            done = _decoded(path, number, line, _Done)
            failures = tuple(
                Failure(each.seed, each.invariant, each.sentence, each.at, each.scenario, dict(each.choices))
                for each in done.failures
            )
            self.done[done.first] = Chunk(
                done.seeds,
                done.events,
                done.simulated_ms,
                done.unhealthy,
                done.cpu_seconds,
                failures,
                unpacked(done.steps, done.cells),
                tuple(Fresh(weights, frozenset(features)) for weights, features in done.fresh),
                tuple(done.unspoken),
            )

    def _mend(self) -> None:
        """Drop a last line that was not written to its end."""
        if self._torn:
            whole = self.path.read_bytes().rpartition(b"\n")[0]
            self.path.write_bytes(whole + b"\n")

    def _unwritable(self, error: OSError) -> Refused:
        return Refused(
            f"{self.path}: cannot be written: {error.strerror}; make room or name another file, nothing found is lost"
        )


def _decoded(path: Path, number: int, line: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise Refused(f"{path}, line {number}: not a campaign's line ({error}); name a campaign's file") from None


def _difference(found: About, wanted: About) -> str:
    for name in ("campaign", "profile", "mutant", "commit"):
        if getattr(found, name) != getattr(wanted, name):
            return f"is a campaign with {name} {getattr(found, name)}, not {getattr(wanted, name)}"
    raise AssertionError("asked only where they differ")
