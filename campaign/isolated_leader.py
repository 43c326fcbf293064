"""A leader cut off from both its followers: the seed scenario, played in the simulated world and told in docs.

    python -m campaign.isolated_leader

writes `docs/scenarios` anew. Producers use acks=all, and the topic has min.insync.replicas=2. Two plays: the controller
still hears both sides; the controller is on the other side.

One rule: the page says what the play did. Whatever it states is counted here, and the test asks for it.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from campaign.lockstep import Lockstep
from campaign.trial import Judges
from impl.sim import faults
from impl.sim.drivers import Scripted
from impl.sim.ledger import Outcome
from impl.sim.recording import MODEL, header
from impl.sim.scenario import SIMULATED, Scenario
from impl.sim.world import World
from traces.recorder import Recorder, write
from traces.render import render
from traces.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "scenarios"
QUICK = msgspec.structs.replace(SIMULATED, broker_heartbeat_interval_ms=100, broker_session_timeout_ms=400)
SCENARIO = Scenario(clients=2, keys=1, consumers=0, horizon_ms=6_000, settings=QUICK)
LEADER, FOLLOWERS = 1, (2, 3)
CUT_MS = 1_500
MADE = "<!-- Made by `python -m campaign.isolated_leader`: change the play, not this page. -->"


class Told(NamedTuple):
    """One fact, where and when."""

    at: int
    node: str
    fact: Any


class Play(NamedTuple):
    """What was seen of one play."""

    trace: Trace
    outcome: Outcome
    told: tuple[Told, ...]
    cut_at: int
    """Milliseconds: from then on the leader is cut off, for CUT_MS."""
    refusals: Counter[str]
    """How often a producer was answered with which error."""
    acknowledged_before: int
    acknowledged_during: int

    def facts(self, *names: str, node: str = "", after: int = 0, before: int = 1 << 60) -> list[Any]:
        """Facts of these classes, in order."""
        return [
            each.fact
            for each in self.told
            if type(each.fact).__name__ in names and node in ("", each.node) and after <= each.at < before
        ]

    def during(self, *names: str, node: str = "") -> list[Any]:
        """Of the time while the leader was cut off, but for its first moment, in which answers still arrived."""
        return self.facts(*names, node=node, after=self.cut_at + 1, before=self.cut_at + CUT_MS)


class _Watch:
    """Judges every fact, and keeps it."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges
        self.told: list[Told] = []
        self.fault, self.op = judges.fault, judges.op

    def facts(self, node: str, at: int, facts: Sequence[Any]) -> None:
        self.told += [Told(at, node, fact) for fact in facts]
        self._judges.facts(node, at, facts)


def play(*, controller_too: bool) -> Play:
    """One run: records are written, the leader is cut off, more are written, the network heals, all is read back.

    Raises Violated where an invariant does not hold, or the run is none of the model's.
    """
    lockstep = Lockstep(MODEL, synced=False, stop=True)
    judges = Judges(lockstep)
    watch = _Watch(judges)
    script = Scripted(SCENARIO.table())
    recorder = Recorder(header(SCENARIO, {}))
    world = World(SCENARIO, script, observer=watch, recorder=recorder)
    world.start()
    _write(world, script, 3)
    world.advance(200)
    before, cut_at = len(world.ledger.acknowledged), world.now
    _cut(script, controller_too=controller_too)
    world.advance(100)
    _write(world, script, 2, apart_ms=250)
    for client in (1, 2):
        if controller_too:
            # One of the two producers loses its connection, asks another broker each time, and finds the new leader.
            script.fault(faults.BREAK, LEADER, world.producers[1][0].index)
        _write(world, script, 1, apart_ms=250, first=client)
    world.advance(cut_at + CUT_MS - world.now)
    during = len(world.ledger.acknowledged) - before
    world.advance(500)
    outcome = world.finish()
    judges.checker.finish(world.auditor.name)
    lockstep.finish()
    recorder.header = header(SCENARIO, script.made)
    refusals = Counter[str]()
    for _, producer in world.producers:
        refusals.update(producer.refusals)
    return Play(recorder.trace(), outcome, tuple(watch.told), cut_at, refusals, before, during)


def _cut(script: Scripted, *, controller_too: bool) -> None:
    """Nothing passes between the leader and its followers, nor, if so asked, the controller; clients reach all."""
    if controller_too:
        script.fault(faults.ISOLATE, LEADER, 0, CUT_MS)
        return
    for follower in FOLLOWERS:
        script.fault(faults.BLOCK, LEADER, follower, CUT_MS)
        script.fault(faults.BLOCK, follower, LEADER, CUT_MS)


def _write(world: World, script: Scripted, batches: int, apart_ms: int = 60, first: int = 1) -> None:
    """Both producers in turn, each a batch."""
    for number in range(batches):
        script.send(1 + (first - 1 + number) % 2, 0)
        world.advance(apart_ms)


# ------------------------------------------------------------ the page
class Telling(NamedTuple):
    """One play as the page tells it."""

    name: str
    title: str
    controller_too: bool
    story: str


TELLINGS = (
    Telling(
        "isolated-leader",
        "The controller still hears both sides",
        False,
        "The leader keeps its leadership, and is alone with it. Its followers are silent for replica.lag.time.max.ms; "
        "it proposes to go on without them, and the controller commits that. One member is left in sync, fewer than "
        "min.insync.replicas: so the two who left stay *eligible leader replicas*, and nothing is committed. Producers "
        "are refused. When the network heals the followers catch up and join again, and what waited is committed.",
    ),
    Telling(
        "isolated-leader-and-controller",
        "The controller is on the other side",
        True,
        "The leader's session expires, and the controller elects one of the others. For a while two nodes lead, each "
        "in an epoch of its own; clients reach both. The old leader appends, and can commit nothing: it counts both "
        "followers, for nobody has told it that they are gone, and its own proposal to drop them reaches nobody. The "
        "new one commits with the two it has, and one of the producers finds it. When the network heals the old leader "
        "learns the new epoch, cuts off what it alone had, and copies; its producer sends again, to the new leader.",
    ),
)


def page(plays: dict[str, Play]) -> str:
    """Both plays, in Markdown."""
    settings = SCENARIO.settings
    parts = [
        MADE,
        "# A leader cut off from both its followers",
        "Three brokers, one partition with three replicas, `min.insync.replicas=2`, two idempotent producers with "
        "`acks=all`. Three records are written; then n1, which leads, and n2 and n3 no longer reach each other for "
        f"{CUT_MS / 1000} s, and the producers go on. Times are short, so that it fits a picture: a broker is fenced "
        f"after {settings.broker_session_timeout_ms} ms, a follower lags after {settings.replica_lag_time_ms_max} ms.",
        "What must come of it, in both plays: producers get errors; no record that either side acknowledged is lost; "
        "no two leaders commit. Each step was judged by the invariants, and is a step of the model "
        "[survival](../explanation-survival.md).",
    ]
    for telling in TELLINGS:
        parts += _section(telling, plays[telling.name])
    parts.append(
        "The plays are `campaign/isolated_leader.py`, what is asked of them `tests/campaign/test_isolated_leader.py`."
    )
    return "\n\n".join(parts) + "\n"


def _section(telling: Telling, played: Play) -> list[str]:
    outcome = played.outcome
    refusals = ", ".join(f"{error} {times} times" for error, times in sorted(played.refusals.items()))
    committed = {fact.leader_epoch: told.node for told in played.told for fact in (told.fact,) if _commits(fact)}
    leaders = ", ".join(f"{node} in epoch {epoch}" for epoch, node in sorted(committed.items()))
    return [
        f"## {telling.title}",
        telling.story,
        f"| | |\n|---|---|\n"
        f"| acknowledged before | {played.acknowledged_before} records |\n"
        f"| acknowledged while the leader was cut off | {played.acknowledged_during} |\n"
        f"| errors that producers got | {refusals} |\n"
        f"| who committed | {leaders} |\n"
        f"| acknowledged in the end, and read back | {outcome.acknowledged} of {outcome.invoked}, lost: "
        f"{len(outcome.lost)} |",
        f"![{telling.title}]({telling.name}.svg)",
        f"```\nfencepost validate docs/scenarios/{telling.name}.jsonl\n"
        f"fencepost render docs/scenarios/{telling.name}.jsonl --out {telling.name}.svg\n```",
    ]


def _commits(fact: Any) -> bool:
    return type(fact).__name__ == "AdvanceHighWatermark"


def main() -> None:
    """Play both, and write the page, the traces and the drawings."""
    PAGES.mkdir(parents=True, exist_ok=True)
    plays = {telling.name: play(controller_too=telling.controller_too) for telling in TELLINGS}
    for name, played in plays.items():
        write(played.trace, PAGES / f"{name}.jsonl")
        render(played.trace, PAGES / f"{name}.svg").with_suffix(".gv").unlink()
    (PAGES / "isolated-leader.md").write_text(page(plays), encoding="utf-8")


if __name__ == "__main__":
    main()
