"""What administrators ask of the controller, each handed to the part that decides it.

One rule: a request is decided in one step, and what it changes is durable together.
"""

from typing import ClassVar

from impl.core.admin_messages import (
    AdminReply,
    AlterConfigs,
    AlteredConfigs,
    AlteredReassignments,
    AlterReassignments,
    CreatedPartitions,
    CreatePartitions,
    DeletedTopics,
    DeleteTopics,
    ElectedLeaders,
    ElectLeaders,
    ReplaceConfigs,
    ReplacedConfigs,
)
from impl.core.config_changes import ConfigChanges
from impl.core.decisions import Decisions
from impl.core.elections import Elections
from impl.core.messages import Request
from impl.core.partition_creation import create_partitions
from impl.core.reassignments import Reassignments
from impl.core.topic_deletion import delete_topics
from impl.core.types import ErrorCode


class Administration:
    """`reassignments` is also for who commits in-sync sets: they may end a reassignment."""

    reassignments_class: ClassVar[type[Reassignments]] = Reassignments
    configs_class: ClassVar[type[ConfigChanges]] = ConfigChanges

    def __init__(self, decisions: Decisions, elections: Elections) -> None:
        self._decisions = decisions
        self._elections = elections
        self._configs = self.configs_class(decisions, elections)
        self.reassignments = self.reassignments_class(decisions)

    def decide(self, request: Request) -> AdminReply | None:
        """The answer, once everything is decided; None: this is nobody's to ask of a controller."""
        match request:
            case DeleteTopics():
                return DeletedTopics(delete_topics(request.topics, self._decisions))
            case CreatePartitions():
                created = create_partitions(request.topics, self._decisions, validate_only=request.validate_only)
                return CreatedPartitions(created)
            case AlterReassignments():
                return self._reassign(request)
            case ElectLeaders():
                return self._elect(request)
            case AlterConfigs():
                return AlteredConfigs(
                    self._configs.alter(request.resources, replace=False, validate_only=request.validate_only)
                )
            case ReplaceConfigs():
                return ReplacedConfigs(
                    self._configs.alter(request.resources, replace=True, validate_only=request.validate_only)
                )
        return None

    def _reassign(self, request: AlterReassignments) -> AlteredReassignments:
        factor_may_change = request.factor_may_change
        return AlteredReassignments(
            tuple([self.reassignments.alter(each, factor_may_change=factor_may_change) for each in request.partitions])
        )

    def _elect(self, request: ElectLeaders) -> ElectedLeaders:
        """Of all partitions, those that need no election are not told of."""
        names = request.partitions
        if names is None:
            names = tuple(partition.name for partition in self._decisions.image.partitions())
        outcomes = [self._elections.on_request(name, uncleanly=request.unclean) for name in names]
        if request.partitions is None:
            outcomes = [each for each in outcomes if each.error is not ErrorCode.ELECTION_NOT_NEEDED]
        return ElectedLeaders(tuple(outcomes))
