"""Carrying out a schedule: every kind of strike has a beginning and an end, and both are written down.

One rule: a strike never judges. A process that dies of what was done to it is started again at the end of the strike;
one that dies of anything else is reported by name, and the run is not good.
"""

import contextlib
import heapq
import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from campaign.conditions import wait_for
from campaign.storm import schedule as kinds
from campaign.storm.damage import corrupt_tails, synced, wipe
from campaign.storm.field import Field
from campaign.storm.proxy import CLIENTS
from campaign.storm.schedule import Strike
from impl.server.errors import ChildFailed

LATE_SECONDS = 0.15
"""What a slow link adds to every piece."""
START_SECONDS = 60.0
STOP_SECONDS = 15.0
WHOLE_SECONDS = 90.0
PAUSE_SECONDS = 0.05
ALONE = frozenset((kinds.RESTART, *kinds.LOSSY))
"""Kinds before which every other strike is ended."""


class Due(NamedTuple):
    """A strike's beginning or end, and when."""

    at: float
    number: int
    strike: Strike
    begins: bool


class Strikes:
    """Begins and ends strikes at their times; `run`, then `settle`."""

    def __init__(self, field: Field, seed: int) -> None:
        self._field = field
        self._draw = random.Random(seed)
        self._paused: dict[str, int] = {}
        """Node to how many strikes hold it stopped."""
        self._down: dict[str, int] = {}
        """Node to how many strikes keep it from being started."""
        self._doomed: set[str] = set()
        """Brokers whose disk is or was full: they may end because of it."""
        self._kept: dict[str, dict[Path, int]] = {}
        """Node to the sizes of its logs when its process was last started: recovery syncs what it finds."""
        self.counts: dict[str, int] = {}
        self.unexpected: list[str] = []
        """Processes that ended and that nothing was done to, in words."""
        self._begin: dict[str, Callable[[Strike], None]] = {
            kinds.KILL: self._kill,
            kinds.CONTROLLER_KILL: self._kill,
            kinds.PAUSE: self._pause,
            kinds.CONTROLLER_PAUSE: self._pause,
            kinds.RESTART: self._restart,
            kinds.CUT: lambda strike: field.network.cut(*strike.targets),
            kinds.ONE_WAY: lambda strike: field.network.hold(*strike.targets),
            kinds.ISOLATE: self._isolate,
            kinds.SLOW: self._slow,
            kinds.DISK_FULL: self._fill,
            kinds.CORRUPT: self._corrupt,
            kinds.WIPE: self._wipe,
        }
        self._end: dict[str, Callable[[Strike], None]] = {
            kinds.KILL: self._start_again,
            kinds.CONTROLLER_KILL: self._start_again,
            kinds.PAUSE: self._resume,
            kinds.CONTROLLER_PAUSE: self._resume,
            kinds.CUT: lambda strike: field.network.heal(*strike.targets),
            kinds.ONE_WAY: lambda strike: field.network.heal(*strike.targets),
            kinds.ISOLATE: self._rejoin,
            kinds.SLOW: lambda strike: field.network.heal(*strike.targets),
            kinds.DISK_FULL: self._free,
        }

    # ------------------------------------------------------------ the schedule
    def run(self, strikes: Sequence[Strike], until: Callable[[], bool], tell: Callable[[str], None]) -> None:
        """Carry out the strikes; leave off when `until()` holds. A late one is not made up for."""
        began = time.monotonic()
        numbers = itertools.count()
        due = [Due(strike.at, next(numbers), strike, True) for strike in strikes]
        heapq.heapify(due)
        while due and not until():
            self._look_around()
            at, _, strike, begins = due[0]
            wait = began + at - time.monotonic()
            if wait > 0:
                # The schedule is about real time by design: the load runs in threads of its own.
                time.sleep(min(wait, PAUSE_SECONDS))  # the schedule's own time
                continue
            heapq.heappop(due)
            if begins and strike.kind in ALONE:
                due = self._end_all(due)
            if begins:
                tell(f"{strike.kind} {' '.join(strike.targets)}")
                self._note(strike, "begins")
                self.counts[strike.kind] = self.counts.get(strike.kind, 0) + 1
                self._begin[strike.kind](strike)
                if strike.kind in self._end:
                    ends = max(at + strike.seconds, time.monotonic() - began)
                    heapq.heappush(due, Due(ends, next(numbers), strike, False))
            else:
                self._note(strike, "ends")
                self._end[strike.kind](strike)
        self._end_all(due)

    def _end_all(self, due: list[Due]) -> list[Due]:
        """End every strike that has begun; what is left to begin."""
        for entry in sorted(due, key=lambda entry: entry[:2]):
            if not entry.begins:
                self._note(entry.strike, "ends")
                self._end[entry.strike.kind](entry.strike)
        return [entry for entry in sorted(due, key=lambda entry: entry[:2]) if entry.begins]

    def settle(self) -> None:
        """Everything is healed, every process runs, every replica is in sync. Raises TimeoutError."""
        self._field.network.heal_all()
        for name in sorted(self._field.children):
            if self._field.disks is not None and name in self._doomed:
                self._field.disks.free(self._directory(name))
            self._ensure_running(name)
        wait_for(self._field.whole, WHOLE_SECONDS, "every replica to be in sync after the failures")

    def _note(self, strike: Strike, what: str) -> None:
        self._field.faults.fault(f"{strike.kind} {what}", " ".join(strike.targets))

    def _look_around(self) -> None:
        """A process that died although nobody killed it: said once, and started again."""
        for name, child in sorted(self._field.children.items()):
            if child.process is not None and not child.running and not self._down.get(name):
                if name not in self._doomed:
                    self.unexpected.append(child.last_words())
                    self._ensure_running(name)
                elif self._field.disks is None or not self._disk_is_full(name):
                    self._ensure_running(name)

    # ------------------------------------------------------------ processes
    def _kill(self, strike: Strike) -> None:
        (name,) = strike.targets
        self._down[name] = self._down.get(name, 0) + 1
        self._field.children[name].kill()

    def _start_again(self, strike: Strike) -> None:
        (name,) = strike.targets
        self._down[name] -= 1
        if not self._down[name]:
            self._ensure_running(name)

    def _pause(self, strike: Strike) -> None:
        (name,) = strike.targets
        self._paused[name] = self._paused.get(name, 0) + 1
        self._signal(name, signal.SIGSTOP)

    def _resume(self, strike: Strike) -> None:
        (name,) = strike.targets
        self._paused[name] -= 1
        if not self._paused[name]:
            self._signal(name, signal.SIGCONT)

    def _restart(self, strike: Strike) -> None:
        (name,) = strike.targets
        child = self._field.children[name]
        child.terminate()
        if child.wait(time.monotonic() + STOP_SECONDS) is None:
            child.kill()
        self._ensure_running(name)

    def _signal(self, name: str, number: signal.Signals) -> None:
        child = self._field.children[name]
        if child.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)

    def _ensure_running(self, name: str) -> None:
        child = self._field.children[name]
        if child.running or self._down.get(name):
            return
        self._kept[name] = synced(self._directory(name))
        child.start()
        if self._paused.get(name):
            self._signal(name, signal.SIGSTOP)

    # ------------------------------------------------------------ the network
    def _slow(self, strike: Strike) -> None:
        one, other = strike.targets
        self._field.network.slow(one, other, LATE_SECONDS)

    def _isolate(self, strike: Strike) -> None:
        name, way = strike.targets
        network = self._field.network
        for other in network.others(name):
            if other == CLIENTS:
                continue
            if way in ("in", "both"):
                network.hold(other, name)
            if way in ("out", "both"):
                network.hold(name, other)

    def _rejoin(self, strike: Strike) -> None:
        name, _ = strike.targets
        for other in self._field.network.others(name):
            if other != CLIENTS:
                self._field.network.heal(name, other)

    # ------------------------------------------------------------ disks
    def _fill(self, strike: Strike) -> None:
        (name,) = strike.targets
        if self._field.disks is not None:
            self._doomed.add(name)
            self._field.disks.fill(self._directory(name))

    def _free(self, strike: Strike) -> None:
        (name,) = strike.targets
        if self._field.disks is not None:
            self._field.disks.free(self._directory(name))
            # A directory that failed stays offline until its broker starts again.
            self._field.children[name].kill()
            self._ensure_running(name)
            self._doomed.discard(name)

    def _corrupt(self, strike: Strike) -> None:
        (name,) = strike.targets
        if self._down_and_out(name):
            corrupt_tails(self._directory(name), self._draw, self._kept.get(name, {}))
            self._back(name)

    def _wipe(self, strike: Strike) -> None:
        (name,) = strike.targets
        if self._down_and_out(name):
            wipe(self._directory(name))
            self._back(name)

    def _down_and_out(self, name: str) -> bool:
        """Once every replica is whole: kill the broker and wait until no in-sync set counts on it.

        False where the cluster was not whole in time: then nothing was done.
        """
        try:
            wait_for(self._field.whole, WHOLE_SECONDS, "every replica to be in sync")
        except TimeoutError:
            return False
        self._down[name] = self._down.get(name, 0) + 1
        self._field.children[name].kill()
        wait_for(lambda: self._field.out_of_sets(name), WHOLE_SECONDS, f"{name} to leave the in-sync sets")
        return True

    def _back(self, name: str) -> None:
        """Start the damaged broker, and wait until its copies are whole again."""
        self._down[name] -= 1
        self._ensure_running(name)
        with contextlib.suppress(ChildFailed):
            self._field.children[name].wait_ready(time.monotonic() + START_SECONDS)
        wait_for(self._field.whole, WHOLE_SECONDS, f"{name} to be in sync after the damage")

    def _disk_is_full(self, name: str) -> bool:
        found = os.statvfs(self._directory(name))
        return found.f_bavail == 0

    def _directory(self, name: str) -> Path:
        return Path(self._field.children[name].configuration.data)
