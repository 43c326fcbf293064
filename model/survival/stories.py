"""The stories of the survival variants: what was believed, why it loses data, and what holds instead.

One rule: a story beside each variant, in the order of the variants; the gallery (`docs/gallery`) is made of these and
of the saved traces.
"""

from model.story import Story

GUARD = "no bug of Kafka's: a guard left out"

STORIES = (
    Story(
        model="survival",
        variant="unclean-keeps-isr",
        title="Back in sync with less",
        known_as="KIP-966, KAFKA-15332",
        believed="A broker that restarts comes back with its log, so its place in the in-sync set is still its own.",
        happens=(
            "Kafka does not flush each record. A power loss takes the tail of a log that the leader has already "
            "counted. The broker registers again, keeps its place, and may be elected without the committed record."
        ),
        fix=(
            "A broker tells at its registration whether it was shut down cleanly. If not, the controller removes it "
            "from every in-sync set, in one batch with the registration itself (KIP-966)."
        ),
    ),
    Story(
        model="survival",
        variant="unclean-keeps-elr",
        title="Eligible with less",
        known_as="KIP-966: a case found while it was written",
        believed="A replica that left the in-sync set while enough others stayed has all that was committed since.",
        happens=(
            "It had, until it lost power. It has left the in-sync set by its registration and is still among the "
            "eligible leader replicas, so a clean election may choose it."
        ),
        fix="An unclean registration removes the broker from the eligible leader replicas too.",
    ),
    Story(
        model="survival",
        variant="last-replica-standing",
        title="The last replica standing",
        known_as="KIP-966",
        believed="The in-sync set must never become empty, so its last member stays whatever happens to it.",
        happens=(
            "The last member is the only one that must have the records. It loses power, comes back with less, and is "
            "still the whole in-sync set: it is elected, and what it lost is gone though another replica may have it."
        ),
        fix=(
            "The in-sync set may become empty. Who left it while min.insync.replicas still held is remembered as an "
            "eligible leader replica, and is elected in its place (KIP-966)."
        ),
    ),
    Story(
        model="survival",
        variant="stale-metadata",
        title="Acting on what was true before",
        known_as="no bug of Kafka's: listeners open only after the broker's own registration was applied",
        believed="A broker that comes back may take the leadership it finds in the metadata it has.",
        happens=(
            "It had promised what it lost. It registers, and then takes the leadership of an epoch that is older than "
            "its registration. A replica that has not heard of anything newer follows it, and cuts off the committed "
            "record to fit."
        ),
        fix=(
            "A broker serves nobody until it has applied the metadata of its own registration, so that it acts in no "
            "epoch older than that."
        ),
    ),
    Story(
        model="survival",
        variant="leads-before-registration",
        title="Leading on with what the disk kept",
        known_as="what a leadership taken before the broker's registration would do; no such loss is known",
        believed="The metadata says that this broker leads, so it goes on writing where its log now ends.",
        happens=(
            "Its log has lost a tail that a follower has fetched. It writes another record at the same offset in the "
            "same epoch. From then on offset and epoch do not tell the two apart, and no truncation ever will."
        ),
        fix=(
            "A leader that lost power never leads the same epoch again: its registration takes the leadership away, "
            "and the next one is a new epoch."
        ),
    ),
    Story(
        model="survival",
        variant="reassign-within-epoch",
        title="Removed and added again",
        known_as=GUARD,
        believed="A replica that is taken out of a partition and put in again starts from nothing; that is all.",
        happens=(
            "The leader still holds the position that the replica showed before its log was deleted. Nothing has begun "
            "anew for the leader, so it proposes to add the replica on the strength of that position."
        ),
        fix=(
            "Taking a replica out begins a new leader epoch. Positions are counted within one epoch only, so none "
            "outlives the log it was shown by."
        ),
    ),
    Story(
        model="survival",
        variant="unclean-election-keeps-isr",
        title="An unclean election keeps the old set",
        known_as="KIP-704",
        believed="An unclean election changes the leader and nothing else.",
        happens=(
            "The old members stay in sync with a leader whose log is shorter than theirs. The next clean election may "
            "choose one of them, and what was committed in between counts no more than what was lost."
        ),
        fix="An unclean election leaves the elected replica alone in the in-sync set; others join again by fetching.",
    ),
    Story(
        model="survival",
        variant="unclean-passes-for-clean",
        title="An unclean election that nobody marks",
        known_as="why unclean.leader.election.enable is off, and what it costs where it is on",
        believed="Any replica will do as a leader when no other is left.",
        happens="A replica that was neither in sync nor eligible leads. It never had what was committed without it.",
        fix=(
            "Such an election is marked as unclean, and what was committed before it is given up: the theorem that "
            "then still holds speaks of what was committed since."
        ),
    ),
    Story(
        model="survival",
        variant="no-broker-epoch",
        title="The same broker, another log",
        known_as="KIP-903, KAFKA-14139",
        believed="Broker 2 has shown that it has everything, so broker 2 may join the in-sync set.",
        happens=(
            "Between its fetch and the controller's decision it lost power, registered anew and has less. The leader's "
            "proposal speaks of a broker that is no longer the same."
        ),
        fix=(
            "A fetch carries the broker's epoch, the number of its registration. The leader proposes a member under "
            "the epoch that showed the position, and the controller refuses any but the newest (KIP-903)."
        ),
    ),
    Story(
        model="survival",
        variant="wildcard-registration",
        title="The registration that compares with nothing",
        known_as="the broker epoch -1 of a broker that has not registered yet; found by reading, no loss is known",
        believed="A fetch from before the broker's registration needs no number: there is nothing to compare it with.",
        happens=(
            "The leader counts such a fetch and proposes the follower under this number. The proposal is delayed past "
            "a power loss and a new registration, and the controller lets it pass."
        ),
        fix="A position counts under the registration that showed it, and only the newest registration is accepted.",
    ),
    Story(
        model="survival",
        variant="any-sender",
        title="A proposal from before the restart",
        known_as=GUARD,
        believed="A proposal of the leader, for the newest version of the partition, is the leader's wish.",
        happens=(
            "The leader restarted after it had sent the proposal and no longer counts the member that it asked to add. "
            "It commits a record alone; then the proposal arrives, and the member is in sync without the record."
        ),
        fix="A proposal names the leader's own registration as well; one from before its restart is refused.",
    ),
    Story(
        model="survival",
        variant="elr-kept",
        title="Eligible for too long",
        known_as="KIP-966: a rule of it left out",
        believed="Who once had everything stays eligible.",
        happens=(
            "With enough replicas in sync the leader commits again, without those that are merely eligible. One of "
            "them may be elected all the same."
        ),
        fix=(
            "Eligible leader replicas are kept only while fewer than min.insync.replicas are in sync, that is, while "
            "nothing is committed. Once enough are, the others are eligible no more (KIP-966)."
        ),
    ),
    Story(
        model="survival",
        variant="refused-for-now",
        title="Refused, but not for good",
        known_as="found by simulation: two copies of one AlterPartition request in flight",
        believed="A leader whose proposal is refused may go back to the set it knew.",
        happens=(
            "The refusal was for a reason that passes. A second copy of the same request arrives later and is "
            "accepted; by then the leader counts without the member, and has committed a record."
        ),
        fix=(
            "A leader goes back only on a refusal that no copy of the request can survive. On any other it goes on "
            "counting the larger set until it learns a newer version of the partition."
        ),
    ),
    Story(
        model="survival",
        variant="untagged-proposal",
        title="Whose position was it?",
        known_as="KAFKA-15221",
        believed="A leader finds the follower's registration in the metadata, and names that in its proposal.",
        happens=(
            "The position was shown under an earlier registration, before a power loss. With the newest number beside "
            "an old position the controller's comparison passes."
        ),
        fix="The leader keeps with each position the registration that showed it, and names this one.",
    ),
    Story(
        model="survival",
        variant="untagged-position",
        title="A position outlives its log",
        known_as="KIP-903: a rule of it left out",
        believed="Within one leader epoch a follower's position only grows.",
        happens=(
            "The follower lost power and fetches again from the beginning, under its new registration. The leader "
            "keeps the higher, older position, and names it under the new registration."
        ),
        fix="A fetch under a newer registration starts the count anew, lower if it must be.",
    ),
    Story(
        model="survival",
        variant="below-minimum",
        title="Committed by too few",
        known_as="KIP-966: the high watermark used to move with any in-sync set",
        believed="min.insync.replicas is about what producers are told; the high watermark needs no minimum.",
        happens=(
            "The in-sync set has shrunk to one and the leader commits alone. The replica that left in time is an "
            "eligible leader, because nothing should have been committed without it."
        ),
        fix="The high watermark stands still while fewer than min.insync.replicas are in sync (KIP-966).",
    ),
    Story(
        model="survival",
        variant="resume-by-old-version",
        title="Leading on by an old version",
        known_as=GUARD,
        believed="A leader that restarts cleanly within its epoch may lead on with the in-sync set it remembers.",
        happens=(
            "A proposal that it had sent before was committed while it was away. It leads on without the new member, "
            "and commits a record that this member does not have."
        ),
        fix="It leads on only by a version of the partition that is as new as its own registration.",
    ),
)
