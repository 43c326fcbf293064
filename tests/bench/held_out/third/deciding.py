"""Third set, what the active controller decides, and what it makes of who is silent."""

from tests.bench.held_out.edit import Edit

BUGS = (
    Edit(
        "nobody-added-and-never-done",
        "A reassignment is looked at when a leader proposes a set, and not when it begins.",
        "impl.core.reassignments",
        "target + removing, adding, removing)\n        self.complete(partition)\n",
        "target + removing, adding, removing)\n",
        "stuck",
    ),
    Edit(
        "eligible-for-ever",
        "Who was eligible stays so when enough are in sync again.",
        "impl.core.decisions",
        "return () if enough else tuple(sorted({*partition.elr, *partition.isr} - {*isr}))",
        "return tuple(sorted({*partition.elr, *(() if enough else partition.isr)} - {*isr}))",
        "loss",
    ),
    Edit(
        "cluster-default-not-reconsidered",
        "Another min.insync.replicas of all brokers is asked of partitions with their next change, and not now.",
        "impl.core.config_changes",
        "            if wanted.resource == BROKER_RESOURCE or partition.name.topic == wanted.name:",
        "            if partition.name.topic == wanted.name:",
        "stuck",
    ),
    Edit(
        "offline-and-nobody-asked",
        "When the last in sync goes, nobody looks for an eligible leader that is there.",
        "impl.core.elections",
        "        decisions.take_offline(partition, node)\n        self.find_leader(partition)\n",
        "        decisions.take_offline(partition, node)\n",
        "stuck",
    ),
    Edit(
        "elects-who-is-stopping",
        "A broker that is about to stop may lead and be in sync like any other.",
        "impl.core.image",
        "return broker is not None and not broker.fenced and not broker.in_controlled_shutdown",
        "return broker is not None and not broker.fenced",
        "slow",
    ),
    Edit(
        "cluster-before-broker",
        "What is set for all brokers counts before what is set for one.",
        "impl.core.effective_configs",
        "(image.broker_configs.get(CLUSTER_DEFAULT, {}), image.broker_configs.get(str(node), {})):",
        "(image.broker_configs.get(str(node), {}), image.broker_configs.get(CLUSTER_DEFAULT, {})):",
        "wrong answer",
    ),
)
