"""How the controller changes configurations (ConfigurationControlManager), and what follows from a change.

One rule: all changes of one resource are made, or none; and what is made is valid.

A broker's configuration is that of every broker under the empty name, else of the one whose id it is. What the
controller itself goes by (`CLUSTER_WIDE`) can be set for all brokers only.
"""

from collections import Counter

from impl.core import topic_configs
from impl.core.admin_messages import AlterConfig, ConfigChange, ConfigOutcome
from impl.core.decisions import Decisions
from impl.core.elections import Elections
from impl.core.image import CLUSTER_DEFAULT
from impl.core.metadata import BROKER_RESOURCE, TOPIC_RESOURCE, ConfigRecord
from impl.core.topic_configs import BROKER_ONLY, KEYS, Key, parts_of
from impl.core.topic_creation import Refusal
from impl.core.types import NO_ERROR, NO_LEADER, ErrorCode

SET, DELETE, APPEND, SUBTRACT = range(4)
BROKER_KEYS: dict[str, Key] = {
    key.broker_name: key for key in (*KEYS.values(), *BROKER_ONLY.values()) if key.broker_name
}
"""What can be changed for running brokers, by its name there."""
CLUSTER_WIDE = frozenset({"min.insync.replicas", "unclean.leader.election.enable"})


class ConfigChanges:
    def __init__(self, decisions: Decisions, elections: Elections) -> None:
        self._decisions = decisions
        self._elections = elections
        self._image = decisions.image

    def alter(
        self, resources: tuple[AlterConfig, ...], *, replace: bool, validate_only: bool
    ) -> tuple[ConfigOutcome, ...]:
        """Decide on each resource of a request, in its order. `replace`: what is not named goes."""
        times = Counter((each.resource, each.name) for each in resources)
        outcomes = []
        for each in resources:
            if times[each.resource, each.name] > 1:
                planned: dict[str, str | None] | Refusal = Refusal(
                    ErrorCode.INVALID_REQUEST, "Each resource must appear at most once."
                )
            else:
                planned = self._plan(each, replace=replace)
            if isinstance(planned, Refusal):
                outcomes.append(ConfigOutcome(each.resource, each.name, planned.error, planned.message))
                continue
            if not validate_only:
                self._make(each, planned)
            outcomes.append(ConfigOutcome(each.resource, each.name, NO_ERROR, None))
        return tuple(outcomes)

    # ------------------------------------------------------------ what shall be
    def _plan(self, wanted: AlterConfig, *, replace: bool) -> dict[str, str | None] | Refusal:
        """New values by name, None for a default; or why nothing is changed."""
        unknown = self._unknown(wanted)
        if unknown is not None:
            return unknown
        names = [change.name for change in wanted.changes]
        if len(set(names)) != len(names):
            return Refusal(ErrorCode.INVALID_REQUEST, "Error due to duplicate config keys")
        now = self._now(wanted)
        planned: dict[str, str | None] = dict.fromkeys(sorted(now)) if replace else {}
        for change in wanted.changes:
            made = self._changed(wanted, change, now)
            if isinstance(made, Refusal):
                return made
            planned[change.name] = made
        return planned

    def _unknown(self, wanted: AlterConfig) -> Refusal | None:
        if wanted.resource == TOPIC_RESOURCE:
            if wanted.name in self._image.topics:
                return None
            return Refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{wanted.name}' does not exist.")
        if wanted.resource != BROKER_RESOURCE:
            return Refusal(ErrorCode.INVALID_REQUEST, f"Unsupported resource type {wanted.resource}.")
        if wanted.name == CLUSTER_DEFAULT:
            return None
        if not wanted.name.isascii() or not wanted.name.isdigit():
            return Refusal(ErrorCode.INVALID_REQUEST, "Unable to parse broker name as a base 10 number.")
        if wanted.name not in map(str, self._image.brokers):
            return Refusal(ErrorCode.BROKER_ID_NOT_REGISTERED, f"No broker with id {wanted.name} found.")
        return None

    def _now(self, wanted: AlterConfig) -> dict[str, str]:
        if wanted.resource == TOPIC_RESOURCE:
            return self._image.topics[wanted.name].configs
        return self._image.broker_configs.get(wanted.name, {})

    def _changed(self, wanted: AlterConfig, change: ConfigChange, now: dict[str, str]) -> str | Refusal | None:
        """The value that one change leaves; None: the default."""
        name, value = change.name, change.value
        key = (KEYS if wanted.resource == TOPIC_RESOURCE else BROKER_KEYS).get(name)
        if key is None:
            kind = "topic" if wanted.resource == TOPIC_RESOURCE else "dynamic broker"
            return Refusal(ErrorCode.INVALID_CONFIG, f"Unknown {kind} config name: {name}")
        if wanted.resource == BROKER_RESOURCE and wanted.name != CLUSTER_DEFAULT and name in CLUSTER_WIDE:
            return Refusal(ErrorCode.INVALID_CONFIG, f"{name} can be set for all brokers only, not for one.")
        if change.operation == DELETE:
            return None
        if change.operation not in (SET, APPEND, SUBTRACT):
            return Refusal(ErrorCode.INVALID_REQUEST, f"Unknown config operation {change.operation} for {name}.")
        if value is None:
            return Refusal(ErrorCode.INVALID_REQUEST, f"Null value not supported for : {name}")
        if change.operation != SET:
            if key.kind != topic_configs.LIST:
                verb = "APPEND" if change.operation == APPEND else "SUBTRACT"
                message = f"Can't {verb} to key {name} because its type is not LIST."
                return Refusal(ErrorCode.INVALID_CONFIG, message)
            value = _edited(now.get(name, key.default), value, add=change.operation == APPEND)
        wrong = topic_configs.invalid(key, name, value)
        return value if wrong is None else Refusal(ErrorCode.INVALID_CONFIG, wrong)

    # ------------------------------------------------------------ what follows
    def _make(self, wanted: AlterConfig, planned: dict[str, str | None]) -> None:
        now = self._now(wanted)
        changed = [name for name, value in planned.items() if now.get(name) != value]
        for name in changed:
            self._decisions.decide(ConfigRecord(wanted.resource, wanted.name, name, planned[name]))
        if CLUSTER_WIDE.isdisjoint(changed):
            return
        for partition in list(self._image.partitions()):
            if wanted.resource == BROKER_RESOURCE or partition.name.topic == wanted.name:
                self._decisions.reconsider_if_needed(partition)
                if partition.leader == NO_LEADER:
                    self._elections.find_leader(partition)


def _edited(now: str, value: str, *, add: bool) -> str:
    """A list with members added or taken out."""
    members, given = parts_of(now), parts_of(value)
    if add:
        return ",".join([*members, *(part for part in given if part not in members)])
    return ",".join(member for member in members if member not in given)
