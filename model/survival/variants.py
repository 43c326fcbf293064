"""Designs that lose what was committed: what Kafka once did, and single guards left out. Each replaces some actions.

One rule: a variant differs from the model in what it names and in nothing else, so that what breaks is its fault. Each
has a saved trace and failing conjuncts to show for itself.
"""

from model.design import Variant
from model.survival import flawed_brokers, flawed_decisions

VARIANTS = (
    Variant(
        id="unclean-keeps-isr",
        sentence="A broker that lost power keeps its place in the in-sync set (before KIP-966).",
        replaces={"member_loses_power": flawed_brokers.member_keeps_isr},
    ),
    Variant(
        id="unclean-keeps-elr",
        sentence="A broker that lost power stays an eligible leader replica.",
        replaces={"member_loses_power": flawed_brokers.member_keeps_elr},
    ),
    Variant(
        id="last-replica-standing",
        sentence="The last member of the in-sync set keeps its place though it lost power (before KIP-966).",
        replaces={"leader_loses_power": flawed_brokers.last_replica_stands},
    ),
    Variant(
        id="stale-metadata",
        sentence="A broker that lost power leads and serves by metadata older than its registration.",
        replaces={"become_leader": flawed_decisions.lead_behind},
    ),
    Variant(
        id="leads-before-registration",
        sentence="A leader that lost power leads its epoch on, with what its disk kept.",
        replaces={"leader_loses_power": flawed_brokers.leads_before_registration},
    ),
    Variant(
        id="reassign-within-epoch",
        sentence="A replica is removed, deletes its log and is added again within one leader epoch.",
        replaces={"reassign": flawed_brokers.reassign_within_epoch},
    ),
    Variant(
        id="unclean-election-keeps-isr",
        sentence="An unclean election leaves the old members in the in-sync set.",
        replaces={"elect_unclean": flawed_decisions.elect_unclean_keeping_isr},
    ),
    Variant(
        id="unclean-passes-for-clean",
        sentence="A replica that is neither in sync nor eligible is elected as if it were.",
        replaces={"elect_unclean": flawed_decisions.elect_anybody},
    ),
    Variant(
        id="no-broker-epoch",
        sentence="The controller does not compare broker epochs (before KIP-903).",
        replaces={"alter_partition": flawed_decisions.alter_without_registrations},
    ),
    Variant(
        id="wildcard-registration",
        sentence="A follower that fetched before it had registered is admitted under any registration.",
        replaces={"alter_partition": flawed_decisions.alter_with_wildcard},
    ),
    Variant(
        id="any-sender",
        sentence="The controller accepts a proposal that the leader sent before it restarted.",
        replaces={"alter_partition": flawed_decisions.alter_for_any_sender},
    ),
    Variant(
        id="elr-kept",
        sentence="Eligible leader replicas stay eligible though enough replicas are in sync without them.",
        replaces={"alter_partition": flawed_decisions.alter_keeping_elr},
    ),
    Variant(
        id="refused-for-now",
        sentence="A leader rolls back a proposal that may still be accepted later.",
        replaces={"refuse_partition": flawed_decisions.refuse_for_now},
    ),
    Variant(
        id="untagged-proposal",
        sentence="A leader proposes a follower under another registration than the one that showed its position.",
        replaces={"expand_isr": flawed_decisions.expand_untagged},
    ),
    Variant(
        id="untagged-position",
        sentence="A position that was shown before the follower lost power still counts after it has registered anew.",
        replaces={"acknowledge": flawed_decisions.acknowledge_highest},
    ),
    Variant(
        id="below-minimum",
        sentence="A leader commits with fewer in sync than the controller's min.insync.replicas.",
        replaces={"advance_high_watermark": flawed_decisions.advance_below_minimum},
    ),
    Variant(
        id="resume-by-old-version",
        sentence="A restarted leader leads on by a version of the partition that is older than its registration.",
        replaces={"resume": flawed_decisions.resume_by_old_version},
    ),
)
