"""Held-out bugs of the controllers: what the active one decides, and how the quorum comes to have one."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "unfenced-before-it-knows",
        "A broker that was fenced is counted on again by its next heartbeat, before it has read that it was fenced.",
        "impl.core.sessions",
        "        self._take_out(node)\n        self._sessions[node].must_know = decisions.image.offset\n",
        "        self._take_out(node)\n",
    ),
    Edit(
        "waits-for-the-in-sync",
        "A broker that comes back is looked at for a leaderless partition only where it is in the in-sync set.",
        "impl.core.sessions",
        "if partition.leader == NO_LEADER and node in partition.replicas:",
        "if partition.leader == NO_LEADER and node in partition.isr:",
    ),
    Edit(
        "last-leader-overwritten",
        "A second change of a partition that nobody leads takes nobody for its last leader.",
        "impl.core.decisions",
        "    return partition.last_known_elr if partition.leader == NO_LEADER else (partition.leader,)",
        "    return (partition.leader,)",
    ),
    Edit(
        "registers-over-the-living",
        "Whether the process before still counts is asked of the wrong flag: of its stopping, not of its being fenced.",
        "impl.core.sessions",
        "        if known is not None and not known.fenced:\n",
        "        if known is not None and known.in_controlled_shutdown:\n",
    ),
    Edit(
        "ineligible-and-left",
        "A proposal with somebody who may not join is refused, and the leader is left to count it for ever.",
        "impl.core.controller",
        "            self._decisions.elect(partition, partition.leader)\n        return AlteredIsr(",
        "        return AlteredIsr(",
    ),
    Edit(
        "vote-outlives-its-epoch",
        "A voter that learns of a later epoch keeps the vote it gave in the one before.",
        "impl.core.quorum.replica",
        "        self.voted = self.leader = NO_LEADER\n",
        "        self.leader = NO_LEADER\n",
    ),
    Edit(
        "held-answers-survive",
        "A controller that is deposed keeps the answers it held back, and gives them when its log is committed as far.",
        "impl.core.quorum.controller",
        "            if type(effect) is SendReply\n        )\n        self._held.clear()\n",
        "            if type(effect) is SendReply\n        )\n",
    ),
)
