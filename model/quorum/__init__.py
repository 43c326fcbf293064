"""The controller quorum: KRaft's pull-based Raft (KIP-595), with fetches in flight and what a restart may lose.

One rule: nothing is counted that is not on a disk. `QUORUM` is the base, for fixed voters; `PRE_VOTE` is the base
with pre-votes (KIP-996), `VOTER_CHANGES` with voters added and removed one at a time (KIP-853). Left out: snapshots,
liveness, and what docs/explanation-quorum.md lists.
"""

from model.design import Model
from model.quorum import elections, follower, leader, state, synchronous
from model.quorum.safety import SAFETY
from model.quorum.variants import VARIANTS

ACTIONS = (
    elections.stand,
    elections.grant_vote,
    elections.observe,
    elections.win,
    leader.append,
    leader.acknowledge,
    leader.advance_high_watermark,
    leader.answer_fetch,
    leader.answer_diverging,
    follower.flush,
    follower.send_fetch,
    follower.receive_fetch,
    follower.truncate,
    follower.restart,
)
MACROS = (synchronous.campaign, synchronous.fetch, synchronous.fetch_diverging)

QUORUM = Model(
    name="quorum",
    state=state.FixedVoters,
    initial=state.formatted,
    actions=ACTIONS,
    macros=MACROS,
    safety=SAFETY,
    variants=VARIANTS,
)
