"""The stories of the replication variants: what was believed, why it broke, and what holds instead.

One rule: a story beside each variant, in the order of the variants; the gallery (`docs/gallery`) is made of these and
of the saved traces.
"""

from model.story import Story

STORIES = (
    Story(
        model="replication",
        variant="kip-101",
        title="Truncating to the high watermark",
        known_as="KIP-101, KAFKA-1211; Kafka before 0.11",
        believed=(
            "What lies above a replica's own high watermark has not been committed. So a replica that starts to follow "
            "a new leader may cut its log there, and fetch the rest again."
        ),
        happens=(
            "A follower hears of a higher watermark only with its next fetch: its own lags the leader's by one round. "
            "In between, a record can be committed that the follower has and believes uncommitted. A new epoch makes "
            "it cut that record off. It is still in the in-sync set, so it may be elected before it has fetched the "
            "record again; then the record is gone."
        ),
        fix=(
            "Record batches carry the epoch of the leader that wrote them (KIP-101). A new follower asks the leader "
            "where the epoch of its own last record ends, and cuts only what that leader does not have. High "
            "watermarks decide what consumers see, and never what is cut."
        ),
        search=(2, 1, 2, 2),
    ),
    Story(
        model="replication",
        variant="kip-279",
        title="One question is not enough",
        known_as="KIP-279, KAFKA-6361; Kafka before 2.0",
        believed=(
            "A follower that asks the leader where the epoch of its last record ends knows from one answer where the "
            "two logs part."
        ),
        happens=(
            "After two quick elections a follower can hold a record of an epoch that the new leader has never seen. "
            "The leader can only answer with the end of what it knows before it. If its log has another record in that "
            "place, the lengths agree and the records do not: the follower keeps a record that nobody else has, below "
            "what it goes on to fetch."
        ),
        fix=(
            "The leader answers with the latest epoch that it does have, up to the one asked for, together with that "
            "epoch's end. Where this is another epoch than the follower's last, the follower truncates and asks again, "
            "until the two agree (KIP-279; today each diverging fetch answer is one such round, KIP-595)."
        ),
        search=(2, 2, 3, 3),
    ),
    Story(
        model="replication",
        variant="kip-320",
        title="Asking a leader that has not heard",
        known_as="KIP-320, and the note on it in Kip320.tla; Kafka before 2.1",
        believed=(
            "Whoever is to lead the partition can tell a new follower where the two logs part, whichever epoch it "
            "believes to be in."
        ),
        happens=(
            "The chosen leader may still be in an older epoch, which it led too, and its log may yet change. Here it "
            "gives a follower the truncation point of that old log. The follower cuts off a record that it has already "
            "acknowledged in the epoch in between. Then the chosen leader fetches this very record in that epoch, and "
            "it is committed on the word of both."
        ),
        fix=(
            "The question carries the epoch in which it is asked. A leader that is not in this very epoch refuses "
            "(FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH), and the follower tries again when both have heard (KIP-320)."
        ),
        search=(3, 1, 3, 3),
    ),
    Story(
        model="replication",
        variant="fetch-unfenced",
        title="The zombie follower",
        known_as="KIP-320, KAFKA-6880; Kafka before 2.1",
        believed=(
            "A fetch at offset n shows that the follower has everything below n, and that is all a leader has to know "
            "of it."
        ),
        happens=(
            "The offset is right and the log is another. A replica that has missed an election fetches at the end of "
            "a log of an older epoch. The leader counts the position as if it were one in its own log, and commits a "
            "record that this replica does not have."
        ),
        fix=(
            "Fetches carry the leader epoch that the follower knows (KIP-320). A leader answers and counts only those "
            "of its own epoch, from followers that have confirmed their log with it in that epoch."
        ),
        search=(2, 1, 2, 3),
    ),
    Story(
        model="replication",
        variant="commit-before-isr",
        title="Committed by the leader alone",
        known_as="no bug of Kafka's: the rule that all others protect, left out",
        believed="A record is safe once the leader has it.",
        happens=(
            "The leader raises its high watermark over a record that no other member of the in-sync set has. Any of "
            "them may be the next leader, without it."
        ),
        fix=(
            "The high watermark is the least position of all members of the in-sync set that the leader counts, itself "
            "included. A producer that asks for `acks=all` is answered when it has passed its record."
        ),
        search=(2, 1, 2, 2),
    ),
    Story(
        model="replication",
        variant="expand-below-epoch-start",
        title="In sync with a leader that does not know yet",
        known_as="KAFKA-7128; Kafka before 2.0.1",
        believed=(
            "A follower that has reached the leader's high watermark has all that was committed, and may join the "
            "in-sync set."
        ),
        happens=(
            "A new leader's high watermark lags: it has learnt it as a follower, one fetch late. A replica without the "
            "committed tail reaches this old watermark, is admitted, and may be elected next."
        ),
        fix=(
            "The follower must also have reached the offset at which the leader's epoch began. Everything committed "
            "before the epoch lies below it (KAFKA-7128)."
        ),
        search=(3, 1, 2, 3),
    ),
    Story(
        model="replication",
        variant="expand-unchecked",
        title="Admitted without a look at its log",
        known_as="no bug of Kafka's: a single guard left out",
        believed="A follower that fetches at all will soon have everything.",
        happens=(
            "A follower joins the in-sync set before it has what was committed. It may be elected the next moment; "
            "soon is too late."
        ),
        fix=(
            "A follower is admitted when a fetch in the leader's own epoch has shown that it has reached both the high "
            "watermark and the start of the epoch."
        ),
        search=(2, 1, 2, 3),
    ),
    Story(
        model="replication",
        variant="expand-uncounted",
        title="Not counted while the answer is on its way",
        known_as="KIP-497, KAFKA-8836: the state it introduced, left out",
        believed="The in-sync set changes for the leader when the answer to its proposal arrives.",
        happens=(
            "The controller commits the larger set, and the answer is delayed. Until it comes, the leader counts the "
            "old set and commits a record without the new member, who is already eligible."
        ),
        fix=(
            "From the moment it proposes, a leader counts the maximal set: the one it knows and whom it has asked to "
            "add (KIP-497). A proposal to remove somebody counts only once it is committed."
        ),
        search=(2, 1, 2, 3),
    ),
    Story(
        model="replication",
        variant="alter-without-comparing",
        title="An old proposal overwrites a newer set",
        known_as="KIP-497: the comparison of partition epochs (before it, of ZooKeeper's versions), left out",
        believed="The leader of the newest epoch may say what the in-sync set is.",
        happens=(
            "Within one epoch the set changes several times. A proposal made for an earlier version arrives late, or "
            "once more, and puts a member back that has been removed since. The leader has learnt of the removal only, "
            "and commits without this member."
        ),
        fix=(
            "Every version of the partition has a number. A proposal names the version it was made for, and the "
            "controller refuses it (INVALID_UPDATE_VERSION) when there is a newer one."
        ),
        search=(2, 1, 2, 4),
    ),
    Story(
        model="replication",
        variant="restart-forgetful",
        title="Coming back with an older view",
        known_as="no bug of Kafka's as far as is known: what fencing a broker until it has caught up (KIP-631) is for",
        believed="A replica that comes back may start from whatever metadata it finds; it will catch up.",
        happens=(
            "A leader stops and comes back with the metadata of an earlier moment. It takes the leadership of the "
            "epoch it led before, with an older version of the in-sync set: it no longer counts a member that it had "
            "itself asked to add, and commits without it."
        ),
        fix=(
            "A replica does not act in an epoch that it has already left, and never resumes one that it led. A "
            "restarted broker stays fenced until it has caught up with the metadata of its own registration (KIP-631), "
            "and leads again only under a new leader epoch."
        ),
        search=(2, 1, 2, 3),
    ),
)
