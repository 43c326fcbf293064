"""Second set, the controller's decisions: elections, in-sync sets, reassignments, configurations, stopping brokers."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "last-leader-before-the-eligible",
        "Where nobody is in sync the last leader is elected, also while an eligible replica may come back.",
        "impl.core.elections",
        "        if partition.isr or partition.elr:\n            return NO_LEADER\n",
        "        if partition.isr:\n            return NO_LEADER\n",
        "loss",
    ),
    Edit(
        "enough-of-the-former-replicas",
        "Whether enough are in sync is asked of the replicas there were before the change.",
        "impl.core.decisions",
        """fields["enough"] = self.enough(partition, isr, replicas)""",
        """fields["enough"] = self.enough(partition, isr, partition.replicas)""",
        "stuck",
    ),
    Edit(
        "elects-who-lost-its-disk",
        "A leader whose log directory failed may be elected again at once, by the election that its loss calls for.",
        "impl.core.elections",
        "self.find_leader(partition, excluded=node)",
        "self.find_leader(partition)",
        "stuck",
    ),
    Edit(
        "cluster-before-topic",
        "Whether a leader may be elected uncleanly is said by the cluster's configuration before the topic's own.",
        "impl.core.elections",
        "own = self.image.topics[topic].configs.get(name) or self.image.cluster_config(name)",
        "own = self.image.cluster_config(name) or self.image.topics[topic].configs.get(name)",
        "loss",
    ),
    Edit(
        "replaced-and-kept",
        "A configuration that is replaced keeps what the new one does not name.",
        "impl.core.config_changes",
        "dict.fromkeys(sorted(now)) if replace else {}",
        "{}",
        "wrong answer",
    ),
    Edit(
        "successor-out-of-sync",
        "At the end of a reassignment the first replica that stays takes over from a leader that goes, in sync or not.",
        "impl.core.reassignments",
        "if node in partition.isr and node not in partition.removing:",
        "if node not in partition.removing:",
        "loss",
    ),
    Edit(
        "added-before-and-not-waited-for",
        "A reassignment that is changed on its way does not wait for those whom it was adding already.",
        "impl.core.reassignments",
        "adding = tuple(node for node in target if node not in former)",
        "adding = tuple(node for node in target if node not in partition.replicas)",
        "loss",
    ),
    Edit(
        "dead-and-in-sync-from-the-beginning",
        "The in-sync set of a new partition has all its replicas, also those whose brokers are fenced.",
        "impl.core.topic_creation",
        "isr=tuple(sorted(alive)),",
        "isr=tuple(sorted(replicas)),",
        "stuck",
    ),
    Edit(
        "waits-for-the-dead-to-know",
        "A broker may stop when all that are registered know who leads instead, also those that are fenced.",
        "impl.core.sessions",
        "knows = [session.knows for node, session in self._sessions.items() if image.is_active(node)]",
        "knows = [session.knows for node, session in self._sessions.items() if node in image.brokers]",
        "slow",
    ),
    Edit(
        "new-controller-never-looks",
        "A controller that becomes active gives every broker a session, and looks at none until a broker is unfenced.",
        "impl.core.sessions",
        """            self._sessions[node] = Session(now, image.offset)
        self.due = Millis(now + self._settings.broker_session_timeout_ms)
""",
        """            self._sessions[node] = Session(now, image.offset)
""",
        "stuck",
    ),
)
