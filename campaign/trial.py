"""One simulated run, judged: the world, the step checker and the model together.

One rule: whatever goes wrong in a run is a `Violated` value. An assertion of the broker that fails, or an exception it
lets out, is a failed run like any other: it is kept, shrunk and saved.

An invariant says more than that the run left the model, so a run that does both is told by its invariant.
"""

import gc
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from campaign.coverage import Coverage, Roles, covered
from campaign.gaps import waits_past_a_gap
from campaign.hearing import Hearing
from campaign.lockstep import REFINES, Lockstep
from campaign.mutants import Mutant, raised_by_planted
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.names import controller_nodes, node_name
from impl.core.quorum.controller import QuorumController
from impl.host.broker import BrokerHost
from impl.host.upkeep import UpkeepConfig
from impl.sim.choices import Choices, Key
from impl.sim.compacting import Compacted
from impl.sim.drivers import Recorded
from impl.sim.ledger import Outcome
from impl.sim.observer import Held
from impl.sim.producer import Producer
from impl.sim.recording import MODEL, header
from impl.sim.scenario import Scenario
from impl.sim.world import World
from impl.storage.errors import StorageError
from invariants.answers.invariant import ANSWER_IDS
from invariants.step import Checker
from invariants.step.compaction import Compactions, is_tombstone
from invariants.step.deletion_due import Deletions
from invariants.step.ghost import Partition
from invariants.step.quorum import QuorumChecker
from invariants.step.recovery import ID as RECOVERY
from invariants.verdict import Violated
from traces.following import Divergence
from traces.recorder import Recorder
from traces.schema import Op
from traces.trace import Trace

NO_EXCEPTION = "no_exception"
"""What a run breaks that ends in an exception of the broker. Not in the catalogue: it says nothing about Kafka."""

LOST_TRACK = frozenset({"OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID", "INVALID_PRODUCER_EPOCH"})
"""What a producer is told that has to begin anew."""

HEALS = "heals"
"""Liveness: within `Scenario.settle_ms_max` after the last fault every partition has a leader and its whole in-sync
set, every send has returned, and all that was acknowledged can be read; and whatever can do without one node that stays
away after that goes on, as long again (`impl.sim.absence`). Not asked where an unclean election has given up what stood
for compacted records and a leader has nothing left to send (`campaign.gaps`): no Kafka heals of that before the next
record. Not in the catalogue: no one fact breaks it."""

HEARD_FOR = frozenset({"", *ANSWER_IDS})
"""What may be sought where answers are judged."""


class Trial(NamedTuple):
    """What came of one run."""

    violated: Violated | None
    at: int
    """Milliseconds since the choices began to rule, when it was violated or ended."""
    events: int
    """Handled by brokers and the controller, the start of the cluster included."""
    simulated_ms: int
    facts: int
    """Facts judged."""
    healthy: bool
    """Nothing was broken, and after the faults the cluster healed and everything was read back."""
    coverage: Coverage
    """Without a walk where the model did not follow."""
    divergence: Divergence | None = None
    """Where the run left the model, or did what the model does not speak of."""


def may_repeat(key: str) -> bool:
    """Keys of the simulated producers that are not idempotent (`impl.sim.producer`)."""
    return key.startswith("p")


class Judges:
    """Everybody who watches one run, as one observer: the invariants first, then the model."""

    def __init__(
        self,
        lockstep: Lockstep | None,
        deletions: Deletions | None = None,
        compacted: Compacted | None = None,
        *,
        seeking: str = "",
    ) -> None:
        """`seeking`: as in `run`. What answers break is looked for where nothing else is sought."""
        tombstone = is_tombstone if compacted else None
        # No simulated node is started with unclean elections allowed, and no simulated operator asks for one: who
        # allows them sets a configuration, and that is a fact.
        self.checker = Checker(
            may_repeat, one_clock=True, deletions=deletions, tombstone=tombstone, may_be_unclean=False
        )
        self.compactions = compacted and Compactions(self.checker.partitions, **compacted._asdict())
        if self.compactions and deletions:
            deletions.gone = self.compactions.gone
        self.listener: Hearing | None = None
        if seeking in HEARD_FOR:
            self.listener = Hearing(self.checker, compacted=compacted is not None, at_once=seeking != "")
        self.quorum_checker = QuorumChecker(node_name, one_clock=True)
        self.roles = Roles(self.checker)
        self.lockstep = lockstep
        self.diverged_at: int | None = None
        self.misled: set[tuple[str, int]] = set()
        """Which producers began anew when, as one may that asks a deposed leader: no request to produce says an epoch,
        and what it has sent since that leader knows nothing of."""

    def facts(self, node: str, at: int, facts: Any) -> None:
        if self.compactions is not None:
            facts = self.compactions.restored(node, facts)
        self.checker.facts(node, at, facts)
        if self.listener is not None:
            self.listener.facts(node, facts)
        lockstep = self.lockstep
        if lockstep is not None and not lockstep.left():
            if self.compactions is not None and self.compactions.given_up:
                lockstep.loosen()
            lockstep.facts(node, at, facts)
            if lockstep.left():
                self.diverged_at = at

    def quorum(self, node: str, at: int, facts: Any) -> None:
        self.quorum_checker.facts(node, facts)
        lockstep = self.lockstep
        if lockstep is not None and not lockstep.left():
            lockstep.quorum(node, facts)
            if lockstep.left():
                self.diverged_at = at

    def fault(self, kind: str, targets: tuple[str, ...], detail: str) -> None:
        self.roles.fault(kind, targets, detail)
        self.checker.fault(kind, targets)
        if self.compactions is not None:
            self.compactions.fault(kind, targets)
        if self.lockstep is not None:
            self.lockstep.fault(kind)

    def op(self, op: Op) -> None:
        if op.error in LOST_TRACK and op.phase == "unknown" and self._is_led_by_two(op.partition):
            self.misled.add((op.client, op.at))
        self.checker.op(op)
        if self.compactions is not None:
            self.compactions.op(op)

    def wrote(self, crc: int, key: str, names: Sequence[str], at: int) -> None:
        if self.compactions is not None:
            self.compactions.wrote(crc, key, names, at)
        if self.listener is not None:
            self.listener.wrote(crc, at)

    def held(
        self, node: str, at: int, partition: str, begin: int, to: int, records: Sequence[Held], *, cleaned: bool
    ) -> None:
        if self.compactions is not None:
            self.compactions.held(node, at, partition, begin, to, records, cleaned=cleaned)

    def _is_led_by_two(self, name: str) -> bool:
        """Somebody leads this partition who was deposed, and has not heard."""
        partition = self.checker.partitions.get(name)
        return partition is not None and any(
            replica.leading and replica.leader_epoch < partition.leader_epoch for replica in partition.replicas.values()
        )


def unless_given_up(outcome: Outcome, partitions: Mapping[str, Partition]) -> Outcome:
    """What is to be said of partitions that had no unclean election while these were allowed."""
    gave_up = {name for name, partition in partitions.items() if partition.gave_up}
    if not gave_up:
        return outcome
    return replace(
        outcome,
        lost=tuple(each for each in outcome.lost if each.partition(" ")[0] not in gave_up),
        disordered=tuple(each for each in outcome.disordered if each.partition(" ")[0] not in gave_up),
        given_up=0,
    )


def nothing_lost(outcome: Outcome, *, misled: int = 0) -> None:
    """Of a cluster that loses nothing, whatever fails, because every write is synced or the power stays on. `misled`:
    how many times a producer may have begun anew because a deposed leader said so.

    The step checker excuses what is lost after an unclean election, and takes an election of the last known leader
    (KIP-966) for one. Here that leader has everything. Raises Violated.
    """
    if outcome.lost:
        partition, _, value = outcome.lost[0].partition(" ")
        others = f", as are {len(outcome.lost) - 1} more" if outcome.lost[1:] else ""
        raise Violated("no_committed_loss", f"{value} of {partition} is acknowledged and not there in the end{others}")
    if outcome.disordered:
        raise Violated("per_key_order", f"read in the end: {outcome.disordered[0]}")
    given_up = outcome.given_up - misled
    if given_up > 0 and not outcome.deleted:
        times = f"{given_up} times" if given_up > 1 else "once"
        told = f"a producer was told {times} that what it sent before is not known, and had to begin anew"
        raise Violated("per_key_order", f"{told}; nothing that it sent was lost")


def run(
    scenario: Scenario,
    choices: Choices,
    mutant: Mutant | None = None,
    *,
    until: int | None = None,
    recorder: Recorder | None = None,
    seeking: str = "",
) -> Trial:
    """Run it and judge every step. With `until` (milliseconds, within the horizon) the run is left there.

    `seeking` names what the run is expected to break: only for REFINES the model follows then, and the run ends where
    it diverges, as it does at the first wrong answer where that is sought. Unless told the model follows to the end,
    except a mutant that is not of the model at all.
    """
    lockstep = _followed_by(scenario, mutant, seeking)
    judges = Judges(lockstep, Deletions(**scenario.retention._asdict()), scenario.compacted, seeking=seeking)
    if judges.listener is not None and scenario.upkeep is not None and scenario.retention.by_size:
        upkeep = scenario.upkeep
        judges.listener.watch_sizes(max(upkeep.retention_check_interval_ms, upkeep.initial_task_delay_ms))
    if judges.listener is not None and scenario.administers:
        interval = (scenario.upkeep or UpkeepConfig()).flush_check_interval_ms
        judges.listener.watch_flushes(interval, scenario.settings.tick_ms)
    world = _world(scenario, choices, judges, recorder, mutant)
    violated: Violated | None = None
    origin = 0
    ended: int | None = None
    healthy = False
    try:
        world.start()
        origin = world.now
        world.advance(scenario.horizon_ms if until is None else min(until, scenario.horizon_ms))
        if until is None:
            outcome = world.finish()
            healthy = outcome.healthy
            judges.checker.finish(world.auditor.name if healthy and not scenario.beyond else "")
            if healthy and judges.listener is not None:
                judges.listener.finish(world.nodes, world.now)
            if not healthy and not scenario.beyond and not _may_wait(judges, world):
                raise Violated(HEALS, world.ails())
            if scenario.log.flush_messages == 1 and not scenario.beyond:
                outcome = unless_given_up(outcome, judges.checker.partitions)
                nothing_lost(outcome, misled=len(judges.misled))
        if lockstep is not None:
            ended = judges.diverged_at
            lockstep.finish()
    except Violated as found:
        violated = found
    except StorageError as refused:
        violated = Violated(RECOVERY, f"a disk that has kept all its promises is refused: {refused}")
    except Exception as error:
        # A broken run must not end the campaign: what broke it is reported with the choices that repeat it. Planted
        # code that fails by itself shows nothing.
        if not raised_by_planted(error):
            violated = Violated(NO_EXCEPTION, f"{type(error).__name__}: {error}")
    heard = judges.listener
    if heard is not None and heard.violated is not None and (violated is None or violated.invariant == NO_EXCEPTION):
        # What facts, clients or the model tell says more than an answer; an exception says less.
        violated, ended = heard.violated, heard.at
    if ended is None or violated is None:
        ended = world.now
    trial = Trial(
        violated,
        max(0, ended - origin),
        world.steps,
        world.now,
        judges.checker.judged,
        healthy and violated is None,
        covered(None if lockstep is None else lockstep.follower, judges.roles),
        None if lockstep is None else lockstep.diverged,
    )
    world.close()
    # Brokers that have died refer to themselves: what they held is in the cache still, and costs little to take away.
    gc.collect(0)
    return trial


def _may_wait(judges: Judges, world: World) -> bool:
    """A follower waits for what its leader no longer has (`campaign.gaps`)."""
    return judges.compactions is not None and judges.compactions.given_up and waits_past_a_gap(world)


def _followed_by(scenario: Scenario, mutant: Mutant | None, seeking: str) -> Lockstep | None:
    """The models that a run is followed by; None where it is none of theirs."""
    if seeking not in ("", REFINES) or (mutant is not None and not mutant.modelled) or scenario.beyond:
        return None
    voters = tuple(int(node) for node in controller_nodes(scenario.controllers))
    return Lockstep(MODEL, synced=scenario.log.flush_messages == 1, voters=voters, stop=seeking == REFINES)


def _world(
    scenario: Scenario, choices: Choices, judges: Judges, recorder: Recorder | None, mutant: Mutant | None
) -> World:
    """The world of a run, with the bug planted, if any."""
    return World(
        scenario,
        choices,
        observer=judges,
        recorder=recorder,
        make_broker=Broker if mutant is None else mutant.broker,
        make_controller=Controller if mutant is None else mutant.controller,
        make_quorum=QuorumController if mutant is None else mutant.quorum,
        make_host=BrokerHost if mutant is None else mutant.host,
        make_producer=Producer if mutant is None else mutant.producer,
    )


def record(
    scenario: Scenario,
    choices: Mapping[Key, int],
    mutant: Mutant | None = None,
    seed: int | None = None,
    *,
    seeking: str = "",
) -> tuple[Trial, Trace]:
    """Run recorded choices and keep the trace, with the verdict in it."""
    driver = Recorded(choices)
    name = None if mutant is None else mutant.id
    recorder = Recorder(header(scenario, {}))
    trial = run(scenario, driver, mutant, recorder=recorder, seeking=seeking)
    recorder.header = header(scenario, driver.made, seed=seed, mutant=name)
    if trial.violated is not None:
        last = recorder.lines[-1].n if recorder.lines else None
        recorder.verdict(trial.violated.invariant, trial.violated.sentence, last)
    return trial, recorder.trace()
