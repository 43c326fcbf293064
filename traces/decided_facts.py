"""The controllers' share of the fact vocabulary, and what all facts have in common.

One rule: as in `traces.facts`, whose every user imports from there: a fact of a controller says what a committed
decision leaves, not what it changed.
"""

import msgspec


class Value(msgspec.Struct, frozen=True, gc=False):
    """Base of every fact and of what stands in one."""


class Fact(Value, frozen=True, gc=False, kw_only=True, tag_field="fact"):
    partition: str


class Decision(Fact, frozen=True, gc=False, kw_only=True):
    """A decision that changes the partition, as its record has it: told once that is committed, by whoever leads the
    controllers then, and so perhaps twice. All it leaves is here, not only what it changed."""

    leader_epoch: int
    partition_epoch: int
    """Both as they are after the change."""
    isr: tuple[int, ...]
    elr: tuple[int, ...] = ()
    """The eligible leader replicas (KIP-966)."""
    enough: bool = True
    """`isr` has min.insync.replicas members."""


class CreatePartition(Fact, frozen=True, gc=False, kw_only=True, tag="create_partition"):
    """A partition exists, with its first leader, at leader epoch 0 and partition epoch 0."""

    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    leader: int
    enough: bool = True


class DeletePartition(Fact, frozen=True, gc=False, kw_only=True, tag="delete_partition"):
    """Its topic is deleted. What a replica still tells until its own `delete_replica` is about the partition as it was;
    a `create_partition` that follows is of another one under the same name."""


class Elect(Decision, frozen=True, gc=False, kw_only=True, tag="elect"):
    """A new leader out of the in-sync set; both sets stay. In older traces `leader` is -1 for `elect_none`."""

    leader: int


class ElectNone(Decision, frozen=True, gc=False, kw_only=True, tag="elect_none"):
    """An epoch without a leader begins; both sets stay as they are."""


class ElectEligible(Decision, frozen=True, gc=False, kw_only=True, tag="elect_eligible"):
    """A new leader out of the eligible leader replicas; it alone is in sync then."""

    leader: int


class ElectUnclean(Decision, frozen=True, gc=False, kw_only=True, tag="elect_unclean"):
    """A replica leads that is neither in sync nor eligible: what it lacks is given up. Nobody else is eligible then."""

    leader: int


class FailOver(Decision, frozen=True, gc=False, kw_only=True, tag="fail_over"):
    """A new leader out of the in-sync set, and `removed` leaves the set in the same change."""

    leader: int
    removed: int


class TakeOffline(Decision, frozen=True, gc=False, kw_only=True, tag="take_offline"):
    """The leader, `removed`, leaves the in-sync set and nobody takes over: an epoch without a leader begins."""

    removed: int


class Fence(Decision, frozen=True, gc=False, kw_only=True, tag="fence"):
    """A replica that does not lead leaves the in-sync set; the leader epoch stays (KAFKA-15021).

    `removed` is -1 where nobody leaves: min.insync.replicas has changed, and who is eligible is decided anew.
    """

    removed: int


class AddReplicas(Decision, frozen=True, gc=False, kw_only=True, tag="add_replicas"):
    """Replicas are put into the partition: a new version of it in which nobody's place changes. They may join.

    No action of the model, where all replicas there will ever be are known from the beginning: its partition epoch
    moves as with a `fence` of nobody.
    """

    added: tuple[int, ...]
    replicas: tuple[int, ...]


class Reassign(Decision, frozen=True, gc=False, kw_only=True, tag="reassign"):
    """`removed` is taken out of the partition and of both sets; a new leader epoch begins, perhaps under the same
    leader. `replicas` is who is left."""

    leader: int
    removed: int
    replicas: tuple[int, ...]


class AlterPartition(Decision, frozen=True, gc=False, kw_only=True, tag="alter_partition"):
    """The controller commits the leader's proposal: its compare-and-set held."""

    leader: int
    broker_epoch: int = -1
    """The leader's registration, which sent the proposal."""


class CountOnAbsent(Fact, frozen=True, gc=False, kw_only=True, tag="count_on_absent"):
    """A version of the partition has a new leader or a new member of its in-sync set whom the controllers do not count
    on by what they have written down: fenced, or about to stop. No step of a model, and of no sound controller."""

    partition_epoch: int
    node: int


class AllowUnclean(Fact, frozen=True, gc=False, kw_only=True, tag="allow_unclean"):
    """unclean.leader.election.enable is set, for the partition's topic or, `everywhere`, for every broker; the topic's
    own counts first. `value` is as it was given, empty where it is taken away. No step of a model.

    A controller that becomes active may tell of what was set before something that others have told: `offset` is where
    the metadata log says so.
    """

    everywhere: bool
    value: str
    offset: int


class RefusePartition(Fact, frozen=True, gc=False, kw_only=True, tag="refuse_partition"):
    """The controller refuses a leader's proposal, for good: `member` has registered since it showed its position.

    The epochs are those of the partition, which the refusal leaves as they are.
    """

    leader: int
    member: int
    leader_epoch: int
    partition_epoch: int


class Register(Fact, frozen=True, gc=False, kw_only=True, tag="register"):
    """The controller's half of `restart`: a broker that had stopped cleanly registers, and keeps its place.

    The broker's own half, the fact `restart`, is told before. One such fact for every partition it is a replica of; so
    too for `lose_power`.
    """

    replica: int
    broker_epoch: int


class LosePower(Fact, frozen=True, gc=False, kw_only=True, tag="lose_power"):
    """The controller's half: a broker that did not stop cleanly registers; it was neither in sync nor eligible."""

    replica: int
    broker_epoch: int


class MemberLosesPower(Decision, frozen=True, gc=False, kw_only=True, tag="member_loses_power"):
    """The controller's half: a member that did not stop cleanly registers, and leaves both sets (KIP-966)."""

    replica: int
    broker_epoch: int


class LeaderLosesPower(Decision, frozen=True, gc=False, kw_only=True, tag="leader_loses_power"):
    """The controller's half: a leader that did not stop cleanly registers; it leaves both sets, and an epoch without a
    leader begins."""

    replica: int
    broker_epoch: int
