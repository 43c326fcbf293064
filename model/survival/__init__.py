"""Replication through power loss: one partition whose brokers crash, lose what they had not flushed, and come back.

One rule: this is `replication` with KIP-903 (broker epochs), KIP-966 (eligible leader replicas, min.insync.replicas)
and unclean election, at the same grain; what is the same there is the same function here.
"""

from model.design import Model
from model.replication.follower import receive_fetch
from model.replication.leader import answer_fetch, answer_probe, append
from model.survival import brokers, controller, follower, leader, state, synchronous
from model.survival.safety import SAFETY
from model.survival.variants import VARIANTS

SURVIVAL = Model(
    name="survival",
    state=state.State,
    initial=state.created,
    actions=(
        controller.elect,
        controller.elect_none,
        controller.elect_eligible,
        controller.elect_unclean,
        controller.fail_over,
        controller.reassign,
        controller.take_offline,
        controller.fence,
        controller.alter_partition,
        controller.refuse_partition,
        brokers.lose_power,
        brokers.member_loses_power,
        brokers.leader_loses_power,
        brokers.restart,
        brokers.flush,
        leader.become_leader,
        leader.resume,
        leader.learn_isr,
        append,
        leader.acknowledge,
        leader.advance_high_watermark,
        leader.expand_isr,
        leader.shrink_isr,
        leader.roll_back,
        answer_probe,
        answer_fetch,
        follower.become_follower,
        follower.truncate,
        follower.reconcile,
        follower.send_fetch,
        receive_fetch,
    ),
    macros=(synchronous.fetch, synchronous.reconcile_with),
    safety=SAFETY,
    variants=VARIANTS,
)
