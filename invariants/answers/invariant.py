"""The invariants of answers, and what each says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerInvariant:
    """One invariant of answers: as `StepInvariant`, judged by `invariants.answers.desk.Desk` where a simulated node
    hears a request or gives an answer, or by those beside it who hear the same."""

    id: str
    names: tuple[str, ...]
    statement: str
    argument: str
    breaks: str


ANSWERED_ONCE = AnswerInvariant(
    id="answered_once",
    names=("Kafka protocol",),
    statement=(
        "A request is answered at most once, on the connection on which it came, and by what answers its kind; a "
        "produce with acks=0 is not answered at all."
    ),
    argument=(
        "Whoever answers a request that waits marks it as done, and all who share it look at that first; a client "
        "tells answers apart by their correlation alone."
    ),
    breaks="refuses-the-answered",
)
ANSWERED_IN_TIME = AnswerInvariant(
    id="answered_in_time",
    names=("Kafka protocol",),
    statement=(
        "A request that says how long it may wait (fetch, produce, deletion of records, fetch of metadata), or that "
        "waits for nothing (offsets, ends of epochs, descriptions of topics), is answered no later than at the second "
        "tick which its node handles after that time; and no produce or deletion is given up before it. A "
        "deletion past its leader's high watermark waits for nothing."
    ),
    argument=(
        "Every parked request is in the list that is looked through when the earliest deadline of all has passed, and "
        "a node looks at each tick. Time is the node's own, and it has none while it stands still."
    ),
    breaks="waits-in-line",
)
RIGHT_ERROR = AnswerInvariant(
    id="right_error",
    names=("KIP-320", "KIP-392", "KIP-966", "KIP-98"),
    statement=(
        "Whatever is refused is refused for a reason that holds where and when the answer is given: "
        "FENCED_LEADER_EPOCH for an older epoch, UNKNOWN_LEADER_EPOCH for a newer one, NOT_LEADER_OR_FOLLOWER by who "
        "does not lead, OFFSET_OUT_OF_RANGE outside of the log, NOT_ENOUGH_REPLICAS below the minimum, "
        "OUT_OF_ORDER_SEQUENCE_NUMBER where the log has not what comes before, and so on; and what such a reason "
        "stands against is not answered without an error. Not asked where a fetch of several partitions has waited "
        "(one of them may answer for all before the step comes to the others), nor of what a slow disk held back."
    ),
    argument=(
        "Each answer is checked against role and epoch of the moment when it is given, parked ones again when they "
        "leave; min.insync.replicas is the one of the metadata that the broker has read."
    ),
    breaks="beyond-the-watermark-refused",
)
RIGHT_OFFSET = AnswerInvariant(
    id="right_offset",
    names=("KIP-79", "KIP-207", "KIP-734"),
    statement=(
        "A leader that is asked for offsets says where its log begins for the earliest, its high watermark for the "
        "latest, and for a time the first committed record that is at least as young, with its timestamp and epoch, or "
        "none; for the maximum timestamp the first that is as young as any. It says none of these but the earliest "
        "before its high watermark has come to where its epoch begins."
    ),
    argument=(
        "Start and watermark are read in the step that answers; a time is looked up in an index that is cut with its "
        "log, synced with it, and checked against it by recovery, and the log itself decides."
    ),
    breaks="latest-is-the-end",
)
KNOWS_FIRST = AnswerInvariant(
    id="knows_first",
    names=("KIP-631",),
    statement=(
        "A broker is counted on (unfenced) only by a heartbeat which says that it has read the metadata log past its "
        "registration, and past its last fencing."
    ),
    argument=(
        "The controller notes where its log ends when it registers or fences a broker, and compares the offset of each "
        "heartbeat with that (BrokerHeartbeatManager)."
    ),
    breaks="unfences-the-ignorant",
)
WATERMARK_DUE = AnswerInvariant(
    id="watermark_due",
    names=("KIP-497", "KIP-966"),
    statement=(
        "When a leader that may commit hears a fetch, its high watermark is no lower than the least of its own log's "
        "end and the positions that the others of its maximal in-sync set have shown it in this epoch: it was moved in "
        "the step that made it due."
    ),
    argument=(
        "Whatever that least depends on (a position, the log's end, the set, whether enough are in sync) changes in "
        "steps that look at the watermark before they end."
    ),
    breaks="moves-when-all-have-all",
)
OBEYED = AnswerInvariant(
    id="obeyed",
    names=("KIP-339", "KIP-455"),
    statement=(
        "What an operator asks of the active controller is answered while that lives, and not refused where it can be "
        "done (min.insync.replicas of a topic, the replicas of a partition); what he was told is done is what every "
        "broker that has read all there is of the metadata has in the end, replicas that were to go being gone, unless "
        "something else was asked for since."
    ),
    argument=(
        "The controller answers when its records are committed, every broker reads them, and whoever is active later "
        "has them too."
    ),
    breaks="configured-for-itself",
)
TOLD_AS_SET = AnswerInvariant(
    id="told_as_set",
    names=("KIP-133", "KIP-226", "KIP-339"),
    statement=(
        "What a broker tells of a configuration (DescribeConfigs) is what was set by the last order, of a whole "
        "resource or of some of its configurations, that was acknowledged and that the broker has read, or by a later "
        "one, which it may have read; where nothing is set for the topic it is what is set for every broker, and only "
        "where nothing is set there either it is anything else. Not asked of what a slow disk held back."
    ),
    argument=(
        "An order is planned against what there is, and its records are decided in one step; whoever answers reads one "
        "image, the topic's own before the cluster's."
    ),
    breaks="replaced-and-added-to",
)
ADDRESS_BOOK = AnswerInvariant(
    id="address_book",
    names=("KIP-631", "KIP-841"),
    statement=(
        "The brokers that a client is told of are those, once each, that the answering broker's own image counts as "
        "registered and not fenced, each at the address with which it registered; and every leader that it is told of "
        "is one of them. Not asked of what a slow disk held back."
    ),
    argument=(
        "Addresses and leaders are read off one image in one step, and a broker that is fenced is nobody's leader. A "
        "broker that is about to stop leads until it is let go, and is to be found until then."
    ),
    breaks="stopping-and-not-in-the-book",
)
RETAINED_BY_SIZE = AnswerInvariant(
    id="retained_by_size",
    names=("retention",),
    statement=(
        "What retention by size leaves of a log is at least retention.bytes, and less than that without its first "
        "segment, unless that is the one written to or is not all committed: looked at by every node as often as "
        "log.retention.check.interval.ms says. The first replica that begins at an offset is held to it; the others "
        "may follow."
    ),
    argument=(
        "Retention takes the oldest segment while what is left without it is enough, by the sizes of the moment, and "
        "moves the log's start in the same step."
    ),
    breaks="retention-by-a-former-size",
)
FLUSHED_IN_TIME = AnswerInvariant(
    id="flushed_in_time",
    names=("flush.ms",),
    statement=(
        "What a log holds while flush.ms is set for it is synced that long after, and twice as long again as the node "
        "may take to look (log.flush.scheduler.interval.ms), by the node's own clock and its own account of what is "
        "synced. Not asked while its disk is slow."
    ),
    argument=(
        "Upkeep remembers when it first saw that a log had something unsynced, until it syncs all of it; what is asked "
        "for is read anew with each look."
    ),
    breaks="flushed-when-it-is-quiet",
)
LET_GO = AnswerInvariant(
    id="let_go",
    names=("KIP-631",),
    statement=(
        "A broker that has asked for leave to stop, and was told to wait, gets it with the first heartbeat that the "
        "same controller hears after every broker it counts on has told that it has read where the leaderships went."
    ),
    argument=(
        "The controller notes where its log ends when it has moved the leaderships away, and compares the offset of "
        "each broker's last heartbeat with that; whoever is fenced or about to stop itself is not waited for."
    ),
    breaks="waits-for-the-newest",
)
ELECTION_DUE = AnswerInvariant(
    id="election_due",
    names=("KIP-966",),
    statement=(
        "When the active controller hears a heartbeat, no partition that it leaves without a leader has a member of "
        "its in-sync set whom the controller counts on; nor, where that set is empty, an eligible leader replica."
    ),
    argument=(
        "Whoever goes and leaves nobody, whoever is counted on again, and whatever changes the two sets, is followed "
        "by an election in the same step."
    ),
    breaks="asks-the-first-eligible",
)
ENOUGH_AS_SET = AnswerInvariant(
    id="enough_as_set",
    names=("KIP-966",),
    statement=(
        "When the active controller hears a heartbeat, it says of every partition that enough are in sync where they "
        "are, and nowhere else: min.insync.replicas as it is set for the topic, else for every broker, else as the "
        "controller was started with, or all the replicas where they are fewer."
    ),
    argument=(
        "Whatever changes a set counts it, and whoever changes the number, or becomes active with another, looks at "
        "every partition in the same step."
    ),
    breaks="raised-and-still-enough",
)
DELETED_EVERYWHERE = AnswerInvariant(
    id="deleted_everywhere",
    names=("KIP-107",),
    statement=(
        "When a cluster is whole again and nothing is written any more, the log of no replica that copies its leader's "
        "begins before that: what is deleted it has heard of with a fetch, though there was nothing else to hear."
    ),
    argument=(
        "A leader tells whoever fetches where its log begins, also in a session in which nothing else has changed, and "
        "whoever follows it deletes up to there, or up to its own high watermark."
    ),
    breaks="deletes-with-the-news",
)
ANSWER_INVARIANTS: tuple[AnswerInvariant, ...] = (
    ANSWERED_ONCE,
    ANSWERED_IN_TIME,
    RIGHT_ERROR,
    RIGHT_OFFSET,
    KNOWS_FIRST,
    WATERMARK_DUE,
    OBEYED,
    TOLD_AS_SET,
    ADDRESS_BOOK,
    RETAINED_BY_SIZE,
    FLUSHED_IN_TIME,
    LET_GO,
    ELECTION_DUE,
    ENOUGH_AS_SET,
    DELETED_EVERYWHERE,
)
ANSWER_IDS = frozenset(invariant.id for invariant in ANSWER_INVARIANTS)
