"""Planted bugs of what operators ask for beside leaders and replicas: configurations, and what follows from them.

One rule: each is found only in runs in which an operator is at his desk (`impl.sim.administrator`).
"""

from collections.abc import Callable, Iterator

from campaign.mutants.registry import mutant
from impl.core.admin_messages import AlterConfig, ConfigOutcome
from impl.core.config_changes import ConfigChanges
from impl.core.elections import Elections
from impl.host.upkeep import Upkeep
from impl.storage.log import Log
from impl.storage.log_directory import LogDirectory


@mutant("replaced-and-added-to", "told_as_set", "obeyed")
class AddsToWhatItReplaces(ConfigChanges):
    """A configuration that is given as a whole keeps what the new one does not name.

    What the two requests of KIP-133 and KIP-339 differ in. Whoever writes a configuration down and applies it, as tools
    for deployments do, takes out a line and finds it in force for ever.
    """

    def alter(
        self, resources: tuple[AlterConfig, ...], *, replace: bool, validate_only: bool
    ) -> tuple[ConfigOutcome, ...]:
        del replace
        return super().alter(resources, replace=False, validate_only=validate_only)


@mutant("either-allows", "last_resort")
class AllowsWhatAnybodyAllows(Elections):
    """Unclean elections are allowed where the topic allows them or the cluster does.

    unclean.leader.election.enable of a topic counts before the cluster's (KIP-106 kept that order): a topic that must
    lose nothing forbids them in a cluster which prefers to be available. Here its "false" is no word.
    """

    def unclean_allowed(self, topic: str) -> bool:
        name = "unclean.leader.election.enable"
        of_cluster = self.image.cluster_config(name) or "false"
        return of_cluster == "true" or super().unclean_allowed(topic)


@mutant("flushed-when-it-is-quiet", "flushed_in_time")
class WaitsUntilNothingComes(Upkeep):
    """The wait for flush.ms begins anew with every record, and ends when a log is left alone for so long.

    How an editor saves a file. The log that is written to without a pause, and has most to lose, is never synced.
    """

    _ends: dict[Log, int]

    def _flush(self, now: int) -> Iterator[tuple[LogDirectory, Callable[[], None]]]:
        before = getattr(self, "_ends", {})
        self._ends = {log: log.end_offset for log in self._directories.logs.values()}
        for log, end in self._ends.items():
            if before.get(log) != end:
                self._unsynced_since.pop(log, None)
        yield from super()._flush(now)
