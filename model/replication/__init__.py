"""Replication of one partition: leader, followers, in-sync set, epochs, high watermark (KIP-101, 279, 320, 497).

One rule: this is what a correct log does, at the grain of the broker's facts. Messages are delayed, lost, repeated and
reordered; metadata is as stale as it likes; a deposed leader goes on until it learns better; processes stop and come
back with their logs. Left out: power loss, unclean election, retention, reassignment, liveness.
"""

from model.design import Model
from model.replication import controller, follower, leader, state, synchronous
from model.replication.safety import SAFETY
from model.replication.variants import VARIANTS

REPLICATION = Model(
    name="replication",
    state=state.State,
    initial=state.created,
    actions=(
        controller.elect,
        controller.elect_none,
        controller.fail_over,
        controller.fence,
        controller.alter_partition,
        leader.become_leader,
        leader.learn_isr,
        leader.append,
        leader.acknowledge,
        leader.advance_high_watermark,
        leader.expand_isr,
        leader.shrink_isr,
        leader.answer_probe,
        leader.answer_fetch,
        follower.become_follower,
        follower.truncate,
        follower.reconcile,
        follower.send_fetch,
        follower.receive_fetch,
        follower.restart,
    ),
    macros=(synchronous.fetch, synchronous.reconcile_with),
    safety=SAFETY,
    variants=VARIANTS,
)
